"""Questions are marked in the page: by mouse, by keyboard, after a reload, without scripts."""

import json
import re

import pytest

from exercises.bank.questions import all_questions
from utils.explorers.joining import classic_script, style
from utils.grading.questions import (
    PIECES,
    Choice,
    Number,
    Order,
    Question,
    in_mathml,
    with_texts,
)
from utils.site.serve import serving

NUMBER = Number(
    "q-number",
    "How surprising is an outcome of probability 0.8?",
    answer=0.22314355,
    wrong=[(0.32192809, "That is in bits: the logarithm here is natural.")],
    unit="nats",
    hint="Minus a logarithm.",
    solution="−ln 0.8 = 0.2231 nats.",
)
CHOICE = Choice(
    "q-choice",
    "What does cross_entropy take?",
    options=[
        ("probabilities", False, "Then softmax would be applied twice."),
        ("logits", True, "It applies log_softmax itself."),
    ],
    solution="Logits.",
)
ORDER = Order("q-order", "Order!", steps=["one", "two", "three"], solution="As they stand.")
PAGE = """<!doctype html><html lang="en"><title>questions</title>
<link rel="stylesheet" href="explorers.css"><script defer src="element.js"></script>
<main>{elements}</main></html>"""


@pytest.fixture(scope="module")
def questions_url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("questions")
    for module in ("element", "question"):
        (folder / f"{module}.js").write_text(classic_script(module), "utf-8")
    (folder / "explorers.css").write_text(style(), "utf-8")
    elements = "".join(
        Question(q)._repr_mimebundle_()[0]["text/html"] for q in (NUMBER, CHOICE, ORDER)
    )
    (folder / "index.html").write_text(PAGE.format(elements=elements), "utf-8")
    with serving(folder) as url:
        yield url


@pytest.fixture
def page(browser_page, questions_url):
    errors = []
    browser_page.on("pageerror", lambda error: errors.append(str(error)))
    browser_page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    browser_page.goto(questions_url)
    browser_page.locator("form").nth(2).wait_for()
    yield browser_page
    assert not [e for e in errors if "favicon" not in e and "404" not in e], errors


@pytest.mark.parametrize("typed", ["0.2231", ".2231", "0.223", "2.2e-1", "0,22314"])
def test_a_right_number_is_right_however_it_is_written(page, typed):
    form = page.locator("form").nth(0)
    form.get_by_label("Your answer").fill(typed)
    form.get_by_role("button", name="Check").click()
    assert "Right." in form.get_by_role("status").inner_text()


def test_a_known_wrong_number_is_answered_with_its_mistake(page):
    form = page.locator("form").nth(0)
    for typed, said in [
        ("0.3219", "bits"),
        ("-0.2231", "sign"),
        ("0.9", "hint"),
        ("a lot", "not a number"),
    ]:
        form.get_by_label("Your answer").fill(typed)
        page.keyboard.press("Enter")
        reply = form.get_by_role("status").inner_text()
        assert "Not yet" in reply and said in reply
    form.get_by_role("button", name="Hint").click()
    assert "Minus a logarithm." in form.get_by_role("status").inner_text()


def test_the_answer_is_offered_after_two_tries_and_an_empty_one_is_none(page):
    form = page.locator("form").nth(0)
    answer = form.locator(".ce-after.ce-open")
    for typed, offered in [("", 0), ("", 0), ("0.9", 0), ("", 0), ("0.8", 1)]:
        form.get_by_label("Your answer").fill(typed)
        form.get_by_role("button", name="Check").click()
        assert answer.count() == offered, typed


def test_a_choice_by_keyboard(page):
    form = page.locator("form").nth(1)
    form.get_by_role("button", name="Check").click()
    assert "Choose one" in form.get_by_role("status").inner_text()
    form.get_by_role("radio").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    assert "twice" in form.get_by_role("status").inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "Right." in form.get_by_role("status").inner_text()


def test_steps_are_moved_into_order_and_focus_follows(page):
    form = page.locator("form").nth(2)
    form.get_by_role("button", name="Check").click()
    assert "Not yet" in form.get_by_role("status").inner_text()
    for place, step in enumerate(("one", "two", "three")):
        for _ in range(3):
            texts = form.locator("li > span").all_inner_texts()
            if texts[place] == step:
                break
            at = texts.index(step)
            form.get_by_role("button", name=f"Move step {at + 1} up").click()
            assert page.evaluate("document.activeElement.tagName") == "BUTTON"
    form.get_by_role("button", name="Check").click()
    assert "Right." in form.get_by_role("status").inner_text()


