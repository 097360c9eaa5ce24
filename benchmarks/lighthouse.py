"""Lighthouse on the built pages: a slow phone on slow 4G, a gzip server on this machine.

    python -m benchmarks.lighthouse [--runs 5] [--pages chapters/… …] [--all]

One stock Jupyter Book page, made here with the text of the chapter on coin flips, stands beside
ours: the same run, the same machine. Scores are of 100, times in seconds (blocking time in
milliseconds), sizes in KB as they travel.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from utils.site.browser import installed
from utils.site.node import NODE, ROOT, packages
from utils.site.serve import COMPRESSIBLE, compressed, serving

CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
AUDITS = {
    "FCP": ("first-contentful-paint", 1000),
    "LCP": ("largest-contentful-paint", 1000),
    "TBT": ("total-blocking-time", 1),
    "CLS": ("cumulative-layout-shift", 1),
    "KB": ("total-byte-weight", 1024),
}
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
SITE = ROOT / "_build" / "html"
MOST_STOLEN = 0.04  # of the processor time of a visit


def run(address, folder):
    """One visit: the four scores and the audits above."""
    report = Path(folder, "report.json")
    command = [NODE, str(packages(development=True) / "lighthouse" / "cli" / "index.js"), address]
    command += ["--quiet", "--output=json", f"--output-path={report}", f"--chrome-flags={FLAGS}"]
    command += [f"--only-categories={','.join(CATEGORIES)}"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(folder))
    if done.returncode:
        sys.exit(f"Lighthouse failed on {address}:\n{done.stderr[-2000:]}")
    said = json.loads(report.read_text())
    scores = {name: round(100 * (said["categories"][name]["score"] or 0)) for name in CATEGORIES}
    audits = {
        name: said["audits"][key]["numericValue"] / unit for name, (key, unit) in AUDITS.items()
    }
    return scores | audits, faults(said)


def faults(said):
    """The audits of a category that is not at 100, by name."""
    found = set()
    for name in CATEGORIES:
        category = said["categories"][name]
        if (category["score"] or 0) < 1:
            for entry in category["auditRefs"]:
                score = said["audits"][entry["id"]]["score"]
                if entry["weight"] and score is not None and score < 0.9:
                    found.add(entry["id"])
    return found


def environment(folder):
    browser = installed()
    return {**os.environ, **({"CHROME_PATH": browser} if browser else {}), "TMPDIR": str(folder)}


def stock_page(folder):
    """One page as Jupyter Book makes it unasked, of the same text as one of ours."""
    source = Path(folder, "stock")
    source.mkdir()
    text = (ROOT / "chapters" / "foundations" / "coin_flips.md").read_text("utf-8")
    text = text.replace("from utils import explorers", "import ipywidgets as widgets")
    keep, skip = [], False
    for line in text.splitlines():
        if line.startswith("```{code-cell}"):
            skip = True
        if not skip and "{glue" not in line and "{numref}" not in line and "{cite" not in line:
            keep.append(line)
        if line == "```":
            skip = False
    cell = (
        "```{code-cell} ipython3\nimport ipywidgets as widgets\n"
        "widgets.interact(lambda z: z, z=(-8.0, 8.0));\n```"
    )
    (source / "index.md").write_text("\n".join([*keep, cell]), "utf-8")
    (source / "_toc.yml").write_text("format: jb-book\nroot: index\n")
    (source / "_config.yml").write_text(
        "title: Stock\nparse:\n  myst_enable_extensions: [amsmath, attrs_block, attrs_inline, "
        "colon_fence, deflist, dollarmath]\n"
    )
    book = Path(sys.executable).with_name("jupyter-book")
    subprocess.run([book, "build", str(source)], check=True, capture_output=True)
    return source / "_build" / "html"


def stolen():
    """Seconds of processor time that this machine's host kept to itself; 0 where it is not told."""
    try:
        ticks = int(Path("/proc/stat").read_text().split("\n")[0].split()[8])
    except (OSError, IndexError, ValueError):
        return 0.0
    return ticks / os.sysconf("SC_CLK_TCK")


def undisturbed(address, folder):
    """A visit, made again (four times at most) when the host took processors away during it."""
    for _ in range(5):
        before, start = stolen(), time.monotonic()
        visit = run(address, folder)
        spent = (time.monotonic() - start) * os.cpu_count()
        if stolen() - before < MOST_STOLEN * spent:
            break
    return visit


def measure(site, pages, runs):
    for path in site.rglob("*.*"):
        if path.suffix in COMPRESSIBLE:  # now: two cores have enough to do during a visit
            compressed(path, path.stat().st_mtime_ns)
    # The browser's profile is kept in memory: a page's first look into localStorage waits for it.
    memory = Path("/dev/shm")
    place = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=place) as folder, serving(site) as address:
        for page in pages:
            results = [undisturbed(f"{address}/{page}", folder) for _ in range(runs)]
            yield page, [values for values, _ in results], set().union(*(f for _, f in results))


def row(name, values):
    def column(key):
        return [value[key] for value in values]

    scores = "  ".join(
        f"{statistics.median(column(c)):3.0f} ({min(column(c)):3.0f})" for c in CATEGORIES
    )
    whole = sum(all(value[c] == 100 for c in CATEGORIES) for value in values)
    audits = "  ".join(
        f"{statistics.median(column(a)):{width}}"
        for a, width in zip(AUDITS, ("5.2f", "5.2f", "5.0f", "6.3f", "6.0f"), strict=True)
    )
    return f"{name:44.44}  {scores}  {whole:2}/{len(values):<2}  {audits}"


HEAD = (
    f"{'page, median (worst)':44}  {'perf':9}  {'access.':9}  {'practice':9}  {'seo':9}  all100  "
    f"{'FCP s':5}  {'LCP s':5}  {'TBTms':5}  {'CLS':6}  {'KB':6}"
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pages", nargs="*")
    parser.add_argument("--all", action="store_true", help="every page of the book")
    parser.add_argument("--site", type=Path, default=SITE)
    parser.add_argument("--no-stock", action="store_true")
    args = parser.parse_args()
    sized = sorted(
        (p for p in args.site.rglob("*.html") if p.name != "404.html"),
        key=lambda path: path.stat().st_size,
    )
    names = [path.relative_to(args.site).as_posix() for path in sized]
    # Unless told otherwise: the cover, the page of median size, and the heaviest.
    pages = args.pages or (names if args.all else ["index.html", names[len(names) // 2], names[-1]])
    print(HEAD)
    for name, values, found in measure(args.site, pages, args.runs):
        print(row(name, values), *sorted(found), flush=True)
    if not args.no_stock:
        with tempfile.TemporaryDirectory() as folder:
            for _, values, _ in measure(stock_page(folder), ["index.html"], 1):
                print(row("stock Jupyter Book, coin flips, one slider", values), flush=True)


if __name__ == "__main__":
    main()
