"""What holds for every page of the built site: lean, readable, reachable, publishable."""

import gzip
import json
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import PurePosixPath
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser.waiting import until_page
from utils.plotting import PALETTE
from utils.site import first, pdf
from utils.site.node import packages
from utils.site.serve import serving

WIDE, PHONE, NARROW = 1280, 390, 320
FIRST_VISIT, NEXT_PAGE = 160_000, 60_000  # bytes, compressed, besides the page's own pictures
WIDEST_LINE = 75  # characters
# Nothing is left that first.js shows later.
PARTS = ":is(.ce-figure, .ce-formula, .ce-panel > *)"
WHOLE = f"""![...document.querySelectorAll("article > section > section > *, .shown {PARTS}")]
    .some((e) => getComputedStyle(e).contentVisibility === "hidden")"""


class Outline(HTMLParser):
    """What a page links to, the places it can be linked at, its images, its head."""

    def __init__(self, markup):
        super().__init__()
        self.links, self.ids, self.images, self.meta = [], set(), [], {}
        self.title, self.lang, self.within = "", None, None
        self.feed(markup)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.within = tag
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "html":
            self.lang = given.get("lang")
        if tag == "meta":
            self.meta[given.get("name") or given.get("property")] = given.get("content")
        if tag == "img":
            self.images.append(given)
        self.links += [given[name] for name in ("href", "src") if name in given]

    def handle_data(self, data):
        if self.within == "title":
            self.title += data
            self.within = None


@pytest.fixture(scope="session")
def outlines(site_dir):
    """Every page of the site, by its path."""
    return {
        path.relative_to(site_dir).as_posix(): Outline(path.read_text("utf-8"))
        for path in sorted(site_dir.rglob("*.html"))
    }


@pytest.fixture(scope="session")
def chapters(outlines):
    """The pages made from a source file: all but search, help and the like."""
    return [name for name, page in outlines.items() if page.meta.get("og:image")]


@pytest.fixture(scope="session")
def axe():
    return (packages(development=True) / "axe-core" / "axe.min.js").read_text("utf-8")


def new_page(browser, width=WIDE, theme="light", **options):
    """A page in a context of its own; its `problems` collect what went wrong on it."""
    size = {"width": width, "height": 900}
    page = browser.new_context(viewport=size, color_scheme=theme, **options).new_page()
    page.problems = []
    page.on("console", lambda said: page.problems.append(f"{page.url}: {said.text}"))
    page.on("pageerror", lambda error: page.problems.append(f"{page.url}: {error}"))
    page.on("requestfailed", lambda r: page.problems.extend(lost(r)))
    return page


@pytest.fixture
def open_page(browser):
    """Opens pages in a context of the given kind."""
    pages = []

    def start(*args, **options):
        pages.append(new_page(browser, *args, **options))
        return pages[-1]

    yield start
    for page in pages:
        page.context.close()


def lost(request):
    """A request that came to nothing; one that ended because the page was left does not count."""
    return [] if "ABORTED" in request.failure else [f"no {request.url}: {request.failure}"]


FIGURES_KNOWN = """() => document.querySelector("ce-explorer")
    && customElements.whenDefined("ce-explorer")"""


def bring_alive(page):
    """Start every explorer and question now, wherever on the page it is; be a keyboard's reader."""
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.evaluate(FIGURES_KNOWN)
    page.evaluate("""() => Promise.all([...document.querySelectorAll("ce-explorer")].map((e) => {
        e.start();
        return new Promise((then) => {
            const look = () => e.end || e.querySelector("form") ? then() : setTimeout(look, 10);
            look();
        });
    }))""")


# To a screen reader a formula is one thing; their pieces are most of a page's elements.
AXE = """async ([only]) => {
    const rules = { "color-contrast-enhanced": { enabled: true } };
    const options = { resultTypes: ["violations"], rules, ...(only && { runOnly: only }) };
    const { violations } = await axe.run({ exclude: [[".katex"]] }, options);
    const where = (n) => `${n.target} ${n.any.map((a) => a.message).slice(0, 1)}`;
    return violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map(where).join(" | ")}`);
}"""
CONTRAST = ["color-contrast", "color-contrast-enhanced"]


