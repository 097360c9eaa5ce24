"""The learner's desk: a folder with notebooks to write in, and what was reached so far.

`make lab` puts copies of the book's notebooks there, as .ipynb. A file that is there is never
written over: when the book has a newer version of a notebook, it is laid beside the learner's own.
"""

import hashlib
import json
import os
import time
from pathlib import Path

from exercises.plain import Page

ROOT = Path(__file__).parents[1]
MARKER = ".desk.json"
PROGRESS = ".progress.json"


def sources(root=ROOT):
    """The book's notebooks: its exercises first, then its chapters."""
    found = [p for p in sorted((root / "exercises").glob("*.md")) if p.stem != "index"]
    found += sorted((root / "chapters").rglob("*.md"))
    return [p for p in found if "kernelspec:" in p.read_text(encoding="utf-8")[:600]]


def as_notebook(path, root=ROOT):
    """The text of an .ipynb made from a text notebook; the same text each time."""
    import jupytext
    import nbformat

    notebook = jupytext.read(path)
    notebook.metadata.pop("jupytext", None)
    notebook.cells = list(Page(path, root).cells(notebook.cells))
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return nbformat.writes(notebook, version=4) + "\n"


def lay_out(desk, root=ROOT):
    """Copy what is not there yet; returns sentences on what was done."""
    desk = Path(desk)
    desk.mkdir(parents=True, exist_ok=True)
    given = _read(desk / MARKER)
    said, new = [], 0
    for source in sources(root):
        name = source.relative_to(root).with_suffix(".ipynb")
        target = desk / name
        text = as_notebook(source, root)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            new += 1
        elif given.get(str(name)) not in (None, digest):
            beside = target.with_suffix(".new.ipynb")
            beside.write_text(text, encoding="utf-8")
            said.append(
                f"{name} has changed in the book. Yours is kept; the new one is {beside.name}."
            )
        given[str(name)] = digest
    _write(desk / MARKER, given)
    return [f"{new} notebooks laid out in {desk}." if new else f"{desk} is ready.", *said]


def find_desk(start=None):
    """The desk that holds the current folder, or the current folder itself."""
    start = Path(start or os.getcwd()).resolve()
    return next((p for p in (start, *start.parents) if (p / MARKER).is_file()), start)


def remember(verdict, desk=None):
    """Keep the best result of each exercise."""
    path = (desk or find_desk()) / PROGRESS
    known = _read(path)
    if verdict.points >= known.get(verdict.exercise, {}).get("points", 0):
        known[verdict.exercise] = {
            "points": verdict.points,
            "right": verdict.right,
            "when": time.strftime("%Y-%m-%d %H:%M"),
        }
        _write(path, known)


def reached(desk=None):
    """{name: {"points", "right", "when"}} of all exercises tried so far."""
    return _read((desk or find_desk()) / PROGRESS)


def _read(path):
    """A small JSON file; a missing or broken one counts as empty."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path, data):
    """All or nothing: a kernel that dies while writing spoils no file."""
    rest = path.with_suffix(".part")
    try:
        rest.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        rest.replace(path)
    except OSError:
        pass  # a folder that cannot be written in: progress is then not remembered
