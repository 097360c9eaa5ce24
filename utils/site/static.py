"""The files that pages load: one style sheet, two scripts, the fonts cut to the book's letters."""

import hashlib
import re
from functools import cache
from itertools import chain
from pathlib import Path

from utils.explorers import joining
from utils.site import fonts
from utils.site.node import ROOT, packages

HERE = Path(__file__).parent
# What Jupyter Book's extensions leave beside our files, linked by no page.
STOCK = ("exercise.css", "proof.css", "mystnb.*.css", "pygments.css")
CLASSES = re.compile(r'class="([^"]*)"')
# Characters. Where a formula's own face comes late, its line grows and moves what follows.
FIRST_SCREEN = 2500
SOURCES = HERE / "theme" / "static"


def setup(app):
    # As a value that shapes HTML it makes Sphinx write all pages anew when it changes.
    app.add_config_value("site_version", version(), "html")
    app.connect("build-finished", write)


@cache
def version():
    """Changes with anything that shapes the pages, so that no browser keeps an old style sheet."""
    digest = hashlib.sha256()
    shaping = [HERE.rglob("*.*"), (ROOT / "utils" / "explorers").glob("*.*")]
    for path in sorted([*chain(*shaping), ROOT / "package.json"]):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()[:8]


def preloads(body):
    """The fonts of a page's first screen; the rest arrive when they are met."""
    seen = first_screen(body)
    letters = fonts.letters_by_face([seen])
    mathematics = [f for f in sorted(letters) if f.startswith("KaTeX_") and "Size" not in f]
    # Sums and brackets within a line; larger ones stand in displayed equations and move nothing.
    if re.search("small-op|delimsizing size1", seen):
        mathematics.append("KaTeX_Size1-Regular")
    italic = ["text-italic.woff2"] if "<em>" in seen else []
    return [fonts.TEXT_FONT, fonts.PLAIN_FONT, *italic, *(f"{face}.woff2" for face in mathematics)]


def first_screen(body):
    """The page's beginning, as much as a large window shows at once."""
    shown = 0
    for text in re.finditer(r">([^<]+)", body):
        shown += len(text[1].strip())
        if shown > FIRST_SCREEN:
            return body[: text.end()]
    return body


def write(app, exception):
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir, "_static")
    pages = [path.read_text("utf-8") for path in Path(app.outdir).rglob("*.html")]
    scripts = [path.read_text("utf-8") for path in out.rglob("*.js")]
    faces = fonts.write(out / "fonts", [*pages, *scripts])
    katex = (packages() / "katex" / "dist" / "katex.min.css").read_text("utf-8")
    style = "".join(
        [
            (SOURCES / "style.css").read_text("utf-8").replace("@version@", version()),
            joining.style(),
            used_rules(fonts.mathematics_style(katex, faces, version()), pages),
        ]
    )
    (out / "style.css").write_text(smaller(style), "utf-8")
    for name in STOCK:
        for path in out.glob(name):
            path.unlink()


def used_rules(sheet, pages):
    """KaTeX's rules, a flat list, without those for classes that no page has."""
    # (in a question's state, too, where a quotation mark follows a stroke)
    found = (names for page in pages for names in CLASSES.findall(page.replace(r"\"", '"')))
    used = {name for names in found for name in names.split()}

    def needed(selector):
        # `:not(.x)` holds where no page has x: \bar would lose the rule that centres it.
        return set(re.findall(r"\.([\w-]+)", re.sub(r":not\([^)]*\)", "", selector)))

    def kept(rule):
        wanted = [a for a in rule[1].split(",") if needed(a) <= used]
        return f"{','.join(wanted)}{{{rule[2]}}}" if wanted else ""

    return re.sub(r"([^{}]+)\{([^{}]*)\}", kept, sheet)


def smaller(style):
    """Without comments and without the space that only people need."""
    style = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    style = re.sub(r"\s+", " ", style)
    return re.sub(r" ?([{};]) ?", r"\1", style).replace(";}", "}")
