"""The search index: every section's title and text, loaded when a reader first searches.

One plain list, looked through in the browser, instead of an index of word stems: it finds any
part of a word, in text, captions, formulas (as LaTeX) and code alike, and can show the place. It
is a classic script, not JSON, because pages opened from a folder may not fetch files.
"""

import json
import re
from pathlib import Path

from docutils import nodes

from utils.site.kept import Kept

kept = Kept("search")


def setup(app):
    kept.connect(app)
    app.connect("doctree-resolved", collect)
    app.connect("build-finished", write)


def collect(app, doctree, docname):
    found = []
    for section in doctree.findall(nodes.section):
        title = section.next_node(nodes.title)
        if title is not None:
            found.append([section["ids"][0], title.astext(), own_text(section)])
    kept.pages[docname] = found


def own_text(section):
    """The section's text without its title and without its subsections."""
    parts = []
    for child in section.children:
        if not isinstance(child, nodes.section | nodes.title):
            parts += [leaf.astext() for leaf in child.findall(is_leaf)]
    return re.sub(r"\s+", " ", " ".join(parts)).strip()


def is_leaf(node):
    return isinstance(node, nodes.Text) and not isinstance(node.parent, nodes.raw | nodes.comment)


def write(app, exception):
    if exception or app.builder.format != "html":
        return
    entries = [
        [app.builder.get_target_uri(docname), anchor, title, text]
        for docname, found in sorted(kept.pages.items())
        for anchor, title, text in found
    ]
    data = json.dumps(entries, ensure_ascii=False, separators=(",", ":"))
    Path(app.outdir, "_static", "search-index.js").write_text(f"ceSearch({data});\n", "utf-8")