@pytest.fixture(scope="session")
def visited(browser, outlines, site_url, axe):
    """Every page, opened once at each width, with all that several tests ask about it."""

    @cache
    def visit(width):
        page = new_page(browser, width, reduced_motion="reduce")
        asked, open_requests = [], set()
        page.on("request", lambda r: (asked.append(r.url), open_requests.add(r)))
        for event in ("requestfinished", "requestfailed"):
            page.on(event, lambda r: open_requests.discard(r))
        seen = SimpleNamespace(foreign=[], fetched={}, wide=[], violations=[])
        for name in outlines:
            asked.clear()
            page.goto(f"{site_url}/{name}")
            page.evaluate("document.fonts.ready")
            page.evaluate(FIGURES_KNOWN)
            page.wait_for_timeout(50)
            while open_requests:
                page.wait_for_timeout(10)
            seen.fetched[name] = set(asked)
            bring_alive(page)
            page.evaluate(axe)
            found = page.evaluate(AXE, [None])
            # The other theme changes colours and nothing else.
            page.emulate_media(color_scheme="dark")
            until_page(page, "document.documentElement.dataset.theme === 'dark'")
            found += [f"dark: {violation}" for violation in page.evaluate(AXE, [CONTRAST])]
            page.emulate_media(color_scheme="light")
            seen.violations += [f"{name}: {violation}" for violation in found]
            for narrower in (PHONE, NARROW, 640) if width == PHONE else (WIDE,):
                page.set_viewport_size({"width": narrower, "height": 900})
                if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                    seen.wide.append(f"{name} at {narrower}")
            page.set_viewport_size({"width": width, "height": 900})
            seen.foreign += [url for url in asked if not url.startswith((site_url, "data:"))]
        seen.problems = page.problems
        page.context.close()
        return seen

    return visit


def mathematics_page(site_dir, chapters):
    """The page with the most formulas."""
    return max(chapters, key=lambda name: (site_dir / name).read_text("utf-8").count('"katex"'))


def explorer_page(site_dir, chapters):
    return next(n for n in chapters if "<ce-explorer" in (site_dir / n).read_text("utf-8"))


# ---- Requests, scripts, weight -----------------------------------------------------------------


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_pages_ask_no_other_host_and_log_nothing(visited, width):
    assert not visited(width).foreign
    assert not visited(width).problems


def test_pages_carry_no_inline_script_but_the_one_that_the_policy_names(outlines, site_dir):
    for name in outlines:
        text = (site_dir / name).read_text("utf-8")
        inline = re.findall(r"<script(?![^>]* src=)[^>]*>(.*?)</script>", text, re.DOTALL)
        assert inline == [first.SCRIPT], name
        assert not re.search(r"<[^>]* on[a-z]+=", text), name


def test_pages_work_from_a_folder(outlines, site_dir, open_page, chapters):
    page = open_page()
    for name in outlines:
        if name != "404.html":
            page.goto((site_dir / name).as_uri())
            bring_alive(page)
    assert not page.problems
    page.goto((site_dir / chapters[0]).as_uri())
    page.keyboard.press("/")
    page.keyboard.type("entropy")
    page.locator("dialog .results li").first.wait_for()


def test_pages_work_below_a_path(site_dir, chapters, open_page):
    with serving(site_dir, prefix="/a/book") as address:
        page = open_page()
        for name in ("index.html", mathematics_page(site_dir, chapters)):
            page.goto(f"{address}/{name}")
            bring_alive(page)
        page.locator(".brand").click()
        assert page.url == f"{address}/index.html"
        assert not page.problems


def compressed(site_dir, site_url, url):
    path = site_dir / urlsplit(url.removeprefix(site_url)).path.lstrip("/")
    body = path.read_bytes()
    return len(body) if path.suffix == ".woff2" else len(gzip.compress(body, 6))


def test_pages_are_light(site_dir, site_url, chapters, visited):
    def weight(urls):
        return sum(compressed(site_dir, site_url, url) for url in urls)

    fetched = {
        name: {u for u in urls if "/_images/" not in u and not u.startswith("data:")}
        for name, urls in visited(PHONE).fetched.items()
    }
    heavy = {name: weight(fetched[name]) for name in chapters}
    assert max(heavy.values()) <= FIRST_VISIT, heavy
    known = set(fetched[max(heavy, key=heavy.get)])
    for name in chapters:
        more = weight(fetched[name] - known)
        assert more <= NEXT_PAGE, f"{name}: {more} bytes"
        known |= fetched[name]


# ---- Links, heads, pictures --------------------------------------------------------------------


