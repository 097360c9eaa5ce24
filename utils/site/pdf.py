"""`make pdf`: the whole book as one PDF, with an outline and links that work within it.

The pages' articles are put one after the other into a single document, in reading order, their
anchors made unique; a headless Chromium or Chrome prints it in the print style of the pages.
"""

import re
import subprocess
import sys
import tempfile
from urllib.parse import urldefrag, urljoin, urlsplit

from utils.site.browser import installed
from utils.site.node import ROOT

SITE = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "cross-entropy-from-scratch.pdf"
ARTICLE = re.compile(r"<article\b.*?</article>", re.DOTALL)
LOCAL = re.compile(r'\b(href|src)="(?![a-z]+:|//)([^"]*)"')


def reading_order():
    """The pages in the order of the contents, the cover first."""
    cover = (SITE / "index.html").read_text("utf-8")
    contents = cover[cover.index('id="contents"') : cover.index("<main")]
    links = [urldefrag(link)[0] for link in re.findall(r'href="([^"#:]+\.html)', contents)]
    return list(dict.fromkeys(["index.html", *links]))


def anchor(pages, page, name=""):
    return f"p{pages.index(page)}" + (f"-{name}" if name else "")


def article(pages, page):
    """A page's article, its anchors marked with the page, its links turned to these anchors."""
    markup = ARTICLE.search((SITE / page).read_text("utf-8"))[0]
    markup = re.sub(r'\bid="([^"]*)"', lambda m: f'id="{anchor(pages, page, m[1])}"', markup)
    markup = markup.replace('loading="lazy"', "")
    # On paper nothing can be opened: solutions are.
    markup = markup.replace("<details><summary>", "<details open><summary>")

    def led(match):
        target, fragment = urldefrag(urljoin(page, match[2]))
        if match[1] == "href" and (target or page) in pages:
            return f'href="#{anchor(pages, target or page, fragment)}"'
        return f'{match[1]}="{urlsplit(target).path}"'

    markup = LOCAL.sub(led, markup)
    return f'<div class="sheet" id="{anchor(pages, page)}">{markup}</div>'


def document():
    pages = reading_order()
    cover = (SITE / "index.html").read_text("utf-8")
    title = re.search(r"<title>(.*?)</title>", cover)[1]
    body = "\n".join(article(pages, page) for page in pages)
    return (
        f'<!DOCTYPE html><html lang="en" data-theme="light"><head><meta charset="utf-8">'
        f'<title>{title}</title><link rel="stylesheet" href="_static/style.css"></head>'
        f'<body class="book"><div class="columns"><main>{body}</main></div></body></html>'
    )


def main():
    if not (SITE / "index.html").is_file():
        sys.exit("There is no built book: run `make book` first.")
    browser = installed()
    if browser is None:
        sys.exit("A PDF is printed by Chromium or Chrome: install one, then run `make pdf` again.")
    source = SITE / "whole-book.html"
    source.write_text(document(), "utf-8")
    try:
        with tempfile.TemporaryDirectory() as profile:
            printed = subprocess.run(
                [
                    browser,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    f"--user-data-dir={profile}",
                    "--generate-pdf-document-outline",
                    "--no-pdf-header-footer",
                    f"--print-to-pdf={TARGET}",
                    source.as_uri(),
                ],
                capture_output=True,
                text=True,
                timeout=600,
            )
    finally:
        source.unlink()
    if printed.returncode:
        sys.exit(f"{browser} did not print the book:\n{printed.stderr.strip()[-2000:]}")
    print(f"The book is in {TARGET}.")


if __name__ == "__main__":
    main()
