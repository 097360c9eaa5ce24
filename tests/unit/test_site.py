"""Small parts of the site build that need no built book."""

import pytest

from utils.plotting import PALETTE
from utils.site import cards, fonts, markup, mathematics, pictures, static
from utils.site.addresses import JUPYTER_BOOK, addresses

ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "Someone/their-book",
    "GITHUB_REF_TYPE": "branch",
    "GITHUB_REF_NAME": "trunk",
}


def test_nothing_is_guessed_about_an_unknown_repository():
    known = addresses({"repository_url": JUPYTER_BOOK}, "", {})
    assert known.edit("a.md") == known.colab("a") == known.page("a") == ""


def test_an_actions_run_tells_where_a_fork_is_published():
    known = addresses({}, "", ACTIONS)
    assert known.page("chapters/a") == "https://someone.github.io/their-book/chapters/a.html"
    assert known.page("index") == "https://someone.github.io/their-book/"
    assert known.edit("a.md") == "https://github.com/Someone/their-book/edit/trunk/a.md"
    assert known.prefix == "/their-book/"


def test_a_users_own_site_lies_at_the_root():
    own = ACTIONS | {"GITHUB_REPOSITORY": "someone/someone.github.io"}
    assert addresses({}, "", own).base == "https://someone.github.io/"


def test_the_configuration_stands_above_the_environment():
    options = {"repository_url": "https://example.org/book/", "repository_branch": "main"}
    known = addresses(options, "https://book.example.org", ACTIONS)
    assert known.repository == "https://example.org/book"
    assert known.base == "https://book.example.org/"
    assert known.colab("a") == ""


def test_colab_is_offered_only_with_a_branch_of_notebooks():
    known = addresses({}, "", ACTIONS | {"CE_NOTEBOOKS": "notebooks"})
    assert known.colab("chapters/a").endswith("/Someone/their-book/blob/notebooks/chapters/a.ipynb")


def test_formulas_become_html_and_mathml():
    html = mathematics.render(r"\sigma(z) - y")
    assert "katex-html" in html and "<math" in html and r"\sigma(z) - y" in html
    with pytest.raises(mathematics.FormulaError):
        mathematics.render(r"\frac{1")
    mathematics.service.close()


def test_text_keeps_its_words_and_sets_its_formulas():
    html = mathematics.render_text("For $p < 1$ it is < 2.")
    assert html.startswith("For <span") and html.endswith(" it is &lt; 2.")
    assert 'aria-label="p"' in mathematics.render_text("$p$")
    mathematics.service.close()


def test_the_dark_twin_exchanges_every_colour_of_the_palette():
    drawing = " ".join(light.upper() for light, _ in PALETTE.values())
    assert pictures.dark_twin(drawing) == " ".join(dark for _, dark in PALETTE.values())


def test_a_drawing_is_as_large_as_matplotlib_meant_it():
    assert pictures.drawing_size('<svg viewBox="0 0 72 36">') == (96, 48)


def test_tables_scroll_and_say_what_heads_a_column():
    table = '<table class="t"><th class="head">a</th><th class="head"><p></p></th></table>'
    for step in markup.STEPS:
        table = step(table)
    assert '<div class="scroll"><table' in table and 'scope="col"' in table and "<td></td>" in table


def test_rules_for_classes_that_no_page_has_go():
    sheet = ".katex .a,.katex .b{color:red}.katex .c{margin:0}@font-face{font-family:X}"
    kept = static.used_rules(sheet, ['<span class="katex a">'])
    assert kept == ".katex .a{color:red}@font-face{font-family:X}"
    without = ".katex .a:not(.c){width:0}"
    assert static.used_rules(without, ['<span class="katex a">']) == without


def test_letters_are_gathered_by_the_face_that_sets_them():
    page = '<p>q</p><span class="mord mathnormal">x</span><span class="mord mathcal">L</span>'
    letters = fonts.letters_by_face([page])
    assert letters["KaTeX_Math-Italic"] == {"x"}
    assert letters["KaTeX_Caligraphic-Regular"] == {"L"}
    assert {"q", "x", "L"} <= letters[""]


def test_long_titles_fit_on_a_card():
    svg = cards.card("What PyTorch does with label smoothing, weights and ignored labels", "B", "")
    assert svg.count("<text") >= 5 and 'font-size="62"' not in svg
