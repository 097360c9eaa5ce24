"""Small mends to the HTML that Sphinx and MyST-NB write: drop-downs, tables, notebook outputs."""

import re

from docutils import nodes


def setup(app):
    app.connect("doctree-resolved", fold_dropdowns)
    app.connect("html-page-context", mend, priority=800)


def fold_dropdowns(app, doctree, docname):
    """A block of class `dropdown` becomes <details>, which needs no script to open.

    Its first child is the title: it turns into the <summary>, what follows into the folded part.
    """
    for node in list(doctree.findall(nodes.Element)):
        if "dropdown" not in node.get("classes", ()) or not node.children:
            continue
        node["classes"].remove("dropdown")
        node["classes"].append("folded")
        title, *rest = node.children
        label = nodes.inline("", "", *title.children, classes=["admonition-title"])
        node.children = []
        node += [raw("<details><summary>"), label, raw("</summary>"), *rest, raw("</details>")]


def raw(markup):
    return nodes.raw("", markup, format="html")


def mend(app, pagename, templatename, context, doctree):
    if "body" in context:
        body = context["body"]
        for step in STEPS:
            body = step(body)
        context["body"] = body


def scroll_tables(body):
    """A table wider than a phone scrolls in a box of its own."""
    body = re.sub(r"<table\b", '<div class="scroll"><table', body)
    return body.replace("</table>", "</table></div>")


def name_headers(body):
    return re.sub(r'<th class="head', '<th scope="col" class="head', body)


def unlabel_summaries(body):
    """MyST-NB's label, "Toggle hidden content", would hide the text, which says it better."""
    return body.replace('<summary aria-label="Toggle hidden content">', "<summary>")


def list_sources(body):
    """The bibliography's entries carry a role that ARIA has withdrawn; they are a list's items."""
    return body.replace('role="doc-biblioentry"', 'role="listitem"')


def unlink_summaries(body):
    """What opens a drop-down is a button: a link within it could not be reached."""
    return re.sub(
        r"<summary>.*?</summary>",
        lambda summary: re.sub(r"</?a\b[^>]*>", "", summary[0]),
        body,
        flags=re.DOTALL,
    )


def empty_headers(body):
    """A table's empty corner is no header."""
    return re.sub(r"<th\b[^>]*>(?:<p>\s*</p>)?\s*</th>", "<td></td>", body)


def mark_proofs(body):
    """sphinx-proof writes the word like those that follow it."""
    return body.replace("<p>Proof. ", "<p><em>Proof.</em> ")


STEPS = (
    mark_proofs,
    empty_headers,
    scroll_tables,
    name_headers,
    unlabel_summaries,
    unlink_summaries,
    list_sources,
)