def test_what_was_solved_is_remembered(page):
    form = page.locator("form").nth(0)
    form.get_by_label("Your answer").fill("0.2231")
    page.keyboard.press("Enter")
    page.reload()
    form = page.locator("form").nth(0)
    form.wait_for()
    assert "solved this one before" in form.get_by_role("status").inner_text()
    assert page.evaluate("JSON.parse(localStorage['ce-questions'])") == {"q-number": True}


def test_without_scripts_question_and_answer_are_there(browser, site_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site_url}/chapters/foundations/coin_flips.html")
    assert page.locator(".ce-question").count() >= 3
    solution = page.locator(".ce-question details").first
    solution.locator("summary").click()
    assert solution.locator("p").first.inner_text().strip()
    context.close()


def test_a_notebook_shows_formulas_that_need_no_typesetting():
    question = Number("q", "Is $\\tfrac12 < 1$?", answer=1, solution="$x_i$ & more")
    widget = Question(question)
    assert "<math" in widget.question["prompt"] and "$" not in widget.question["prompt"]
    assert widget.question["solution"].endswith("&amp; more")
    assert "\\tfrac12" in widget._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize(
    ("formula", "spaces"),
    [("$-y \\ln p$", 2), ("$\\ln 2$", 1), ("$\\ln\\sigma(z)$", 1), ("$-\\ln(1 + e^{z})$", 0)],
)
def test_a_logarithm_keeps_its_distance_in_notebooks(formula, spaces):
    assert in_mathml(formula).count("<mspace") == spaces


def test_every_question_of_the_bank_is_sound():
    """Right and wrong values are computed and differ; ids are unique."""
    questions = all_questions()
    ids = [question.id for question in questions]
    assert len(set(ids)) == len(ids)
    for question in questions:
        data = question.data()
        assert data["prompt"] and (data["solution"] or data["kind"] == "order"), question.id
        assert not re.search(r"\*[a-z-]+\*", json.dumps(data)), f"{question.id}: stars are shown"


def texts_of(question):
    found = []
    with_texts(question.data(), lambda text: found.append(text) or text)
    return found


def test_texts_of_the_bank_are_set_as_print_is():
    """Curly quotes, a minus that is no hyphen, and code marked as code: `log1p` is not `loglp`."""
    code = re.compile(r"\w_\w|\w\(\)|\b(?:np|F|torch|nn)\.\w|float\d|Loss\b(?! \d)|\bnan\b")
    for question in all_questions():
        for text in texts_of(question):
            words = PIECES.sub(" ", text)
            assert not re.search(r"[`$'\"\\]|(?<!\w)-", words), f"{question.id}: {words}"
            assert not code.search(words), f"{question.id}: {words}"


def test_code_between_backticks_is_code_and_nothing_else_in_it():
    html = in_mathml('Is `log(p) < a["$x$"]` & $x$ the same?')
    code = '<code class="notranslate whole-word">log(p) &lt; a["$x$"]</code>'
    assert html.startswith(f"Is {code} &amp; <math")
    longer = in_mathml("`F.binary_cross_entropy(torch.sigmoid(z), y)`")
    assert longer.startswith('<code class="notranslate">F.binary_cross_entropy(<wbr>torch.sig')
    assert in_mathml("`p`") == '<code class="notranslate whole-word">p</code>'
    tied = in_mathml("a\u00a0$p$")
    assert tied.startswith('<span class="whole-word">a\u00a0<math') and tied.endswith("</span>")
    question = Question(Choice("q", "`a`?", options=[("`b`", True, "`c`")], solution="`d`"))
    assert json.dumps(question.question).count("<code") == 4 and "`" not in str(question.question)


def test_every_question_about_a_loss_says_its_unit():
    for question in all_questions():
        text = f"{question.prompt} {question.solution}"
        if isinstance(question, Number) and re.search(r"\bnats\b", text):
            assert "nats" in question.unit or "bits" in question.unit, question.id
