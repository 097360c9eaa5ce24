"""The book's MyST as plain Markdown, which is all that JupyterLab and Colab show."""

import functools
import os.path
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

LABEL = re.compile(r"^\([\w-]+\)=\n", re.M)
BLOCK = re.compile(r"^(`{3,})\{([\w:]+)\} ?([^\n]*)\n((?::[^\n]*\n)*)\n?(.*?)^\1\n?", re.M | re.S)
EQUATION = re.compile(r"^\$\$ \((eq-[\w-]+)\)$", re.M)
ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")
TARGET = re.compile(r"(.*?)\s*<(.+)>", re.S)
TITLE = re.compile(r"^# (.+)", re.M)
HEADING = re.compile(r"^\(([\w-]+)\)=\n+#+ (.+)", re.M)
LISTED = re.compile(r"^\s*(?:- )?(?:root|file): (\S+)$", re.M)
HIDDEN = {"hide-input", "remove-input", "remove-cell"}
NAMED = {"fig": "the figure", "ex": "the exercise", "thm": "the theorem"}


@dataclass(frozen=True)
class Page:
    """A page of the book below `root`, read as a notebook.

    glued: {name: value} of the numbers that its cells have computed; where one is not known, its
        name stands in the text, and running the cell prints the number.
    address: from the path of a page to its address on the web, "" where there is none.
    """

    source: Path
    root: Path
    glued: dict = field(default_factory=dict)
    address: Callable[[Path], str] = lambda page: ""

    def cells(self, cells):
        """The page's cells: Markdown in plain words, code that the page hides folded away, and
        the caption of each figure below it."""
        import nbformat

        for cell in cells:
            if cell.cell_type == "markdown":
                cell.source = self.markdown(cell.source + "\n").strip()
                yield cell
                continue
            cell.source = self.code(cell.source)
            if HIDDEN & set(cell.metadata.get("tags", [])):
                cell.metadata["jupyter"] = {"source_hidden": True}
            figure = cell.metadata.pop("mystnb", {}).get("figure", {})
            yield cell
            if caption := figure.get("caption"):
                text = f"**Figure.** {self.markdown(caption)}"
                yield nbformat.v4.new_markdown_cell(text, id=figure["name"])

    def code(self, text):
        """The text of a code cell: a number for the text is printed, for nobody puts it there."""
        return text.replace("from myst_nb import glue", "from utils.glue import glue")

    def markdown(self, text):
        """The text of a Markdown cell without roles, directives and labels."""
        text = BLOCK.sub(_block, LABEL.sub("", text))
        text = EQUATION.sub(lambda m: rf"\tag{{{_equations(self.root)[m[1]][1]}}}" + "\n$$", text)
        return ROLE.sub(lambda m: self._role(m[1], m[2]), text)

    def _role(self, kind, content):
        found = TARGET.fullmatch(content)
        said, target = found.groups() if found else (None, content)
        if kind == "doc":
            page = self.root / target[1:] if target[0] == "/" else self.source.parent / target
            return self._link(said, page.with_name(f"{page.name}.md"))
        if kind.startswith("cite"):
            return f"[{target}]"
        if kind == "eq":
            page, number = _equations(self.root)[target]
            return f"({number})" if page == self.source else self._link(f"({number})", page)
        if kind == "glue:text":
            return self._number(*target.partition(":")[::2])
        page, heading = _headings(self.root).get(target, (None, None))
        if page is not None:
            return self._link(said or heading, page)
        return said or NAMED.get(target.partition("-")[0], target)

    def _number(self, name, form):
        return format(self.glued[name], form) if name in self.glued else f"`{name}`"

    def _link(self, said, page):
        """To the page on the web, or to the notebook beside this one; else its title alone."""
        head = page.read_text(encoding="utf-8") if page.is_file() else ""
        said = said or (TITLE.search(head) or ["", page.stem])[1]
        if way := self.address(page):
            return f"[{said}]({way})"
        if "kernelspec:" not in head[:600] or page.stem == "index":
            return f"“{said}”"
        way = os.path.relpath(page.with_suffix(".ipynb"), self.source.parent)
        return f"[{said}]({way.replace(os.sep, '/')})"


def _block(match):
    _, kind, title, _, body = match.groups()
    name = kind.rpartition(":")[2].capitalize()
    if kind == "solution":
        return f"<details><summary>Solution</summary>\n\n{body}\n</details>\n"
    if kind == "bibliography":
        return ""
    if kind == "admonition":
        return f"**{title}**\n\n{body}"
    return f"**{name}{f' ({title})' if title else ''}.** {body}"


def _pages(root):
    """The book's pages in its order; the learner's kit has no cover."""
    listed = LISTED.findall((root / "_toc.yml").read_text(encoding="utf-8"))
    return [page for name in listed if (page := root / f"{name}.md").is_file()]


@functools.cache
def _headings(root):
    """{label: (page, heading)} of the whole book."""
    return {
        label: (page, heading)
        for page in _pages(root)
        for label, heading in HEADING.findall(page.read_text(encoding="utf-8"))
    }


@functools.cache
def _equations(root):
    """{label: (page, number)}: numbered through the whole book, as on the website."""
    found = [
        (label, page)
        for page in _pages(root)
        for label in EQUATION.findall(page.read_text(encoding="utf-8"))
    ]
    return {label: (page, number) for number, (label, page) in enumerate(found, 1)}
