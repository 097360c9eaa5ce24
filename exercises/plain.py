"""The book's MyST as plain Markdown, which is all that JupyterLab shows: for a desk."""

import functools
import os.path
import re

LABEL = re.compile(r"^\([\w-]+\)=\n", re.M)
BLOCK = re.compile(r"^(`{3,})\{([\w:]+)\} ?([^\n]*)\n((?::[^\n]*\n)*)\n?(.*?)^\1\n?", re.M | re.S)
ROLE = re.compile(r"\{([\w:]+)\}`([^`]+)`")
TARGET = re.compile(r"(.*?)\s*<(.+)>", re.S)
TITLE = re.compile(r"^# (.+)", re.M)
HEADING = re.compile(r"^\(([\w-]+)\)=\n+#+ (.+)", re.M)
NAMED = {"fig": "the figure", "ex": "the exercise", "thm": "the theorem"}


def plain(text, source, root):
    """The text of a Markdown cell of the page `source` without roles, directives and labels."""
    text = BLOCK.sub(_block, LABEL.sub("", text))
    return ROLE.sub(lambda match: _role(match[1], match[2], source, root), text)


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


def _role(kind, content, source, root):
    found = TARGET.fullmatch(content)
    said, target = found.groups() if found else (None, content)
    if kind == "doc":
        return _link(said, target, source, root)
    if kind.startswith("cite"):
        return f"[{target}]"
    if kind == "eq":
        return f"({target})"  # which stands behind the equation, too
    if kind == "glue:text":
        return f"`{target.partition(':')[0]}`"
    page, heading = _headings(root).get(target, (None, None))
    if page is not None:
        return _to(said or heading, page, source)
    return said or NAMED.get(target.partition("-")[0], target)


def _link(said, target, source, root):
    """A link to another notebook of the desk; to a page that is none, its title alone."""
    page = root / f"{target[1:]}.md" if target[0] == "/" else source.parent / f"{target}.md"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    said = said or (TITLE.search(text) or ["", target])[1]
    return _to(said, page, source) if page.is_file() else f"“{said}”"


def _to(said, page, source):
    head = page.read_text(encoding="utf-8")[:600]
    if "kernelspec:" not in head or page.stem == "index":
        return f"“{said}”"
    way = os.path.relpath(page.with_suffix(".ipynb"), source.parent)
    return f"[{said}]({way.replace(os.sep, '/')})"


@functools.cache
def _headings(root):
    """{label: (page, heading)} of the whole book."""
    pages = [
        p for folder in ("chapters", "exercises") for p in sorted((root / folder).rglob("*.md"))
    ]
    return {
        label: (page, heading)
        for page in pages
        for label, heading in HEADING.findall(page.read_text(encoding="utf-8"))
    }
