"""Small parts of the site build that need no built book."""

import html
import json
import math
import re
import subprocess
import time
from itertools import pairwise
from types import SimpleNamespace

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from IPython.core.inputtransformer2 import TransformerManager
from sphinx.errors import ExtensionError

from utils.plotting import PALETTE
from utils.site import (
    cards,
    citation,
    downloads,
    explorers,
    fonts,
    lighter,
    linkcheck,
    markup,
    mathematics,
    notebooks,
    pictures,
    static,
)
from utils.site.addresses import JUPYTER_BOOK, addresses
from utils.site.node import LineService
from utils.site.serve import serving

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


def test_a_notebook_fetches_on_colab_what_it_imports():
    known = addresses({}, "", ACTIONS)
    cells = ["from utils import losses, explorers", "from exercises import question"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    first = downloads.first_cell(known, book).source
    assert "--branch trunk https://github.com/Someone/their-book /content/book" in first
    assert re.search(r"%pip install -q anywidget==[\d.]+ latex2mathml==[\d.]+$", first)
    ran = TransformerManager().transform_cell(first)
    exec(compile(ran, "cell", "exec"), {})  # not on Colab: nothing happens


def test_the_branch_of_notebooks_holds_them_and_nothing_else(tmp_path, monkeypatch):
    site, book, remote = (tmp_path / name for name in ("site", "book", "remote.git"))
    (site / "chapters").mkdir(parents=True)
    for name in ("index.ipynb", "chapters/a.ipynb", "chapters/a.html"):
        (site / name).write_text(f'"{name}"')
    subprocess.run(["git", "init", "--quiet", "--bare", remote], check=True)
    subprocess.run(["git", "init", "--quiet", book], check=True)
    monkeypatch.chdir(book)
    notebooks.git("remote", "add", "origin", str(remote))
    for _ in range(2):  # a second time replaces the first
        monkeypatch.setattr("sys.argv", ["notebooks", str(site), "--push", "origin"])
        notebooks.main()
        on_branch = ["ls-tree", "-r", "--name-only", "notebooks"]
        held = notebooks.git("--git-dir", str(remote), *on_branch).splitlines()
        assert held == ["chapters/a.ipynb", "index.ipynb"]
        assert notebooks.git("--git-dir", str(remote), "rev-list", "--count", "notebooks") == "1"
        (site / "index.ipynb").write_text('"new"')
    assert notebooks.git("--git-dir", str(remote), "show", "notebooks:index.ipynb") == '"new"'
    assert not notebooks.git("status", "--porcelain")


def test_the_workflow_fills_the_branch_that_colab_opens(root):
    workflow = yaml.safe_load((root / ".github" / "workflows" / "book.yml").read_text())
    branch = workflow["env"]["CE_NOTEBOOKS"]
    assert branch in workflow[True]["push"]["branches-ignore"]  # YAML 1.1 reads "on" as true
    assert workflow["permissions"] == {"contents": "read"}
    publish = workflow["jobs"]["publish"]
    assert set(publish["permissions"]) == {"contents", "pages", "id-token"}
    steps = [step.get("run", "") + step.get("uses", "") for step in publish["steps"]]
    pushes = next(i for i, step in enumerate(steps) if "utils.site.notebooks" in step)
    deploys = next(i for i, step in enumerate(steps) if "deploy-pages" in step)
    assert '--branch "$CE_NOTEBOOKS" --push' in steps[pushes] and pushes < deploys


@pytest.fixture
def links_to(tmp_path, monkeypatch):
    """A book of one page with these links, to be checked."""
    monkeypatch.setattr(linkcheck, "SITE", tmp_path)

    def write(*links):
        page = "".join(f'<a class="external" href="{html.escape(link)}">x</a>' for link in links)
        (tmp_path / "index.html").write_text(page)

    return write


def test_broken_links_are_named_with_their_pages(links_to, tmp_path, capsys):
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "index.html").write_text("here")
    with serving(tmp_path / "good") as address:
        links = "/a space", "/?a=1&b=2", "/#there", "/gone"
        links_to(*(address + link for link in links), "http://[bad/")
        with pytest.raises(SystemExit) as end:
            linkcheck.main()
    said = capsys.readouterr().out
    assert end.value.code == 1 and "5 addresses outside the book, 3 broken." in said
    assert f"{address}/gone answers 404; linked from index.html" in said


