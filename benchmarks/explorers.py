"""The explorers: from an input event to the finished DOM, on a slowed processor; and their size.

Every slider of every figure is moved through its range by input events in Chromium, slowed four
times. Chromium slows a page by halting it now and then for milliseconds, which falls on one event
and spares the next: each event is sent five times and its median counts ("single": as it came).
A page with three figures is loaded, then scrolled from one to the next, slowed as much, in a
browser that no driver enters, and its longest task reported, beside that of the same page without
them.
"""

import gzip
import json
import re
import statistics
import subprocess
import tempfile
import time
from itertools import chain
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks.undriven import undriven
from utils.explorers import joining
from utils.site import first, static
from utils.site.browser import installed
from utils.site.node import NODE
from utils.site.scripts import minified
from utils.site.serve import serving

SLOWER = 4
EVENTS, RUNS, LOADS = 400, 5, 10

MEASURE = """(count) => {
  const sliders = [...document.querySelectorAll('input.ce-range')].filter(e => e.checkVisibility());
  const times = [];
  for (let i = 0; i < count; i++) {
    const slider = sliders[Math.floor(i / 20) % sliders.length];
    const [min, max] = [Number(slider.min), Number(slider.max)];
    slider.value = min + (max - min) * ((i * 7) % 20) / 19;
    const start = performance.now();
    slider.dispatchEvent(new Event('input', {bubbles: true}));
    times.push(performance.now() - start);
  }
  return times;
}"""
# Brings one figure after the other into view, as a reader who scrolls.
READ = """(async () => {
  for (const figure of document.querySelectorAll('ce-explorer')) {
    figure.scrollIntoView();
    await new Promise(done => setTimeout(done, 1000));
  }
})()"""
# Tasks over 50 ms since a moment, as the browser itself has noted them.
LONGEST = """(since) => new Promise((tell) => {
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries()))
    .observe({type: 'longtask', buffered: true});
  setTimeout(() => tell([performance.now(), Math.max(
    0, ...tasks.filter((t) => t.startTime >= since).map((t) => t.duration))]), 200);
})"""
TEXT = f"<p>{'A figure stands beside the sentence that needs it. ' * 12}</p>" * 6
STATIC = Path(__file__).parents[1] / "_build" / "html" / "_static"


def percentile(times):
    return sorted(times)[int(0.95 * len(times))]


def page(modules, stills):
    elements = "".join(
        f'<ce-explorer module="{m}" state="{{}}">{stills[m]}</ce-explorer>' for m in modules
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Explorers</title>'
        '<meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="explorers.css">'
        f'<script defer src="element.js"></script><body>{elements}'
    )


def write(folder):
    """The scripts, the style, a page a figure and one with three; the scripts' sizes."""
    (folder / "explorers.css").write_text(joining.style(), "utf-8")
    sizes = {}
    for name in ("element", *joining.MODULES):
        script = minified(joining.classic_script(name))
        sizes[name] = len(gzip.compress(script.encode(), 9))
        (folder / f"{name}.js").write_text(script, "utf-8")
    asked = "".join(json.dumps({"module": m}) + "\n" for m in joining.MODULES)
    render = [NODE, str(joining.HERE / "render.mjs")]
    drawn = subprocess.run(render, input=asked, capture_output=True, text=True, check=True).stdout
    stills = dict(zip(joining.MODULES, map(json.loads, drawn.splitlines()), strict=True))
    for name in joining.MODULES:
        (folder / f"{name}.html").write_text(page([name], stills), "utf-8")
    # As in a chapter: the site's style and first script, each figure in a section below text.
    (folder / "_static").symlink_to(STATIC)
    sections = page(["likelihood", "bce", "softmax"], stills)
    figure = f'<section><h2>A figure</h2>{TEXT}<div class="cell"><ce-explorer'
    sections = sections.replace("<ce-explorer", figure)
    sections = sections.replace("</ce-explorer>", "</ce-explorer></div></section>")
    sections = sections.replace("<body>", "<body><article><section><h1>Three figures</h1>")
    sections = sections.replace("explorers.css", "_static/style.css")
    sections = sections.replace("<html", '<html data-root=""')
    fonts = f"text.woff2?{static.version()} plain.woff2?{static.version()}"
    script = f'<script data-fonts="{fonts}">{first.SCRIPT}</script><link rel="stylesheet'
    sections = sections.replace('<link rel="stylesheet', script, 1)
    (folder / "three.html").write_text(sections, "utf-8")
    without = re.sub(r"<ce-explorer.*?</ce-explorer>", "", sections, flags=re.DOTALL)
    (folder / "none.html").write_text(without, "utf-8")
    return sizes


def longest_tasks(page, address):
    """Milliseconds of the longest task over 50 ms while a page loads, and while it is read."""
    page.ask(
        "Emulation.setDeviceMetricsOverride",
        width=412,
        height=823,
        deviceScaleFactor=1,
        mobile=True,
    )
    page.ask("Emulation.setCPUThrottlingRate", rate=SLOWER)
    page.ask("Page.navigate", url=address)
    time.sleep(3)
    loaded, loading = page.evaluate(f"({LONGEST})(0)")
    page.evaluate(READ)
    _, scrolling = page.evaluate(f"({LONGEST})({loaded})")
    page.close()
    return loading, scrolling


def main():
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sizes = write(Path(folder))
        browser = playwright.chromium.launch(executable_path=installed(), args=["--no-sandbox"])
        with serving(folder) as address:
            print(f"{'figure':12}{'median ms':>11}{'p95 ms':>9}{'single':>9}{'KB gzip':>10}")
            for name in joining.MODULES:
                tab = browser.new_page()
                tab.goto(f"{address}/{name}.html")
                tab.wait_for_selector(".ce-alive")
                slowed = tab.context.new_cdp_session(tab)
                slowed.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
                tab.evaluate(MEASURE, 100)  # once through, as after a reader's first moves
                runs = [tab.evaluate(MEASURE, EVENTS) for _ in range(RUNS)]
                times = [statistics.median(same) for same in zip(*runs, strict=True)]
                p95, one = percentile(times), percentile([*chain(*runs)])
                median, kilobytes = statistics.median(times), sizes[name] / 1000
                print(f"{name:12}{median:11.2f}{p95:9.2f}{one:9.2f}{kilobytes:10.1f}")
                tab.close()
            total = sum(sizes.values()) / 1000
            print(
                f"{'core':12}{'':29}{sizes['element'] / 1000:10.1f}\n{'all':12}{'':29}{total:10.1f}"
            )
        browser.close()
        print(f"longest task over 50 ms of a page, {LOADS} loads (0: none)")
        executable = installed() or playwright.chromium.executable_path
        with serving(folder) as address, undriven(executable) as page:
            for name, what in (("three", "three figures"), ("none", "the same without")):
                times = [longest_tasks(page(), f"{address}/{name}.html") for _ in range(LOADS)]
                for part, row in zip(
                    ("loading", "scrolling"), zip(*times, strict=True), strict=True
                ):
                    print(f"{what:20}{part:12}" + "".join(f"{t:6.0f}" for t in row))


if __name__ == "__main__":
    main()
