"""Explorers on the website: first picture drawn at build time, scripts beside the pages.

`<ce-explorer module="bce" state="{…}">` comes out of a cell empty. One Node process draws what
stands in it for the whole build, so the figure is there before any script is, without JavaScript
and in print, and nothing jumps when it comes alive. Only pages that have explorers link their
script; it fetches a figure's own module when the figure comes near the window. Their style is in
the one style sheet: a second one would be a second round trip before anything is painted.
"""

import json
import re
from functools import cache
from html import escape, unescape
from pathlib import Path

from sphinx.errors import ExtensionError

from utils.explorers import joining
from utils.grading.questions import with_texts
from utils.site.mathematics import FormulaError, render_text
from utils.site.node import LineService
from utils.site.scripts import minified
from utils.site.scripts import service as terser

ELEMENT = re.compile(
    r'<ce-explorer module="(?P<module>[^"]*)" state="(?P<state>[^"]*)">\s*</ce-explorer>'
)
FOLDER = "explorers"
SCRIPT = f"{FOLDER}/element.js"
service = LineService(Path(joining.__file__).with_name("render.mjs"))


def setup(app):
    app.connect("html-page-context", fill, priority=700)
    app.connect("build-finished", write)
    for node in (service, terser):
        app.connect("build-finished", lambda app, exception, node=node: node.close())


def fill(app, pagename, templatename, context, doctree):
    if "<ce-explorer" in context.get("body", ""):
        context["body"] = ELEMENT.sub(filled, context["body"])
        context.setdefault("page_scripts", []).append(SCRIPT)


def filled(match):
    module, state = match["module"], unescape(match["state"])
    if module == "question":
        state = typeset(state)
    markup = still(module, state)
    return f'<ce-explorer module="{module}" state="{escape(state)}">{markup}</ce-explorer>'


def typeset(state):
    """A question's state with its texts as HTML: no formula is typeset in the browser."""
    state = json.loads(state)
    try:
        state["question"] = with_texts(state["question"], render_text)
    except FormulaError as error:
        raise ExtensionError(f"In the question {state['question']['id']}: {error}") from None
    return json.dumps(state, ensure_ascii=False)


@cache
def still(module, state):
    """What stands in the element before its script has come."""
    return service.ask({"module": module, "state": json.loads(state)})


def write(app, exception):
    if exception or app.builder.format != "html":
        return
    folder = Path(app.outdir, "_static", FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    for path in joining.HERE.glob("*.mjs"):
        if path.stem == "element" or "export default" in path.read_text("utf-8"):
            script = minified(joining.classic_script(path.stem))
            (folder / f"{path.stem}.js").write_text(script, "utf-8")
