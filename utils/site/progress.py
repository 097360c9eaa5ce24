"""What the progress page needs to know: every question and challenge of the book, by page.

The widgets keep in the reader's browser what was answered and reached; the page sets that beside
this list.
"""

import json
import re
from functools import cache
from html import unescape
from pathlib import Path

from utils.site.explorers import ELEMENT, service
from utils.site.kept import Kept
from utils.site.pages import plain

kept = Kept("progress")
SCRIPTS = ["progress-list.js", "progress.js"]


def setup(app):
    kept.connect(app)
    app.connect("html-page-context", collect, priority=450)
    app.connect("build-finished", write)


def collect(app, pagename, templatename, context, doctree):
    if pagename == "progress":
        context["page_scripts"] = SCRIPTS
    if doctree is None:
        return
    kept.pages.pop(pagename, None)
    if "<ce-explorer" not in context["body"]:
        return
    questions, figures = [], {}
    for element in ELEMENT.finditer(context["body"]):
        if element["module"] == "question":
            asked = json.loads(unescape(element["state"]))["question"]
            questions.append({"id": asked["id"], "text": short(asked["prompt"])})
        elif element["module"] not in figures:
            figures[element["module"]] = definition(element["module"])
    title = unescape(plain(context["title"]))
    kept.pages[pagename] = {
        "title": title,
        "page": f"{pagename}.html",
        "questions": questions,
        "figures": list(figures.values()),
    }


@cache
def definition(module):
    said = service.ask({"module": module, "what": "definition"})
    return {"module": module, "title": said["title"], "challenges": said["challenges"]}


def short(prompt, length=110):
    """The prompt as plain words: formulas keep their LaTeX without the dollar signs."""
    text = " ".join(re.sub(r"\$([^$]*)\$", r"\1", prompt).split())
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + " …"


def write(app, exception):
    if exception or app.builder.format != "html":
        return
    order = [name for name in reading_order(app.env) if name in kept.pages]
    data = json.dumps([kept.pages[name] for name in order], ensure_ascii=False)
    path = Path(app.outdir, "_static", SCRIPTS[0])
    path.write_text(f"window.ceBook = {data};\n", "utf-8")


def reading_order(env):
    """The pages as the contents list them."""
    found, waiting = [], [env.config.root_doc]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting = list(env.toctree_includes.get(name, [])) + waiting
    return found
