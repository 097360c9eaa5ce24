"""Fonts cut down to the characters that the book uses, as WOFF2.

The faces come from npm (open licences: SIL OFL). A cut font is a tenth of the whole: KaTeX's
main face shrinks from 26 KB to 8.
"""

import hashlib
import re
import shutil
from html import unescape
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from utils.site.node import ROOT, packages

TEXT_FONT, ITALIC_FONT, PLAIN_FONT = "text.woff2", "text-italic.woff2", "plain.woff2"
_SERIF = "@fontsource-variable/source-serif-4/files/source-serif-4-latin-wght-"
_SANS = "@fontsource-variable/source-sans-3/files/source-sans-3-latin-wght-"
# our name: (file, what to keep of the weight axis)
FACES = {
    TEXT_FONT: (_SERIF + "normal.woff2", (400, 700)),
    ITALIC_FONT: (_SERIF + "italic.woff2", 400),
    PLAIN_FONT: (_SANS + "normal.woff2", (400, 700)),
}


# KaTeX marks what is not set in its main face by the class of the innermost element.
_FORMULA = re.compile(r'class="katex-html"(?:<(?:/?span|/?svg|path)\b[^>]*>|[^<]|$)*')
_SPAN = re.compile(r'<span class="([^"]*)"[^>]*>([^<]+)')
_MARKS = {
    "mathnormal": "KaTeX_Math-Italic",
    "boldsymbol": "KaTeX_Math-BoldItalic",
    "mathbf": "KaTeX_Main-Bold",
    "textbf": "KaTeX_Main-Bold",
    "mathit": "KaTeX_Main-Italic",
    "textit": "KaTeX_Main-Italic",
    "mathcal": "KaTeX_Caligraphic-Regular",
    "mathbb": "KaTeX_AMS-Regular",
    "amsrm": "KaTeX_AMS-Regular",
    "mathtt": "KaTeX_Typewriter-Regular",
    "texttt": "KaTeX_Typewriter-Regular",
    "mathsf": "KaTeX_SansSerif-Regular",
    "textsf": "KaTeX_SansSerif-Regular",
}


_ITALIC = re.compile(r"<(em|i|cite|dfn|var)\b[^>]*>(.*?)</\1>", re.DOTALL)


def letters_by_face(pages):
    """Which characters the pages set in which face: the upright text faces get all.

    Characters that KaTeX takes from its large sizes or pieces together are few; those faces are
    cut to all of KaTeX's characters.
    """
    ascii_letters = "".join(map(chr, range(32, 127)))
    everything, formulas, by_face = set(ascii_letters), set(), {}
    slanted = set(" ,.'’-–()") | {letter for letter in ascii_letters if letter.isalpha()}
    for page in pages:
        everything.update(page)
        slanted.update(*(re.sub("<[^>]*>", "", text) for _, text in _ITALIC.findall(page)))
        # Formulas that a question's state holds are a string in it.
        page = unescape(page).replace(r"\"", '"')
        for formula in _FORMULA.finditer(page):
            for classes, text in _SPAN.findall(formula[0]):
                marked = (_MARKS[c] for c in classes.split() if c in _MARKS)
                face = next(marked, "KaTeX_Main-Regular")
                by_face.setdefault(face, set()).update(text)
                formulas.update(text)
    return {
        "": everything,
        ITALIC_FONT: slanted,
        **{f"{name}-Regular": formulas for name in map("KaTeX_Size{}".format, range(1, 5))},
        **by_face,
    }


def write(folder, pages):
    """Write the cut fonts, unless they are there already for the same letters; return their names.

    `pages` are the texts in which letters occur: the pages, and the scripts that add to them.
    """
    modules = packages()
    letters = letters_by_face(pages)
    jobs = [
        (name, modules / file, letters.get(name, letters[""]), weights)
        for name, (file, weights) in FACES.items()
    ]
    for path in (modules / "katex/dist/fonts").glob("*.woff2"):
        if path.stem in letters:
            jobs.append((path.name, path, letters[path.stem], None))
    stamp = hashlib.sha256(repr([(n, sorted(ls)) for n, _, ls, _ in jobs]).encode())
    for shaping in (Path(__file__), ROOT / "package.json"):
        stamp.update(shaping.read_bytes())
    note = folder / "cut-for.txt"
    names = {name for name, *_ in jobs}
    if note.is_file() and note.read_text() == stamp.hexdigest():
        return names
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, source, wanted, weights in jobs:
        cut(source, folder / name, wanted, weights)
    note.write_text(stamp.hexdigest())
    return names


def cut(source, target, letters, weights):
    """Cut to the letters first, then to the weights: fontTools fails the other way round."""
    font = TTFont(source)
    options = subset.Options(layout_features=["kern", "liga"])
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


def mathematics_style(sheet, faces, version):
    """KaTeX's style sheet with our cut fonts, and without the faces that no formula needs.

    Until a face is there, its letters are shown in another one: no reader waits for a blank."""
    text = re.sub(r",url\([^)]*\) format\(\"(woff|truetype)\"\)", "", sheet)
    text = re.sub(
        r"@font-face\{[^}]*url\(fonts/([^)]*)\)[^}]*\}",
        lambda rule: rule[0][:-1] + ";font-display:swap}" if rule[1] in faces else "",
        text,
    )
    return re.sub(r"url\(fonts/([^)]*)\)", rf"url(fonts/\1?{version})", text)
