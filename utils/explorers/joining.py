"""Joins the ES modules of this folder into what a page or a widget can load, by text alone.

Every import and export statement in them stands on one line, and names at the top level are unique
among the files that are joined, so that taking these lines out and putting the files one after the
other is all there is to do.
"""

import functools
import re
from pathlib import Path

HERE = Path(__file__).parent
CORE = HERE / "core.mjs"
# Every figure, by its file's name.
MODULES = tuple(
    sorted(
        path.stem
        for path in HERE.glob("*.mjs")
        if "export default explorer(" in path.read_text(encoding="utf-8")
    )
)
IMPORT = re.compile(r'^import \{(?P<names>[^}]*)\} from "(?P<file>[^"]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:const|let|function|class)\b)", re.MULTILINE)
EXPORTED = re.compile(r"^export (?:const|let|function|class) (\w+)", re.MULTILINE)
DEFAULT = re.compile(r"^export default ", re.MULTILINE)


def _path(module):
    """A module by its name, or by its path if it lies elsewhere (the questions')."""
    return Path(module) if str(module).endswith(".mjs") else HERE / f"{module}.mjs"


def _data(path, source):
    """The modules that `source` imports besides the core, as plain constants."""
    files = [path.parent / m["file"] for m in IMPORT.finditer(source)]
    return "".join(EXPORT.sub("", f.read_text("utf-8")) for f in files if f.name != "core.mjs")


def widget_module(module):
    """Core and explorer as the one ES module that anywidget wants."""
    path = _path(module)
    source = path.read_text("utf-8")
    core = EXPORT.sub("", CORE.read_text("utf-8"))
    return core + _data(path, source) + IMPORT.sub("", source)


def classic_script(module):
    """A script that runs from file:// too: `element` brings the core and `<ce-explorer>`, each
    other module registers itself as `ceExplorers.modules[name]` and needs `element` before it.

    The site writes `classic_script(name)` to `_static/explorers/<name>.js` for `element` and each
    of `MODULES`, and puts `element.js` (deferred) on the pages that have explorers; the element
    loads the others from beside itself when they come near the window.
    """
    path = _path(module)
    source = path.read_text("utf-8")
    if path.stem == "element":
        core = CORE.read_text("utf-8")
        names = ", ".join(EXPORTED.findall(core))
        body = EXPORT.sub("", core + IMPORT.sub("", source)) + f"registry.core = {{ {names} }};\n"
    else:
        names = [m["names"] for m in IMPORT.finditer(source) if m["file"].endswith("core.mjs")]
        bound = f"const {{{', '.join(n.strip() for n in names)}}} = ceExplorers.core;\n"
        body = bound + _data(path, source) + EXPORT.sub("", IMPORT.sub("", source))
        body = DEFAULT.sub(f'ceExplorers.define("{path.stem}", ', body)
        body = re.sub(r"(ceExplorers\.define\(.*);\n", r"\1);\n", body)
    return f'(() => {{\n"use strict";\n{body}}})();\n'


@functools.cache
def style():
    """The explorers' style sheet."""
    return (HERE / "explorers.css").read_text(encoding="utf-8")
