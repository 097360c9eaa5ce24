"""What the progress page needs to know: every question and challenge of the book, by page.

The widgets keep in the reader's browser what was answered and reached; the page sets that beside
this list.
"""

import json
from functools import cache
from html import unescape
from pathlib import Path

from utils.explorers.joining import MODULES
from utils.site.explorers import ELEMENT, service
from utils.site.kept import Kept
from utils.site.mathematics import render_text
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
            questions.append({"id": asked["id"], "html": render_text(asked["prompt"])})
        elif element["module"] in MODULES and element["module"] not in figures:
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


def write(app, exception):
    if exception or app.builder.format != "html":
        return
    data = json.dumps(each_figure_once(app), ensure_ascii=False)
    path = Path(app.outdir, "_static", SCRIPTS[0])
    path.write_text(f"window.ceBook = {data};\n", "utf-8")


def each_figure_once(app):
    """The pages in reading order; a figure that several show counts with the first chapter."""
    seen, book = set(), []
    for name in reading_order(app.env):
        if name in kept.pages and name != app.config.root_doc:
            page = kept.pages[name]
            new = [figure for figure in page["figures"] if figure["module"] not in seen]
            seen |= {figure["module"] for figure in new}
            book.append({**page, "figures": new})
    return book


def reading_order(env):
    """The pages as the contents list them."""
    found, waiting = [], [env.config.root_doc]
    while waiting:
        name = waiting.pop(0)
        if name not in found:
            found.append(name)
            waiting = list(env.toctree_includes.get(name, [])) + waiting
    return found