def test_internal_links_lead_somewhere(outlines, site_dir):
    broken = []
    for name, page in outlines.items():
        if name == "404.html":
            continue
        for link in page.links:
            if urlsplit(link).scheme:
                continue
            target, anchor = urldefrag(
                urljoin(name, link.split("?")[0]) if link[0] != "#" else name + link
            )
            anchor = anchor or urldefrag(link)[1]
            path = site_dir / unquote(target)
            if not path.is_file() or (
                anchor and path.suffix == ".html" and unquote(anchor) not in outlines[target].ids
            ):
                broken.append(f"{name}: {link}")
    assert not broken


def test_heads_say_what_the_page_is(outlines, chapters):
    titles = [page.title for page in outlines.values()]
    assert len(set(titles)) == len(titles)
    for name, page in outlines.items():
        assert page.lang == "en", name
        assert 20 <= len(page.meta["description"]) <= 160, f"{name}: {page.meta['description']}"
        assert "width=device-width" in page.meta["viewport"]
    assert {"index.html"} < set(chapters)


def test_cards_are_of_the_size_that_is_promised(outlines, chapters, site_dir):
    from PIL import Image

    for name in chapters:
        card = PurePosixPath(outlines[name].meta["og:image"]).name
        assert Image.open(site_dir / "_images" / card).size == (1200, 630)


def test_pictures_have_a_size_and_words(outlines):
    for name, page in outlines.items():
        for image in page.images:
            assert image.get("width") and image.get("height"), f"{name}: {image}"
            assert len(image.get("alt", "")) > 10 and "_images" not in image["alt"], (
                f"{name}: {image}"
            )


def test_drawings_have_a_dark_twin_and_no_white_ground(outlines, site_dir):
    light = {pair[0] for pair in PALETTE.values()}
    for name, page in outlines.items():
        for image in page.images:
            if not image["src"].endswith(".svg"):
                continue
            drawing = (site_dir / urljoin(name, image["src"])).read_text("utf-8")
            dark = image["src"].endswith("-dark.svg")
            assert not re.search(r'id="patch_1">\s*<path[^>]*fill: #f{3,6}', drawing), image["src"]
            if dark:
                assert not any(colour in drawing for colour in light), f"{name}: {image['src']}"


def test_a_wrong_address_is_answered_at_any_depth(site_url, open_page):
    page = open_page()
    assert page.goto(f"{site_url}/no/such/page.html").status == 404
    assert page.evaluate("getComputedStyle(document.querySelector('.bar')).position") == "sticky"
    page.locator("main").get_by_role("link", name="cover").click()
    assert page.url == f"{site_url}/index.html"


def test_a_wrong_address_below_a_path_leads_home_too(site_dir, open_page):
    with serving(site_dir, prefix="/a/book") as address:
        page = open_page()
        assert page.goto(f"{address}/no/such/page.html").status == 404
        until_page(page, "window.ceSearch && 1")
        until_page(page, "getComputedStyle(document.querySelector('.bar')).position === 'sticky'")
        page.keyboard.press("/")
        page.keyboard.type("entropy")
        page.locator("dialog .results li").first.wait_for()
        page.keyboard.press("Escape")
        page.locator("main").get_by_role("link", name="cover").click()
        assert page.url == f"{address}/index.html"


# ---- Reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_pages_are_no_wider_than_the_screen(visited, width):
    """From a phone the narrowest, 320, is looked at too, and 640: a desktop page at 200 %."""
    assert not visited(width).wide


def test_lines_are_of_a_length_that_reads_well(site_url, site_dir, chapters, open_page):
    page = open_page()
    page.goto(f"{site_url}/{mathematics_page(site_dir, chapters)}")
    longest = page.evaluate("""() => {
        const read = document.querySelector("article section > p");
        const text = read.cloneNode();
        text.style.cssText = "position: absolute; width: max-content; max-width: none";
        text.textContent = "The loss of one sample is what its label surprises us by.";
        read.before(text);
        return 57 * read.clientWidth / text.clientWidth;
    }""")
    assert 60 <= longest <= WIDEST_LINE


def test_without_javascript_text_formulas_and_figures_are_there(
    site_url, site_dir, chapters, open_page
):
    name = explorer_page(site_dir, chapters)
    for theme in ("light", "dark"):
        page = open_page(theme=theme, java_script_enabled=False)
        page.goto(f"{site_url}/{name}")
        assert page.locator("ce-explorer svg:visible").count()
        assert page.locator(".katex:visible").count()
        assert not page.locator(".ce-panel:visible").count()
        assert page.locator(".theme").is_hidden()
        ground = page.locator("body").evaluate("e => getComputedStyle(e).backgroundColor")
        assert ground == {"light": "rgb(255, 255, 255)", "dark": "rgb(20, 24, 30)"}[theme]
    phone = open_page(PHONE, java_script_enabled=False)
    phone.goto(f"{site_url}/{name}")
    phone.locator(".menu").click()
    assert phone.locator("#contents").is_visible()


