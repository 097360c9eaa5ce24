"""How to cite a page, as BibTeX."""

import re
from html import escape


def bibtex(config, title, pagename, address):
    # The folder too: a chapter and its exercise are called alike.
    key = re.sub("[/_]", "-", pagename.removeprefix("chapters/"))
    whole = title == config.html_title
    lines = [
        f"author    = {{{{{config.author}}}}}",
        f"title     = {{{title}}}",
        *([] if whole else [f"booktitle = {{{config.html_title}}}"]),
        f"year      = {{{config.copyright[-4:]}}}",
        *([f"url       = {{{address}}}"] if address else []),
    ]
    kind = "book" if whole else "incollection"
    body = ",\n  ".join(lines)
    return escape(f"@{kind}{{cross-entropy-from-scratch:{key},\n  {body}\n}}", quote=False)