def test_without_a_network_the_link_check_says_so_at_once(links_to):
    links_to("http://127.0.0.1:1/", "http://localhost:1/a", "https://no-such-host.invalid/")
    start = time.monotonic()
    with pytest.raises(SystemExit, match="needs the network"):
        linkcheck.main()
    assert time.monotonic() - start < 20


def test_formulas_become_html_and_mathml():
    formula = mathematics.render(r"\sigma(z) - y")
    assert "katex-html" in formula and "<math" in formula and "<annotation" not in formula
    with pytest.raises(mathematics.FormulaError):
        mathematics.render(r"\frac{1")
    mathematics.service.close()


@pytest.mark.parametrize("then", ["process.exit(1)", "console.log('?'); process.stdin.resume()"])
def test_a_script_that_does_not_answer_says_why(tmp_path, then):
    script = tmp_path / "printer.mjs"
    script.write_text(f"console.error('no paper'); {then}")
    service = LineService(script)
    with pytest.raises(ExtensionError, match=r"printer\.mjs stopped: no paper"):
        service.ask({})
    service.close()


def test_a_question_whose_formula_cannot_be_read_is_named():
    state = json.dumps({"question": {"id": "coin-flips-odd", "prompt": r"Is $\frac{1$ odd?"}})
    with pytest.raises(ExtensionError, match=r"coin-flips-odd: KaTeX parse error"):
        explorers.typeset(state)
    mathematics.service.close()


def test_a_proof_begins_with_a_word_that_is_set_apart():
    assert markup.mark_proofs("<p>Proof. <b>Step</b>") == "<p><em>Proof.</em> <b>Step</b>"


def test_text_keeps_its_words_and_sets_its_formulas():
    text = mathematics.render_text("For $p < 1$ it is < 2.")
    assert text.startswith("For <span") and text.endswith(" it is &lt; 2.")
    assert 'aria-label="p"' in mathematics.render_text("$p$")
    assert "aria-label" not in mathematics.render_text("$p$ or $q$")
    mathematics.service.close()


def test_code_in_a_text_is_code():
    text = mathematics.render_text("Is `a < $b$` > $b$?")
    assert text.startswith('Is <code class="notranslate whole-word">a &lt; $b$</code> &gt; <span')
    assert mathematics.render_text("`$p$`") == '<code class="notranslate whole-word">$p$</code>'
    mathematics.service.close()


def test_a_formula_breaks_where_a_reader_would_break_it():
    letters = " + ".join("abcdefghijklmno")
    for latex, breaks in (
        ("z = 20", 0),
        (r"0.245 - 1 = -0.755", 0),
        (r"q_{ik} = (1-\varepsilon)\,[k = y_i] + \varepsilon/K", 1),  # a side that fits a line
        (r"-c\,\pi\,(1-p) + (1-\pi)\,p", 0),
        (r"p = (0.3, 0.6, 0.1, 0.0, 0.0, 0.0)", 0),  # a line would end with `p =`
        (r"\ell = p_y\,([\,k = y\,] - p_k) + \ln(1 + e^{z_k - z_y}) - \ln(1 - e^{-z_y})", 2),
        (r"1000000 \cdot 2000000 \cdot 3000000 \cdot 4000000", 0),
        (f"f({letters})", 13),  # brackets that fill a line by themselves
    ):
        assert mathematics.render(latex).count("<wbr>") == breaks, latex
        assert "<wbr>" not in mathematics.render(latex, display=True)
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


def test_a_page_asks_first_for_the_fonts_of_its_first_screen():
    formula = '<span class="katex-html"><span class="mord mathnormal">K</span></span>'
    text = [fonts.TEXT_FONT, fonts.PLAIN_FONT]
    long = f"<p>{'word ' * 1000}</p>"
    assert static.preloads(f"<h1>a</h1>{long}{formula}") == text
    assert static.preloads(f"<h1>a</h1><h2>b</h2>{formula}{long}") == [
        *text,
        "KaTeX_Math-Italic.woff2",
    ]
    italic = [*text, "text-italic.woff2"]
    assert static.preloads(f"<p><em>a</em></p>{long}{formula}") == italic