def test_the_reader_chooses_the_theme(site_url, open_page):
    page = open_page(theme="light")
    page.goto(f"{site_url}/index.html")
    page.get_by_role("button", name="Dark page").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    seen = []
    page.expose_function("note", lambda theme: seen.append(theme))
    page.add_init_script(
        "new MutationObserver(() => document.body && note(document.documentElement.dataset.theme))"
        ".observe(document, { childList: true, subtree: true })"
    )
    page.reload()
    page.wait_for_timeout(200)
    assert seen and set(seen) == {"dark"}, "the page was light before it was dark"
    page.keyboard.press("d")
    assert page.locator("html").get_attribute("data-theme") == "light"


def test_search_finds_words_in_text_captions_formulas_and_code(site_url, site_dir, open_page):
    source = (site_dir / "_static" / "search-index.js").read_text("utf-8")
    sections = json.loads(source.removeprefix("ceSearch(").removesuffix(");\n"))
    assert len(sections) > 10
    page = open_page()
    page.goto(f"{site_url}/index.html")
    assert "search-index" not in " ".join(
        page.evaluate("performance.getEntriesByType('resource').map(r => r.name)")
    )
    page.keyboard.press("/")
    for words in ("likelihood", "np.array", "\\frac", "smooth bowl"):  # the last in a caption alone
        page.locator("dialog input").fill(words)
        page.locator("dialog .results a").first.wait_for()
        assert (
            words.lower() in page.locator("dialog .results").inner_text().lower()
            or words[0] == "\\"
        )
    page.locator("dialog input").fill("qqqq")
    page.get_by_text("Nothing found.").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("dialog").is_hidden()


def test_search_says_that_its_index_is_lost_and_asks_again(site_url, open_page):
    page = open_page()
    page.route("**/search-index.js", lambda route: route.abort())
    page.goto(f"{site_url}/index.html")
    page.keyboard.press("/")
    page.locator("dialog input").fill("entropy")
    page.get_by_text("The book's index did not arrive.").wait_for()
    page.unroute("**/search-index.js")
    page.locator("dialog input").fill("entropy of")
    page.locator("dialog .results a").first.wait_for()


def test_the_keyboard_reaches_everything(site_url, site_dir, chapters, open_page):
    page = open_page(PHONE)
    page.goto(f"{site_url}/{mathematics_page(site_dir, chapters)}")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the text"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.locator(".menu").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Close"
    page.keyboard.press("Escape")
    assert page.locator("#contents").is_hidden()
    unreachable = page.evaluate("""[...document.querySelectorAll(".scroll, pre, .cell_output")]
        .filter((e) => e.scrollWidth > e.clientWidth + 1 && e.tabIndex < 0)
        .filter((e) => getComputedStyle(e).overflowX !== "visible")
        .map((e) => e.outerHTML.slice(0, 200))""")
    assert not unreachable


def test_tab_counts_that_comes_before_the_script(site_url, site_dir, chapters, open_page):
    page, held = open_page(PHONE), []
    page.route("**/page.js*", lambda route: held.append(route))
    page.goto(f"{site_url}/{mathematics_page(site_dir, chapters)}", wait_until="commit")
    page.locator("footer").wait_for()
    page.keyboard.press("Tab")
    assert not page.locator(".chapter [role=group]").count()
    held[0].continue_()
    until_page(page, "document.querySelector('.chapter [role=group][tabindex]')")


@pytest.mark.parametrize(("width", "size"), [(WIDE, 1.08), (PHONE, 1)])
def test_formulas_are_as_large_as_their_text(width, size, site_url, site_dir, chapters, open_page):
    """KaTeX's own style, which stands later in the sheet, would have them a fifth larger."""
    page = open_page(width)
    page.goto(f"{site_url}/{mathematics_page(site_dir, chapters)}")
    sizes = page.evaluate("""(() => {
        const size = (element) => parseFloat(getComputedStyle(element).fontSize);
        const formulas = [...document.querySelectorAll("p .katex")];
        return formulas.map((formula) => size(formula) / size(formula.parentNode));
    })()""")
    assert sizes and sizes == pytest.approx([size] * len(sizes), rel=0.01)


