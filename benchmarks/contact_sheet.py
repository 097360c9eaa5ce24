"""`make contact-sheet`: every page of the book, in both themes and at both widths, to look over.

Writes `_build/contact-sheet/<theme>-<width>-<n>.jpg`, a dozen pages a sheet, each at full length.
"""

import sys
from io import BytesIO

from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

from utils.site.browser import installed
from utils.site.node import ROOT
from utils.site.serve import serving

SITE = ROOT / "_build" / "html"
TARGET = ROOT / "_build" / "contact-sheet"
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
COLUMN, TALLEST, GAP, A_SHEET = 320, 4800, 12, 12

# The whole page at once (first.js shows it in parts), in its own faces, its figures alive.
SHOW_ALL = """async () => {
    document.documentElement.classList.add("whole");
    if (document.querySelector("ce-explorer")) await customElements.whenDefined("ce-explorer");
    for (const image of document.images) image.loading = "eager";
    for (const figure of document.querySelectorAll("ce-explorer")) figure.start();
    document.documentElement.getBoundingClientRect();
    const frame = () => new Promise((then) => requestAnimationFrame(() => setTimeout(then)));
    do { await frame(); await document.fonts.ready; }
    while ([...document.fonts].some((face) => face.status === "loading"));
    await frame();
}"""


def pictures(browser, address, pages, theme, width):
    """(page, picture of it from top to bottom) in one theme at one width."""
    size = {"width": width, "height": 900}
    context = browser.new_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    for name in pages:
        page.goto(f"{address}/{name}")
        page.evaluate(SHOW_ALL)
        page.wait_for_load_state("networkidle")
        picture = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
        height = min(TALLEST, round(picture.height * COLUMN / picture.width))
        picture = picture.resize((COLUMN, round(picture.height * COLUMN / picture.width)))
        yield name, picture.crop((0, 0, COLUMN, height))
    context.close()


def sheet(named):
    """Pictures side by side, each below the name of its page."""
    height = max(picture.height for _, picture in named) + 30
    whole = Image.new("RGB", ((COLUMN + GAP) * len(named), height), "#888888")
    draw = ImageDraw.Draw(whole)
    for i, (name, picture) in enumerate(named):
        draw.text(((COLUMN + GAP) * i + 4, 6), name, fill="#ffffff")
        whole.paste(picture, ((COLUMN + GAP) * i, 24))
    return whole


def main():
    pages = [path.relative_to(SITE).as_posix() for path in sorted(SITE.rglob("*.html"))]
    if not pages:
        sys.exit("There is no built book: run `make book` first.")
    TARGET.mkdir(parents=True, exist_ok=True)
    with serving(SITE) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=installed(), args=["--no-sandbox", "--disable-gpu"]
        )
        for theme, width in LOOKS:
            shown = list(pictures(browser, address, pages, theme, width))
            for n in range(0, len(shown), A_SHEET):
                target = TARGET / f"{theme}-{width}-{n // A_SHEET + 1}.jpg"
                sheet(shown[n : n + A_SHEET]).save(target, quality=80)
                print(target)
        browser.close()


if __name__ == "__main__":
    main()
