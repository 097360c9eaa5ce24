"""Preview pictures: what a link to a page shows elsewhere, made from its own first figure."""

import hashlib
import re
import textwrap
from html import escape, unescape
from pathlib import Path

from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from utils.plotting import PALETTE
from utils.site import fonts
from utils.site.node import LineService, packages
from utils.site.pages import plain

FAMILY = "Source Sans 3 Variable"
INK, MUTED, BLUE = (PALETTE[name][0] for name in ("ink", "muted", "blue"))
LIVE = re.compile(
    # A drawing clips with an <svg> inside the <svg>.
    r'<svg class="ce-wide" viewBox="(?P<box>[^"]*)"[^>]*>'
    r"(?P<inside>(?:<svg\b.*?</svg>|(?!</?svg\b).)*)</svg>",
    re.DOTALL,
)
service = LineService(Path(__file__).with_name("cards.mjs"))


def setup(app):
    # After the pictures and explorers are in the page, before its head is written.
    app.connect("html-page-context", make, priority=850)
    app.connect("build-finished", lambda app, exception: service.close())


def make(app, pagename, templatename, context, doctree):
    if doctree is None:
        return
    title = unescape(plain(context["title"]))
    svg = card(title, app.config.html_title, figure(app, context.get("body", "")))
    name = f"card-{hashlib.sha256(svg.encode()).hexdigest()[:12]}.png"
    target = Path(app.outdir, "_images", name)
    if not target.is_file():
        target.parent.mkdir(exist_ok=True)
        service.ask({"svg": svg, "fonts": [card_font(app)], "target": str(target)})
    base = app.config.site_addresses.base
    relative = "../" * pagename.count("/")
    context["page_card"] = f"{base or relative}_images/{name}"


def figure(app, body):
    """The page's first drawing as an <svg> that fits the card's right half, or the book's mark."""
    place = 'x="560" y="65" width="590" height="500" preserveAspectRatio="xMidYMid meet"'
    first = re.search(r'_images/([^"/]+\.svg)" [^>]*light-twin', body)
    live = LIVE.search(body)
    if live and not (first and first.start() < live.start()):
        inside = re.sub(r"var\(--ce-(\w+)\)", lambda v: colour(v[1]), live["inside"])
        style = f'font-family="{FAMILY}" font-size="13" fill="none"'
        return f'<svg {place} viewBox="{live["box"]}" {style}>{inside}</svg>'
    if first:
        source = next(path for path, name in app.builder.images.items() if name == first[1])
        drawing = Path(app.srcdir, source).read_text("utf-8")
        tag, _, inside = drawing[drawing.index("<svg") :].partition(">")
        tag = re.sub(r' (width|height)="[^"]*"', "", tag).replace("<svg", f"<svg {place}")
        return f"{tag}>{inside}"
    return (
        f'<svg {place} viewBox="0 0 24 24"><path d="M5 4v15h15M8 5c.8 8 3.5 11 12 11.5" '
        f'fill="none" stroke="{BLUE}" stroke-width="1.2" stroke-linecap="round"/></svg>'
    )


def colour(name):
    return PALETTE[name][0] if name in PALETTE else "#ffffff"


def card(title, book, drawing):
    """The whole card: title and book on the left, the figure on the right."""
    lines = textwrap.wrap(title, 17)
    size = 62 if len(lines) <= 4 else 50 if len(lines) <= 6 else 40
    if len(lines) > 4:
        lines = textwrap.wrap(title, round(17 * 62 / size))
    top = 120 + size
    text = "".join(
        f'<text x="70" y="{top + i * size * 1.15:g}" font-size="{size}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'viewBox="0 0 1200 630" width="1200" height="630">'
        f'<rect width="1200" height="630" fill="#ffffff"/>'
        f'<rect width="14" height="630" fill="{BLUE}"/>'
        f'<g font-family="{FAMILY}" font-weight="700" fill="{INK}">{text}</g>'
        f'<text x="70" y="560" font-family="{FAMILY}" font-size="30" fill="{MUTED}">'
        f"{escape('' if title == book else book)}</text>{drawing}</svg>"
    )


def card_font(app):
    """The plain face as a TTF, which is all that the renderer reads."""
    target = Path(app.doctreedir, "card-font.ttf")
    if not target.is_file():
        file, _ = fonts.FACES[fonts.PLAIN_FONT]
        font = TTFont(packages() / file)
        instancer.instantiateVariableFont(font, {"wght": 650}, inplace=True)
        font.flavor = None
        font.save(target)
    return str(target)
