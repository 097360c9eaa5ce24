"""The frame of every page: its theme, what its head says, the contents, and the extra pages."""

import re
from html import escape, unescape
from pathlib import Path

from docutils import nodes

from utils.site import citation, first, static

THEME = Path(__file__).parent / "theme"
# Pages that have no source file of their own: name, title, description.
EXTRA = (
    ("search", "Search", "Search the text, captions, formulas and code of the book."),
    ("using", "Using these pages", "Keyboard shortcuts, figures that move, and privacy."),
    ("404", "No such page", "This address leads nowhere."),
)


def setup(app):
    app.add_html_theme("lean", str(THEME))
    app.connect("config-inited", use_theme)
    app.connect("builder-inited", drop_stock_pages)
    app.connect("html-collect-pages", extra_pages)
    app.connect("html-page-context", describe, priority=900)


def use_theme(app, config):
    config.html_theme = "lean"
    config.html_permalinks_icon = "#"
    config.html_use_index = False
    config.html_domain_indices = False
    config.html_copy_source = False


def drop_stock_pages(app):
    """Sphinx's own search and its scripts give way to ours (see search.py)."""
    app.builder.search = False
    app.builder.config.html_static_path = []


def extra_pages(app):
    for name, title, description in EXTRA:
        yield name, {"title": title, "description": description}, f"{name}.html"


def describe(app, pagename, templatename, context, doctree):
    """Fill in what layout.html asks for under `page` and `site`."""
    known = app.config.site_addresses
    meta = context.get("meta") or {}
    title = unescape(plain(context["title"]))
    cover = pagename == app.config.root_doc
    description = meta.get("description") or context.get("description") or opening(doctree)
    context["site"] = {
        "version": static.version(),
        "repository": known.repository,
        "first": first.SCRIPT,
    }
    context["author"] = escape(app.config.author)
    context["page"] = {
        "title": escape(title),
        "is_cover": cover,
        "description": escape(description),
        "kind": "cover" if cover else "chapter",
        "card": context.get("page_card", ""),
        "address": known.page(pagename) if doctree else "",
        "citation": citation.bibtex(app.config, title, pagename, known.page(pagename))
        if doctree
        else "",
        "contents": contents(context),
        "part": " · ".join(plain(parent["title"]) for parent in context.get("parents", [])),
        "tools": context.get("page_tools", []),
        "fonts": static.preloads(context.get("body", "")),
        "scripts": context.get("page_scripts", []),
    }
    if pagename == "404":
        context["page"]["fonts"] = []  # this page may have to find the book first
        lead_home(context, known.prefix)
        # Unknown is the book's own address: home.js finds it, from wherever this page is shown.
        context["page"]["above"] = [] if known.base else ["../" * n for n in range(8)]


def lead_home(context, prefix):
    """The page for wrong addresses is shown at any depth: its links start at the host's root."""
    pathto = context["pathto"]
    context["pathto"] = lambda target, *rest: prefix + pathto(target, *rest)
    context["content_root"] = prefix
    page = context["page"]
    page["contents"] = re.sub(r'href="(?![a-z]+:|/|#)', f'href="{prefix}', page["contents"])


def plain(markup):
    return re.sub(r"<[^>]+>", "", markup)


def opening(doctree, length=155):
    """The first sentence or so of a page that gives no description of its own."""
    if doctree is None:
        return ""
    text = next((p.astext() for p in doctree.findall(nodes.paragraph)), "")
    text = " ".join(text.split())
    return text if len(text) <= length else text[:length].rsplit(" ", 1)[0] + "…"


def contents(context):
    """The book's contents; within the page that is read, its sections too."""
    tree = context["toctree"](maxdepth=4, collapse=True, includehidden=True, titles_only=False)
    # Sphinx calls a part's caption a heading but gives it no level; the list itself says enough.
    return (tree or "").replace(' role="heading"', "")