def test_letters_are_gathered_by_the_face_that_sets_them():
    formula = (
        '<span class="katex-html" aria-hidden="true"><span class="mord mathnormal">x</span>'
        '<span class="mord mathcal">L</span><span class="mbin">+</span></span>'
    )
    page = f'<p>q</p><pre><span class="k">for</span></pre><em>é</em>{formula}'
    letters = fonts.letters_by_face([page])
    assert letters["KaTeX_Math-Italic"] == {"x"}
    assert letters["KaTeX_Caligraphic-Regular"] == {"L"}
    assert letters["KaTeX_Main-Regular"] == {"+"}, "a listing's words are no formula's"
    assert {"q", "x", "L"} <= letters[""]
    assert "é" in letters[fonts.ITALIC_FONT] and "q" not in letters["KaTeX_Main-Regular"]
    state = html.escape(json.dumps({"prompt": formula.replace(">x<", ">k<")}))
    assert "k" in fonts.letters_by_face([f'<ce-explorer state="{state}">'])["KaTeX_Math-Italic"]


def test_pages_become_lighter_and_read_the_same():
    listing = (
        '<pre><span></span><span class="kn">import</span><span class="w"> </span>'
        '<span class="n">x</span></pre>'
    )
    assert lighter.lighter(listing) == '<pre><span></span><span class="kn">import</span> x</pre>'
    words = (
        '<code class="docutils literal notranslate"><span class="pre">a</span> '
        '<span class="pre">b</span></code>'
    )
    assert lighter.lighter(words) == '<code class="notranslate whole-word">a b</code>'
    longer = lighter.lighter(words.replace(">b<", ">b_and_so_much_and_much_more<"))
    assert longer == '<code class="notranslate">a b_and_so_much_and_much_more</code>'
    option = words.replace(">a<", ">grade a whole folder<").replace(">b<", ">--only<")
    option = lighter.lighter(option)
    assert BeautifulSoup(option, "html.parser").code.text == "grade a whole folder --only"
    assert '<span class="whole-word">--only</span>' in option
    state = {"z": -2, "said": 'It\'s <b>"so"</b> & so'}
    given = f'<ce-explorer module="bce" state="{html.escape(json.dumps(state))}"></ce-explorer>'
    light = lighter.lighter(given)
    found = BeautifulSoup(light, "html.parser").find("ce-explorer")["state"]
    assert len(light) < len(given) and json.loads(found) == state


def test_curves_stay_where_they_are_with_fewer_points():
    points = [(40 + x, 150 - 100 * math.sin(x / 30)) for x in range(200)]
    drawn = "L".join(f"{x:g} {y:.1f}" for x, y in points)
    light = lighter.lighter(f'<path d="M{drawn}" stroke="red"/>')
    start, steps = re.fullmatch(r'<path d="M([^l]+)l([^"]+)" stroke="red"/>', light).groups()
    x, y = map(float, start.split())
    corners = [(x, y)]
    numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", steps)]
    for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
        corners.append((corners[-1][0] + dx, corners[-1][1] + dy))
    assert len(corners) < 60
    assert corners[-1] == pytest.approx(points[-1], abs=0.1)
    for point in points:
        assert min(lighter.distance(point, *pair) for pair in pairwise(corners)) < 0.25


def test_a_chapter_and_its_exercise_are_cited_by_different_keys():
    config = SimpleNamespace(author="A", html_title="B", copyright="2026")
    pages = "chapters/from_scratch/softmax", "exercises/softmax", "chapters/pytorch/index"
    cited = [citation.bibtex(config, "Softmax", page, "") for page in pages]
    keys = [re.search("{.*:(.*),", entry)[1] for entry in cited]
    assert keys == ["from-scratch-softmax", "exercises-softmax", "pytorch-index"]


def test_long_titles_fit_on_a_card():
    svg = cards.card("What PyTorch does with label smoothing, weights and ignored labels", "B", "")
    assert svg.count("<text") >= 5 and 'font-size="62"' not in svg