def test_unseen_formulas_are_set_in_one_size_of_faces_that_are_there(
    site_url, site_dir, chapters, open_page
):
    """Else a browser looks for a system's mathematical face for each letter of each size."""
    page = open_page(PHONE)
    page.goto(f"{site_url}/{mathematics_page(site_dir, chapters)}")
    fonts = page.evaluate("""[...new Set([...document.querySelectorAll(".katex-mathml *")].map(
        (e) => getComputedStyle(e)).map((s) => `${s.fontSize},${s.fontFamily},${s.textTransform}`))]
    """)
    assert len(fonts) == 1 and fonts[0].startswith("16px,KaTeX_Main") and fonts[0].endswith("none")


WIDTHS = """async ([faces, text]) => {
  const pen = document.createElement("canvas").getContext("2d");
  return Promise.all(faces.map(async (face) => {
    const found = await document.fonts.load(`20px "${face}"`).catch(() => []);
    pen.font = `20px "${face}"`;
    return found.length ? pen.measureText(text).width : null;
  }));
}"""


def test_what_stands_in_for_a_face_is_as_wide(site_url, open_page):
    """Else every line breaks anew, and the page jumps, when the face comes on a slow network."""
    page = open_page()
    page.goto(f"{site_url}/index.html")
    text = " ".join(page.locator("main p").all_inner_texts())
    for face, others in {"Text": ("Georgia", "Noto", "Times"), "Plain": ("Arial",)}.items():
        names = [face, *(f"{face} as {other}" for other in others)]
        own, *widths = page.evaluate(WIDTHS, [names, text])
        # A machine has one or the other of them; the page asks for all.
        there = [width for width in widths if width]
        assert there == pytest.approx([own] * len(there), rel=0.02)


def test_a_page_that_comes_in_pieces_comes_whole(site_url, site_dir, chapters, open_page):
    page = open_page(PHONE)
    page.goto(f"{site_url}/{mathematics_page(site_dir, chapters)}")
    # what first.js has not come to yet; and it has something to do
    until_page(
        page, "document.querySelectorAll('article > section > section > .shown').length > 50"
    )
    until_page(page, WHOLE)


ORDER = """
window.order = [];
const frame = requestAnimationFrame;
window.requestAnimationFrame = (then) => setTimeout(() => frame(then), 60); // a slow phone
addEventListener("DOMContentLoaded", () => {
    const figure = document.querySelector("ce-explorer:has(.ce-panel)");
    setInterval(() => figure.scrollIntoView({ behavior: "instant" }), 20);
    customElements.whenDefined("ce-explorer").then(() => figure.start());
    const names = ["ce-figure", "ce-challenges", "ce-alive"];
    const known = (node) => names.filter((name) => node.classList.contains(name)
        && (name === "ce-alive" || node.classList.contains("shown")));
    new MutationObserver((list) => {
        order.push(list.flatMap((one) => known(one.target)));
    }).observe(figure, { attributeFilter: ["class"], subtree: true });
});
"""


def test_a_figure_comes_in_parts_and_alive_after_them(site_url, site_dir, chapters, open_page):
    page = open_page(PHONE)
    page.add_init_script(ORDER)
    page.goto(f"{site_url}/{explorer_page(site_dir, chapters)}")
    page.wait_for_selector("ce-explorer:has(.ce-panel) .ce-alive", timeout=30_000)
    # one list a frame: the picture, what is below it, and then the live figure
    frames = [names for names in page.evaluate("order") if names]
    first = {
        name: min(i for i, names in enumerate(frames) if name in names)
        for names in frames
        for name in names
    }
    assert first["ce-figure"] < first["ce-challenges"] < first["ce-alive"]


EARLY = """
window.early = [];
new MutationObserver((list) => list.forEach((one) => one.addedNodes.forEach((node) => {
    if (node.rel === "preload") early.push(document.body === null);
}))).observe(document, { childList: true, subtree: true });
"""


def test_the_head_itself_asks_for_the_first_fonts(site_url, open_page):
    """For these Chromium waits a moment before it paints; later ones would move what is there."""
    page = open_page(PHONE)
    page.add_init_script(EARLY)
    page.goto(f"{site_url}/index.html")
    assert page.evaluate("early") == [True, True]


