"""Fonts cut down to the characters that the book uses, as WOFF2.

The faces come from npm (open licences: SIL OFL). A cut font is a tenth of the whole: KaTeX's
main face shrinks from 26 KB to 8.
"""

import hashlib
import re
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from utils.site.node import packages

TEXT_FONT = "text.woff2"
_SERIF = "@fontsource-variable/source-serif-4/files/source-serif-4-latin-wght-"
_SANS = "@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-"
# our name: (file, what to keep of the weight axis)
FACES = {
    TEXT_FONT: (_SERIF + "normal.woff2", (400, 700)),
    "text-italic.woff2": (_SERIF + "italic.woff2", 400),
    "plain.woff2": (_SANS + "normal.woff2", (400, 700)),
}


def write(folder, letters):
    """Write all cut fonts, unless they are there already for the same letters."""
    modules = packages()
    wanted = {name: (modules / file, weights) for name, (file, weights) in FACES.items()}
    wanted |= {path.name: (path, None) for path in (modules / "katex/dist/fonts").glob("*.woff2")}
    stamp = hashlib.sha256(
        "".join(sorted(letters)).encode() + Path(__file__).read_bytes()
    ).hexdigest()
    note = folder / "cut-for.txt"
    if note.is_file() and note.read_text() == stamp:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name, (source, weights) in wanted.items():
        cut(source, folder / name, letters, weights)
    note.write_text(stamp)


def cut(source, target, letters, weights):
    """Cut to the letters first, then to the weights: fontTools fails the other way round."""
    font = TTFont(source)
    options = subset.Options(layout_features=["kern", "liga", "mark", "ccmp"])
    options.hinting = False
    options.desubroutinize = True
    options.name_IDs = []
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=map(ord, letters))
    subsetter.subset(font)
    if weights is not None:
        instancer.instantiateVariableFont(font, {"wght": weights}, inplace=True)
    font.flavor = "woff2"
    font.save(target)


def only_subset(sheet, version):
    """KaTeX's style sheet, its fonts taken from ours."""
    text = sheet.read_text("utf-8")
    text = re.sub(r",url\([^)]*\) format\(\"(woff|truetype)\"\)", "", text)
    return re.sub(r"url\(fonts/([^)]*)\)", rf"url(fonts/\1?{version})", text)
