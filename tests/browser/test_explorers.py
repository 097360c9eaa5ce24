"""The explorers in a real browser, as readers meet them: by mouse, keyboard, finger and number.

A small page of its own holds them, served under the site's strict policy, with the pictures that
the build would have drawn and the scripts that it would have joined.
"""

import html
import json
import re
import subprocess

import numpy as np
import pytest

from tests.browser.waiting import until_page
from utils import explorers, losses
from utils.explorers import joining
from utils.site.node import NODE, packages
from utils.site.scripts import minified
from utils.site.serve import serving

MODULES = joining.MODULES
LAYOUT_SHIFT = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => sum += e.value))
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 100);
})"""
# The same, from the first picture on.
WATCH_SHIFTS = """async () => {
  for (const _ of [1, 2]) await new Promise(requestAnimationFrame);
  window.shifted = 0;
  new PerformanceObserver(list => list.getEntries().forEach(e => shifted += e.value))
    .observe({type: 'layout-shift'});
}"""
SHIFTED = "() => new Promise(done => setTimeout(() => done(shifted), 100))"


def document(body, theme="light"):
    return (
        f'<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Explorers</title>'
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="explorers.css">'
        "<style>body { margin: 16px; font: 16px sans-serif; background: "
        f"{'#14181e' if theme == 'dark' else '#fff'} }}</style>"
        f'<script defer src="element.js"></script></head><body><main>{body}</main></body></html>'
    )


@pytest.fixture(scope="session")
def explorer_pages(tmp_path_factory):
    """A folder with a page an explorer, one with all of them, light and dark."""
    folder = tmp_path_factory.mktemp("explorers")
    (folder / "explorers.css").write_text(joining.style(), "utf-8")
    for name in ("element", *MODULES):
        script = minified(joining.classic_script(name))
        (folder / f"{name}.js").write_text(script, "utf-8")
    questions = "".join(json.dumps({"module": m, "state": {}}) + "\n" for m in MODULES)
    drawn = subprocess.run(
        [NODE, str(joining.HERE / "render.mjs")],
        input=questions,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    elements = {
        m: f'<ce-explorer module="{m}" state="{{}}">{json.loads(line)}</ce-explorer>'
        for m, line in zip(MODULES, drawn.stdout.splitlines(), strict=True)
    }
    for m, element in elements.items():
        (folder / f"{m}.html").write_text(document(element), "utf-8")
    far = '<p style="height: 3000px">far</p>'
    (folder / "far.html").write_text(document(far + elements["bce"]), "utf-8")
    (folder / "two.html").write_text(document(elements["bce"] * 2), "utf-8")
    (folder / "empty.html").write_text('<!doctype html><link rel="icon" href="data:,">', "utf-8")
    for theme in ("light", "dark"):
        every = "".join(elements.values())
        (folder / f"all-{theme}.html").write_text(document(every, theme), "utf-8")
    return folder


@pytest.fixture(scope="session")
def address(explorer_pages):
    with serving(explorer_pages) as root:
        yield root


@pytest.fixture
def open_page(browser, address):
    """Opens a page of the folder; fails at the end if the browser complained about anything."""
    contexts, complaints = [], []

    def open_page(path, width=1280, root=address, wait=True, **options):
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: complaints.append(str(e)))
        page.goto(f"{root}/{path}")
        if wait:
            page.wait_for_selector(".ce-alive")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints


def slider(page, name, item=None):
    which = "" if item is None else f'[data-item="{item}"]'
    return page.locator(f'input.ce-range[data-name="{name}"]{which}')


def entry(page, name, item=None):
    which = "" if item is None else f'[data-item="{item}"]'
    return page.locator(f'input.ce-number[data-name="{name}"]{which}')


def shown(page):
    """The numbers in the formula line, as floats."""
    text = page.locator(".ce-formula").inner_text().replace("−", "-")
    return [float(n) for n in re.findall(r"-?\d+\.\d{4}", text)]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("width", [1280, 390])
def test_comes_alive_and_nothing_jumps(open_page, module, width):
    page, held = open_page("empty.html", width, wait=False), []
    page.route(f"**/{module}.js", lambda route: held.append(route))
    with page.expect_request(f"**/{module}.js"):
        page.goto(page.url.replace("empty", module), wait_until="domcontentloaded")
    page.evaluate(WATCH_SHIFTS)
    held[0].continue_()
    page.wait_for_selector(".ce-alive")
    assert page.evaluate(SHIFTED) == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("svg[role=img]:visible").bounding_box()
    assert box["width"] > 300 and box["height"] > 200
    # Letters keep a readable size on both.
    assert 0.85 < box["width"] / (680 if width > 520 else 360) < 1.5
    # What the reader does must be seen, and undone.
    before = page.locator("svg[role=img]:visible").inner_html()
    name = page.locator("input.ce-range:visible").first
    name.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("svg[role=img]:visible").inner_html() != before
    page.get_by_role("button", name="Reset").click()
    assert page.locator("svg[role=img]:visible").inner_html() == before
    assert page.evaluate(SHIFTED) == 0


# What the network brings in pieces: a tag, a moment in which it may be painted, the next tag.
IN_PIECES = """async (text) => {
  const start = text.indexOf('<p class="ce-formula"');
  const pieces = text.slice(start).match(/[^<]*<[^>]*>/g);
  const [head, body] = text.slice(0, start).split("<main>");
  document.open();
  document.write(head);
  const frame = () => new Promise(requestAnimationFrame);
  while (!document.querySelector("[rel=stylesheet]").sheet) await frame();
  document.write("<main>" + body);
  for (const piece of pieces) {
    document.write(piece);
    await frame();
  }
  document.close();
}"""


@pytest.mark.parametrize("module", MODULES)
def test_nothing_jumps_while_the_page_comes_in(open_page, explorer_pages, module):
    page = open_page("empty.html", wait=False)
    page.evaluate(IN_PIECES, (explorer_pages / f"{module}.html").read_text("utf-8"))
    page.wait_for_selector(".ce-alive")
    assert page.evaluate(LAYOUT_SHIFT) == 0


# Walks through random states, some by one control alone; `write` changes one picture and one
# formula all along, and each must equal what the browser makes of the same markup written anew.
WALK = """([name, steps]) => {
  const { core, modules } = ceExplorers;
  const def = modules[name].explorer;
  let seed = 1;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const any = (c, old) => {
    if (c.kind === "choice") return c.options[Math.floor(random() * c.options.length)][0];
    if (c.kind === "switch") return random() < 0.5;
    const [min, max] = [c.min ?? 0, c.max ?? 1];
    const one = () => (random() < 0.1 ? min : random() < 0.1 ? max : min + (max - min) * random());
    if (c.kind === "points") return old.map((p) => p.map(one));
    if (c.kind !== "list") return one();
    const [least, most] = c.lengths ?? [old.length, old.length];
    return Array.from({ length: least + Math.floor(random() * (most - least + 1)) }, one);
  };
  const make = () => document.createElementNS("http://www.w3.org/2000/svg", "g");
  const places = new Map();
  const wrong = [];
  let [state] = core.clean(def, {});
  let parsed = 0;
  for (let i = 0; i < steps; i++) {
    const alone = def.controls[i % def.controls.length];
    const moved = i % 3 === 0 ? def.controls : [alone];
    const asked = Object.fromEntries(moved.map((c) => [c.name, any(c, state[c.name])]));
    [state] = core.clean(def, { ...state, ...asked }, state);
    const d = def.derive(state);
    const pieces = def.draw(state, d, core.frameOf(def, false)).map((html) => [make, html]);
    pieces.push([() => document.createElement("p"), def.formula(state, d)]);
    pieces.forEach(([create, html], k) => {
      const at = places.get(k) ?? { place: create(), is: undefined };
      const before = at.is;
      at.is = core.write(at.place, html, at.is);
      if (at.is !== before) parsed++;
      const anew = create();
      anew.innerHTML = html;
      if (!at.place.isEqualNode(anew)) wrong.push([i, k, at.place.innerHTML, anew.innerHTML]);
      places.set(k, at);
    });
  }
  return { wrong: wrong.slice(0, 2), parsed: parsed / steps / places.size };
}"""


@pytest.mark.parametrize("module", MODULES)
def test_a_changed_picture_equals_one_drawn_anew(open_page, module):
    walked = open_page(f"{module}.html").evaluate(WALK, [module, 300])
    assert walked["wrong"] == []
    assert walked["parsed"] < 0.6, "most changes set values, and parse nothing"


@pytest.mark.parametrize("module", ["bce", "temperature"])
def test_runs_from_a_file(open_page, explorer_pages, module):
    page = open_page(f"{module}.html", root=explorer_pages.as_uri())
    slider(page, "z" if module == "bce" else "temperature").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".ce-notice").inner_text() == ""


def test_sliders_answer_the_keyboard_with_numpys_numbers(open_page):
    page = open_page("bce.html")
    slider(page, "z").focus()
    for key, z in (("ArrowRight", -1.9), ("ArrowLeft", -2.0), ("Home", -8.0), ("End", 8.0)):
        page.keyboard.press(key)
        assert float(entry(page, "z").input_value()) == pytest.approx(z)
        loss, _, slope = shown(page)
        assert loss == pytest.approx(float(losses.bce_with_logits(z, 1.0)), abs=5e-5)
        assert slope == pytest.approx(float(losses.grad_bce_with_logits(z, 1.0)), abs=5e-5)
    page.keyboard.press("PageDown")
    assert float(entry(page, "z").input_value()) < 7


def test_the_point_is_dragged_by_mouse(open_page):
    page = open_page("bce.html")
    box = page.locator(".ce-handle").bounding_box()
    figure = page.locator("svg[role=img]:visible").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + figure["width"] * 155 / 680, y - 30, steps=5)  # four logits to the right
    page.mouse.up()
    z = float(entry(page, "z").input_value())
    assert z == pytest.approx(2.0, abs=0.06)
    assert shown(page)[0] == pytest.approx(float(losses.bce_with_logits(z, 1.0)), abs=5e-5)
    page.mouse.move(x, y)
    assert float(entry(page, "z").input_value()) == z  # let go


def test_bars_are_dragged_by_finger_and_the_page_stays(open_page):
    page = open_page("softmax.html", 390, has_touch=True)
    touch = page.context.new_cdp_session(page)
    box = page.locator('[data-handle="z0"]').bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def send(kind, *points):
        points = [{"x": px, "y": py} for px, py in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", (x, y))
    for step in range(1, 6):
        send("touchMove", (x, y - 6 * step))
    send("touchEnd")
    z = float(entry(page, "z", 0).input_value())
    assert z > 3.5
    assert page.evaluate("scrollY") == 0
    p = losses.softmax(np.array([z, 1.0, -1.0]))[1]
    assert shown(page)[0] == pytest.approx(p, abs=5e-5)


def test_points_move_by_arrow_keys(open_page):
    page = open_page("training.html")
    handle = page.get_by_role("button", name="movable point of class 0")
    handle.focus()
    before = page.evaluate("document.activeElement.style.left")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert page.evaluate("document.activeElement.style.left") != before
    until_page(page, "location.search === '?training=points:0.7,0.5,-1.1,0.2'")
    widget = explorers.Training(points=[[0.7, 0.5], [-1.1, 0.2]])
    assert shown(page)[0] == pytest.approx(widget.size, abs=5e-5)


def test_numbers_are_entered_and_kept_in_range(open_page):
    page = open_page("bce.html")
    field = entry(page, "z")
    field.fill("-3.21")
    field.press("Enter")
    assert shown(page)[0] == pytest.approx(float(losses.bce_with_logits(-3.21, 1.0)), abs=5e-5)
    field.fill("1000")
    field.blur()
    assert field.input_value() == "40"
    assert "logit z goes from −40 to 40" in page.locator(".ce-notice").inner_text()
    field.fill("")
    field.blur()
    assert "not a number" in page.locator(".ce-notice").inner_text()
    assert field.input_value() == "40"


def test_choices_switches_presets_and_counts(open_page):
    page = open_page("weights.html")
    page.get_by_label("sum").check()
    weighted = explorers.Weights(reduction="sum")
    assert shown(page)[0] == pytest.approx(weighted.weighted, abs=5e-5)
    page.get_by_role("button", name="30 to 2").click()
    assert entry(page, "common").input_value() == "30"
    page = open_page("softmax.html")
    page.get_by_role("button", name="one classes more").click()
    assert slider(page, "z", 3).is_visible() and not slider(page, "z", 4).is_visible()
    p = losses.softmax(np.array([2.0, 1.0, -1.0, 0.0]))[1]
    assert shown(page)[0] == pytest.approx(p, abs=5e-5)
    page = open_page("bce.html")
    page.get_by_role("checkbox").check()
    entry(page, "y").fill("0")
    entry(page, "z").fill("20")
    entry(page, "z").press("Enter")
    words = page.locator("svg[role=img]:visible").text_content()
    assert "inf" in words and "20.0000" in words


def test_the_address_holds_the_state_and_a_link_reproduces_it(open_page):
    page = open_page("information.html")
    assert page.evaluate("location.search") == ""
    slider(page, "q", 0).focus()
    page.keyboard.press("Home")
    until_page(page, "location.search !== ''")
    picture = page.locator("svg[role=img]:visible").inner_html()
    page.reload()
    page.wait_for_selector(".ce-alive")
    assert page.locator("svg[role=img]:visible").inner_html() == picture
    page.get_by_role("button", name="Reset").click()
    until_page(page, "location.search === ''")


def test_two_of_a_kind_have_two_places_in_the_address(open_page):
    page = open_page("two.html")
    until_page(page, "document.querySelectorAll('.ce-alive').length === 2")
    for at in (0, 1):
        page.locator(".ce").nth(at).locator('.ce-number[data-name="z"]').fill(str(at + 1))
    until_page(page, "location.search === '?bce=z:1&bce-2=z:2'")
    assert page.locator(".ce").nth(0).locator('.ce-number[data-name="z"]').input_value() == "1"


@pytest.mark.parametrize(
    ("search", "notice", "z"),
    [
        ("?bce=z:abc", "logit z: not a number, so −2 is shown.", "-2"),
        ("?bce=z:9999", "logit z goes from −40 to 40: 40 is shown.", "40"),
        ("?bce=nonsense:1", "The address names something that this figure does not have.", "-2"),
        ("?bce=preset:sure-and-right", "", "4"),
        ("?bce=preset:nothing", "There is no preset “nothing”.", "-2"),
        ("?bce=%E0%A4%A", "", "-2"),
        ("?bce=z:1:2;;:;z", "logit z: not a number, so −2 is shown.", "-2"),
    ],
)
def test_a_broken_address_falls_back_with_a_notice(open_page, search, notice, z):
    page = open_page(f"bce.html{search}")
    assert page.locator(".ce-notice").inner_text() == notice
    assert entry(page, "z").input_value() == z
    assert page.locator("svg[role=img]:visible text").count() > 5


def test_challenges_are_recognised_and_remembered(open_page):
    page = open_page("bce.html?bce=z:0.1")
    assert page.locator(".ce-progress").inner_text() == "Challenges: 0 of 4"
    assert page.locator(".ce-met").count() == 0
    slider(page, "z").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator('[data-challenge="ln2"]').get_attribute("class") == "ce-met"
    assert "Challenge met" in page.locator(".ce-notice").inner_text()
    assert page.evaluate("localStorage['ce-challenges']") == '{"bce":["ln2"]}'
    page.reload()
    page.wait_for_selector(".ce-alive")
    assert page.locator(".ce-progress").inner_text() == "Challenges: 1 of 4"


def test_a_state_that_came_by_link_meets_no_challenge(open_page):
    page = open_page("bce.html?bce=z:0")
    slider(page, "z").focus()
    page.keyboard.press("Shift")
    assert page.locator(".ce-met").count() == 0
    page.keyboard.press("ArrowLeft")
    assert page.locator(".ce-met").count() == 0
    page.keyboard.press("ArrowRight")
    assert page.locator(".ce-met").count() == 1


def test_hints_come_after_a_while(browser, address):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.clock.install()
    page.goto(f"{address}/bce.html")
    page.wait_for_selector(".ce-alive")
    hint = page.locator('[data-hint="ln2"]')
    assert not hint.is_visible()
    slider(page, "z").focus()
    page.keyboard.press("ArrowRight")
    page.clock.fast_forward(29_000)
    assert not hint.is_visible()
    page.clock.fast_forward(2_000)
    assert hint.is_visible()
    hint.click()
    assert "a coin" in page.locator('[data-challenge="ln2"] .ce-hint').inner_text()
    context.close()


def test_the_live_region_speaks_once_the_reader_rests(open_page):
    page = open_page("bce.html")
    said = page.locator(".ce-say")
    assert said.get_attribute("aria-live") == "polite"
    assert said.inner_text() == ""
    slider(page, "z").focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert said.inner_text() == ""
    until_page(page, "document.querySelector('.ce-say').textContent !== ''")
    assert said.inner_text().startswith("Logit −1.5, label 1: probability 0.1824")
    assert page.locator("svg[role=img]:visible").get_attribute("aria-label") == said.inner_text()


def test_a_module_is_fetched_only_when_its_figure_comes_near(open_page):
    page = open_page("far.html", wait=False)
    page.wait_for_timeout(300)
    assert page.locator("script[data-ce]").count() == 0
    assert page.locator("svg[role=img]:visible").count() == 1  # the picture of the build
    page.mouse.wheel(0, 2500)
    page.wait_for_selector(".ce-alive")
    assert page.locator("script[data-ce]").count() == 1


def test_focus_survives_the_coming_alive(open_page):
    page = open_page("far.html", wait=False)
    page.keyboard.press("Tab")
    page.wait_for_selector(".ce-alive")
    focused = "document.activeElement.dataset.name ?? document.activeElement.tagName"
    assert page.evaluate(focused) == "z"
    page.keyboard.press("ArrowRight")
    assert entry(page, "z").input_value() == "-1.9"


def test_without_javascript_the_pictures_are_there_and_no_dead_control(open_page):
    page = open_page("all-light.html", wait=False, java_script_enabled=False)
    assert page.locator("svg[role=img]:visible").count() == len(MODULES)
    assert page.locator(".ce-panel:visible").count() == 0
    assert page.locator(".ce-formula:visible").count() == len(MODULES)


def test_in_print_the_picture_alone(open_page):
    page = open_page("bce.html")
    page.emulate_media(media="print")
    assert page.locator("svg[role=img]:visible").count() == 1
    assert not page.locator(".ce-panel").is_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(open_page, theme, width):
    page = open_page(f"all-{theme}.html", width, bypass_csp=True)
    for at in range(len(MODULES)):
        page.locator("ce-explorer").nth(at).scroll_into_view_if_needed()
    until_page(page, f"document.querySelectorAll('.ce-alive').length === {len(MODULES)}")
    page.add_script_tag(path=str(packages(development=True) / "axe-core" / "axe.min.js"))
    found = page.evaluate(
        "axe.run(document, {rules: {'page-has-heading-one': {enabled: false}}})"
        ".then(r => r.violations.map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html)]))"
    )
    assert found == []


def test_every_control_is_at_least_24_pixels_high_and_shows_its_focus(open_page):
    page = open_page("all-light.html", 390)
    for at in range(len(MODULES)):
        page.locator("ce-explorer").nth(at).scroll_into_view_if_needed()
    until_page(page, f"document.querySelectorAll('.ce-alive').length === {len(MODULES)}")
    heights = page.evaluate(
        """() => [...document.querySelectorAll('.ce button, .ce input')]
        .filter(e => e.checkVisibility({visibilityProperty: true}))
        .map(e => [(e.type === 'checkbox' ? e.closest('label') : e).getBoundingClientRect().height,
                   e.outerHTML.slice(0, 80)])"""
    )
    assert len(heights) > 60
    assert [e for e in heights if e[0] < 24] == []
    slider(page, "theta").focus()
    page.keyboard.press("ArrowRight")
    assert slider(page, "theta").evaluate("e => getComputedStyle(e).outlineWidth") == "3px"


def test_states_in_the_page_are_read_and_broken_ones_survived(browser, address, explorer_pages):
    cases = {
        '{"z": 3, "y": 0}': "3",
        '{"z": "x"}': "-2",
        "{broken": "-2",
        '{"z": 1e9}': "40",
        "null": "-2",
        "[]": "-2",
    }
    page = browser.new_context().new_page()
    for state, z in cases.items():
        element = f'<ce-explorer module="bce" state="{html.escape(state)}"></ce-explorer>'
        (explorer_pages / "state.html").write_text(document(element), "utf-8")
        page.goto(f"{address}/state.html")
        page.wait_for_selector(".ce-alive")
        assert entry(page, "z").input_value() == z, state
    page.close()
