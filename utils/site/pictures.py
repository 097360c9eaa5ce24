"""Pictures in both themes, of known size, fetched when they come near the window.

A figure is drawn once, in the light colours of `utils.plotting.PALETTE` on a transparent ground.
Its dark twin is the same SVG with these colours exchanged. The page holds both; the style sheet
shows one, and a browser fetches no hidden picture that is to be loaded lazily.
"""

import re
from html import escape
from pathlib import Path, PurePosixPath

from sphinx.util import logging

from utils.plotting import PALETTE

logger = logging.getLogger(__name__)
IMAGE = re.compile(r'<img\b[^>]*\bsrc="(?P<src>[^"]*_images/(?P<name>[^"/]+))"[^>]*/?>')
LIGHT = re.compile("|".join(light for light, _ in PALETTE.values()), re.IGNORECASE)
DARK = {light.lower(): dark for light, dark in PALETTE.values()}


def setup(app):
    app.connect("html-page-context", place, priority=600)


def place(app, pagename, templatename, context, doctree):
    if "_images/" not in context.get("body", ""):
        return
    sources = {name: Path(app.srcdir, path) for path, name in app.builder.images.items()}

    def placed(match):
        source = sources.get(match["name"])
        if source is None:
            return match[0]
        if not attribute(match[0], "alt") or "_images/" in attribute(match[0], "alt"):
            logger.warning(
                "A figure has no alternative text (mystnb: image: alt).", location=pagename
            )
        return picture(app, match, source)

    context["body"] = IMAGE.sub(placed, context["body"])


def picture(app, match, source):
    """The picture's tag with its size; for an SVG in the book's colours also its dark twin's."""
    if source.suffix != ".svg":
        return tag(match, match["src"], raster_size(source))
    drawing = source.read_text("utf-8")
    size = drawing_size(drawing)
    dark = dark_twin(drawing)
    if dark == drawing:
        return tag(match, match["src"], size)
    name = PurePosixPath(match["name"])
    twin = f"{name.stem}-dark.svg"
    folder = Path(app.outdir, "_images")
    folder.mkdir(exist_ok=True)
    (folder / twin).write_text(dark, "utf-8")
    dark_src = match["src"].removesuffix(match["name"]) + twin
    return tag(match, match["src"], size, "light-twin") + tag(match, dark_src, size, "dark-twin")


def tag(match, src, size, twin=""):
    classes = " ".join(filter(None, [attribute(match[0], "class"), twin]))
    alt = attribute(match[0], "alt")
    given = f' class="{escape(classes)}"' if classes else ""
    width, height = size
    return (
        f'<img src="{src}" alt="{alt}"{given} '
        f'width="{width}" height="{height}" loading="lazy" decoding="async">'
    )


def attribute(markup, name):
    found = re.search(rf'\b{name}="([^"]*)"', markup)
    return found[1] if found else ""


def dark_twin(drawing):
    return LIGHT.sub(lambda colour: DARK[colour[0].lower()], drawing)


def drawing_size(drawing):
    """Width and height in CSS pixels; Matplotlib writes points, 72 to the inch of 96 pixels."""
    found = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', drawing)
    return tuple(round(float(length) * 96 / 72) for length in found.groups())


def raster_size(source):
    from PIL import Image

    with Image.open(source) as image:
        return image.size
