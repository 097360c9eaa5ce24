"""Fewer bytes for the same page: what no reader sees or hears is taken out of its HTML.

The whole of a page's HTML has to arrive before its style sheet is even asked for on a slow line,
so every kilobyte here delays the first paint. Nothing is minified that could alter a text.
"""

import re
from html import unescape

from utils.site.static import SOURCES

LISTING = re.compile(r"<pre>.*?</pre>", re.DOTALL)
TOKEN = re.compile(r'<span class="([\w-]+)">([^<]*)</span>')
WORDS = re.compile(r'<code class="docutils literal notranslate">(.*?)</code>', re.DOTALL)
STATE = re.compile(r'(<ce-explorer module="[^"]*" state=)"([^"]*)"')
NUMBER = r"-?\d+(?:\.\d+)?"
CURVE = re.compile(rf'( d="M)({NUMBER}) ({NUMBER})((?:L{NUMBER} {NUMBER}){{8,}})"')
POINT = re.compile(rf"L({NUMBER}) ({NUMBER})")
# A curve's points that lie this near (in pixels) to the line between its other points go.
NEAR = 0.12


def setup(app):
    # When all that is in the page has its final form, and cards have been made of the figures.
    app.connect("html-page-context", lighten, priority=950)


def lighten(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = lighter(context["body"])


def lighter(body):
    body = LISTING.sub(lambda listing: TOKEN.sub(coloured, listing[0]), body)
    body = WORDS.sub(unwrapped, body)
    body = STATE.sub(readable, body)
    return CURVE.sub(straightened, body)


COLOURED = set(re.findall(r"\.highlight \.(\w+)", (SOURCES / "style.css").read_text("utf-8")))


def coloured(token):
    """A listing's word keeps its element only if the style sheet gives it a colour."""
    return token[0] if token[1] in COLOURED else token[2]


def unwrapped(code):
    """A word of code is no element, unless it must not break: `--only` has no good place for it.

    Nor has a short phrase, such as `F.one_hot(y, 5).float()`.
    """
    words = re.sub(r'<span class="pre">([^<]*)</span>', r"\1", code[1])
    if " " in words and len(unescape(words)) <= 23:
        return f'<code class="notranslate whole-word">{words}</code>'
    words = re.sub(r'<span class="pre">([^<]*)</span>', word, code[1])
    return f'<code class="notranslate">{words}</code>'


def word(match):
    whole = "-" in match[1] and len(match[1]) <= 20
    return f'<span class="whole-word">{match[1]}</span>' if whole else match[1]


def readable(element):
    """A figure's or question's state between single quotes: its own double ones stay as they are,
    and its formulas look like the page's to the compression."""
    state = unescape(element[2]).replace("&", "&amp;").replace("'", "&#39;")
    return f"{element[1]}'{state}'"


def straightened(curve):
    """A drawn curve with the points that the eye needs, each relative to the one before."""
    points = [(float(x), float(y)) for x, y in POINT.findall(curve[4])]
    points = needed([(float(curve[2]), float(curve[3])), *points])
    out, (x, y) = f"{curve[1]}{curve[2]} {curve[3]}l", points[0]
    for i, point in enumerate(points[1:]):
        dx, dy = short(point[0] - x), short(point[1] - y)
        x, y = x + float(dx), y + float(dy)  # what is drawn: roundings do not add up
        out += ("" if i == 0 or dx[0] == "-" else " ") + dx + ("" if dy[0] == "-" else " ") + dy
    return out + '"'


def needed(points):
    """Ramer, Douglas and Peucker: the ends, and each point that is not NEAR the line without it."""
    keep, waiting = {0, len(points) - 1}, [(0, len(points) - 1)]
    while waiting:
        first, last = waiting.pop()
        inner = range(first + 1, last)
        if not inner:
            continue
        farthest = max(inner, key=lambda i: distance(points[i], points[first], points[last]))
        if distance(points[farthest], points[first], points[last]) > NEAR:
            keep.add(farthest)
            waiting += [(first, farthest), (farthest, last)]
    return [points[i] for i in sorted(keep)]


def distance(point, start, end):
    """From the line between two points, within its ends."""
    (px, py), (sx, sy), (ex, ey) = point, start, end
    dx, dy = ex - sx, ey - sy
    length = dx * dx + dy * dy
    t = max(0, min(1, ((px - sx) * dx + (py - sy) * dy) / length)) if length else 0
    return ((px - sx - t * dx) ** 2 + (py - sy - t * dy) ** 2) ** 0.5


def short(number):
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else re.sub(r"^(-?)0\.", r"\1.", text)
