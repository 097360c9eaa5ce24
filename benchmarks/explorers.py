"""The explorers: from an input event to the finished DOM, on a slowed processor; and their size.

Every slider of every figure is moved through its range by input events in Chromium, slowed four
times. A page with three figures is loaded, slowed as much, and its longest task reported.
"""

import gzip
import json
import statistics
import subprocess
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.find_browser import installed
from utils.explorers import joining
from utils.site.node import NODE
from utils.site.scripts import minified
from utils.site.serve import serving

SLOWER = 4
EVENTS = 400

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
LONG_TASKS = """
window.longTasks = [];
new PerformanceObserver(list => longTasks.push(...list.getEntries().map(e => e.duration)))
  .observe({type: 'longtask', buffered: true});
"""


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
    three = ["likelihood", "bce", "softmax"]
    (folder / "three.html").write_text(page(three, stills), "utf-8")
    return sizes


def main():
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        sizes = write(Path(folder))
        browser = playwright.chromium.launch(executable_path=installed(), args=["--no-sandbox"])
        with serving(folder) as address:
            print(f"{'figure':12}{'median ms':>11}{'p95 ms':>9}{'KB gzip':>10}")
            for name in joining.MODULES:
                tab = browser.new_page()
                tab.goto(f"{address}/{name}.html")
                tab.wait_for_selector(".ce-alive")
                slowed = tab.context.new_cdp_session(tab)
                slowed.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
                tab.evaluate(MEASURE, 100)  # once through, as after a reader's first moves
                times = sorted(tab.evaluate(MEASURE, EVENTS))
                p95 = times[int(0.95 * len(times))]
                kilobytes = sizes[name] / 1000
                print(f"{name:12}{statistics.median(times):11.2f}{p95:9.2f}{kilobytes:10.1f}")
                tab.close()
            total = sum(sizes.values()) / 1000
            print(
                f"{'core':12}{'':20}{sizes['element'] / 1000:10.1f}\n{'all':12}{'':20}{total:10.1f}"
            )
            tab = browser.new_page()
            tab.add_init_script(LONG_TASKS)
            slowed = tab.context.new_cdp_session(tab)
            slowed.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            tab.goto(f"{address}/three.html")
            tab.wait_for_selector(".ce-alive")
            for at in range(3):
                tab.locator("ce-explorer").nth(at).scroll_into_view_if_needed()
            tab.wait_for_timeout(1500)
            tasks = tab.evaluate("longTasks")
            longest = f"longest {max(tasks):.0f} ms" if tasks else "none"
            print(f"tasks over 50 ms while a page with three figures loads: {longest}")
        browser.close()


if __name__ == "__main__":
    main()
