"""The files that pages load: one style sheet, two scripts, the fonts cut to the book's letters."""

import hashlib
from functools import cache
from itertools import chain
from pathlib import Path

from utils.site import fonts
from utils.site.node import ROOT, packages

HERE = Path(__file__).parent
# What Jupyter Book's extensions leave beside our files, linked by no page.
STOCK = ("exercise.css", "proof.css", "mystnb.*.css", "pygments.css")
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
    mathematics = ["KaTeX_Main-Regular.woff2", "KaTeX_Math-Italic.woff2"]
    return [fonts.TEXT_FONT, *(mathematics if 'class="katex"' in body else [])]


def write(app, exception):
    if exception or app.builder.format != "html":
        return
    out = Path(app.outdir, "_static")
    katex = packages() / "katex" / "dist"
    texts = chain(Path(app.outdir).rglob("*.html"), out.rglob("*.js"))
    faces = fonts.write(out / "fonts", (path.read_text("utf-8") for path in texts))
    style = (SOURCES / "style.css").read_text("utf-8")
    style += fonts.mathematics_style(katex / "katex.min.css", faces, version())
    style = style.replace("@version@", version())
    (out / "style.css").write_text(style, "utf-8")
    for name in STOCK:
        for path in out.glob(name):
            path.unlink()