def test_scripts_of_figures_are_asked_for_after_the_first_paint(
    site_url, site_dir, chapters, open_page
):
    page = open_page(PHONE)
    page.goto(f"{site_url}/{explorer_page(site_dir, chapters)}")
    page.evaluate(FIGURES_KNOWN)
    asked, painted = page.evaluate("""[
        performance.getEntriesByType("resource").find((e) => e.name.includes("/element.js")),
        performance.getEntriesByName("first-contentful-paint")[0]].map((e) => e.startTime)""")
    assert asked > painted


def test_figures_come_alive_where_a_host_refuses_the_inline_script(
    site_url, site_dir, chapters, open_page
):
    page = open_page(PHONE)
    policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"

    def strict(route):
        reply = route.fetch()
        route.fulfill(response=reply, headers={**reply.headers, "content-security-policy": policy})

    page.route("**/*.html", strict)
    page.goto(f"{site_url}/{explorer_page(site_dir, chapters)}")
    assert not page.evaluate("document.documentElement.classList.contains('staged')")
    page.wait_for_selector("ce-explorer:defined", state="attached", timeout=30_000)


def test_the_keyboard_meets_inputs_in_figures_far_below(site_url, site_dir, chapters, open_page):
    page = open_page(PHONE)
    page.goto(f"{site_url}/{explorer_page(site_dir, chapters)}")
    twins = page.evaluate("document.querySelectorAll('ce-input').length")
    assert twins and not page.evaluate("document.querySelectorAll('main input').length")
    until_page(page, "!!customElements.get('ce-explorer')")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelectorAll('main input').length") == twins
    assert not page.evaluate("document.querySelectorAll('ce-input').length")


@pytest.mark.parametrize("width", [WIDE, PHONE])
def test_pages_are_accessible(visited, width):
    """All of axe's rules, best practices too; text of the highest contrast, in both themes."""
    assert not visited(width).violations


# ---- Ways on -----------------------------------------------------------------------------------


def test_the_download_is_the_executed_notebook(site_dir, site_url, chapters, open_page, root):
    page = open_page()
    name = explorer_page(site_dir, chapters)
    page.goto(f"{site_url}/{name}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Notebook").click()
    assert download.value.suggested_filename == PurePosixPath(name).stem + ".ipynb"
    notebook = nbformat.read(download.value.path(), as_version=4)
    assert any(cell.get("outputs") for cell in notebook.cells)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(root)}}).execute()


def test_every_page_leads_to_the_one_list_of_progress(outlines, site_url, open_page):
    for name, outline in outlines.items():
        assert any(link.endswith("#sec-your-progress") for link in outline.links), name
    page = open_page(PHONE)
    page.goto(f"{site_url}/index.html")
    until_page(page, WHOLE)  # a browser warns of looks at what is hidden, such as a locator's
    page.get_by_role("link", name="Your progress").click()
    page.locator(".ce-solved .ce-button:enabled").first.wait_for()
    titles = page.locator(".ce-solved tbody a").all_inner_texts()
    assert "Surprise" in titles and "Gradients" in titles
    heads = page.locator(".ce-solved thead").all_inner_texts()
    assert ["Challenges" in head for head in heads] == [True, False]
    assert not page.problems


def test_progress_comes_alive_without_moving_anything(site_url, open_page):
    heights = []
    for script in (False, True):
        page = open_page(PHONE)
        if not script:
            page.route("**/explorers/*.js*", lambda route: route.abort())
        page.goto(f"{site_url}/exercises/index.html#sec-your-progress")
        if script:
            page.locator(".ce-solved .ce-button:enabled").first.wait_for()
        page.evaluate("document.fonts.ready")
        heights.append(page.locator("ce-explorer").bounding_box()["height"])
    assert heights[0] == pytest.approx(heights[1], abs=1)


def test_the_book_prints_as_one_pdf(site_dir, browser, chromium_path, tmp_path, monkeypatch):
    here = chromium_path or browser.browser_type.executable_path
    monkeypatch.setattr(pdf, "installed", lambda: here)
    monkeypatch.setattr(pdf, "SITE", site_dir)
    monkeypatch.setattr(pdf, "TARGET", tmp_path / "book.pdf")
    pdf.main()
    printed = (tmp_path / "book.pdf").read_bytes()
    assert printed.startswith(b"%PDF") and b"/Outlines" in printed
    html = pdf.document()
    assert "Solution to" in html and "<details><summary>" not in html
    anchors = set(re.findall(r'\bid="([^"]+)"', html))
    assert set(re.findall(r'href="#([^"]+)"', html)) <= anchors
