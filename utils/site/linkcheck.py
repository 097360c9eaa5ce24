"""`make linkcheck`: ask every address outside the book whether it still answers.

A command of its own and never a test: the network, and other people's hosts, decide its outcome.
"""

import re
import sys
import urllib.error
import urllib.request
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from http.client import HTTPException

from utils.site.node import ROOT

SITE = ROOT / "_build" / "html"
LINK = re.compile(r'<a\b[^>]*\bhref="(https?://[^"]+)"')
# Hosts that refuse programs but serve people: an answer of this kind says nothing about the page.
REFUSALS = {401, 403, 405, 418, 429, 999}
UNREACHED = "cannot be reached"
AGENT = "Mozilla/5.0 (compatible; a book's link check)"


def outside_links(site):
    """{address: pages that link to it}"""
    found = defaultdict(set)
    for page in sorted(site.rglob("*.html")):
        for link in LINK.findall(page.read_text("utf-8")):
            found[unescape(link).partition("#")[0]].add(page.relative_to(site).as_posix())
    return found


def answer(address):
    """None when all is well, a word when the host refuses programs, else what is wrong."""
    try:
        request = urllib.request.Request(address, headers={"User-Agent": AGENT})
        with urllib.request.urlopen(request, timeout=15):
            return None
    except urllib.error.HTTPError as error:
        return "refuses programs" if error.code in REFUSALS else f"answers {error.code}"
    except (OSError, ValueError, HTTPException) as error:
        return f"{UNREACHED}: {getattr(error, 'reason', error)}"


def no_network(links, pool):
    """Whether none of a few hosts answers at all: then asking the rest would only take time."""
    hosts = {link.split("/")[2]: link for link in links}
    said = pool.map(answer, list(hosts.values())[:8])
    return all(word is not None and word.startswith(UNREACHED) for word in said)


def main():
    links = outside_links(SITE)
    if not links:
        sys.exit("There is no built book with links: run `make book` first.")
    broken = 0
    with ThreadPoolExecutor(16) as pool:
        if no_network(links, pool):
            sys.exit("No host outside the book answers: this command needs the network.")
        for address, said in zip(links, pool.map(answer, links), strict=True):
            if said:
                broken += said != "refuses programs"
                print(f"{address} {said}; linked from {', '.join(sorted(links[address]))}")
    print(f"{len(links)} addresses outside the book, {broken} broken.")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
