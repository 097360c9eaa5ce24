"""Every chapter has the anatomy that readers learn to rely on, and nothing unfinished."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("foundations", "from_scratch", "pytorch")


def toc_files():
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    files = [toc["root"]]
    for part in toc["parts"]:
        for chapter in part["chapters"]:
            files.append(chapter["file"])
            files += [section["file"] for section in chapter.get("sections", [])]
    return files


PAGES = toc_files()
CHAPTERS = [
    page
    for page in PAGES
    if page.startswith(tuple(f"chapters/{part}/" for part in PARTS)) and page[-6:] != "/index"
]


def text(page):
    return (ROOT / f"{page}.md").read_text(encoding="utf-8")


def split(source):
    """A page's prose and its code cells (sources without options)."""
    cells = re.findall(r"^`{3,}\{code-cell\}.*?\n(.*?)^`{3,}$", source, re.M | re.S)
    prose = re.sub(r"^(`{3,})\{code-cell\}.*?^\1$", "", source, flags=re.M | re.S)
    options = r"\A(---\n.*?\n---\n|(:\w[^\n]*\n)+)"
    return prose, [re.sub(options, "", cell, flags=re.S) for cell in cells]


def headings(source):
    return re.findall(r"^## (.+)$", split(source)[0], re.M)


def test_every_page_on_disk_is_in_the_table_of_contents():
    on_disk = {
        path.relative_to(ROOT).with_suffix("").as_posix()
        for folder in ("chapters", "exercises")
        for path in (ROOT / folder).rglob("*.md")
        if "bank" not in path.parts  # model solutions are read by the bank, not by readers
    }
    assert on_disk <= set(PAGES), f"not in _toc.yml: {sorted(on_disk - set(PAGES))}"


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_asks_its_question_first(page):
    prose, _ = split(text(page))
    before_sections = prose.split("\n## ")[0]
    for part in ("**The question.**", "**After this chapter you can**", "**You need**"):
        assert part in before_sections, f"{page}: {part} is missing before the first section"


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_has_its_sections_in_order(page):
    wanted = ["Move it", "Check yourself", "In one box", "Further reading"]
    if not page.startswith("chapters/foundations/") or page.endswith("coin_flips"):
        wanted = ["Build it", "Break it", "Hold it against PyTorch", *wanted]
    found = headings(text(page))
    places = []
    for want in wanted:
        matching = [place for place, heading in enumerate(found) if heading.startswith(want)]
        assert matching, f"{page}: no section that begins with “{want}” among {found}"
        places.append(matching[0])
    assert places == sorted(places), f"{page}: sections out of order: {found}"


@pytest.mark.parametrize("page", CHAPTERS)
def test_a_chapter_asks_at_least_three_questions_and_links_its_exercise(page):
    prose, cells = split(text(page))
    asked = sum(len(re.findall(r"^question\(", cell, re.M)) for cell in cells)
    assert asked >= 3, f"{page}: {asked} questions"
    assert re.search(r"exercises/\w+", prose), f"{page}: no link to an exercise notebook"


@pytest.mark.parametrize("page", PAGES)
def test_every_drawn_figure_has_caption_name_and_alternative_text(page):
    for match in re.finditer(
        r"^`{3,}\{code-cell\}.*?\n(.*?)^`{3,}$", text(page), flags=re.M | re.S
    ):
        cell = match[1]
        if not re.search(r"plt\.show\(|plt\.(subplots|figure)\(|explorers\.[A-Z]", cell):
            continue
        where = f"{page}, the cell\n{cell}"
        if "remove-output" in cell or "remove-cell" in cell:
            continue
        assert "caption:" in cell, f"no caption: {where}"
        assert re.search(r"name: fig-", cell), f"no name: {where}"
        if "explorers." not in cell:
            assert "alt:" in cell, f"no alternative text: {where}"


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_unfinished_or_fetched_from_elsewhere(page):
    prose, cells = split(text(page))
    for word in ("TODO", "FIXME", "XXX", "lorem ipsum", "coming soon"):
        if page.startswith("exercises/"):
            continue  # a stub there says what the learner is to write
        assert word.lower() not in (prose + "".join(cells)).lower().replace("todos", "")
    assert not re.search(r"!\[[^\]]*\]\(https?:|<img|<script|<iframe|<style", prose), page
    assert not re.search(r"urlopen|requests\.get|read_csv\(.https?:|!pip|fetch_", "".join(cells))


# symbol of the notation page: what may not stand for it or be meant by it elsewhere
FOREIGN = {
    r"\\hat\s*\{?y": "probabilities are $p$, never ŷ",
    r"\\log(?![_{]*\\?(?:_2|softmax|sigmoid))\b(?!_)": "the natural logarithm is \\ln",
    r"\\mathbf": "vectors are not bold in this book",
    r"\\alpha\s*=\s*0\.1": "label smoothing is \\varepsilon",
    r"\\epsilon": "label smoothing is \\varepsilon",
    r"\\tau\b": "temperature is $T$",
}


@pytest.mark.parametrize("page", PAGES)
def test_the_notation_page_is_kept(page):
    prose, _ = split(text(page))
    formulas = "\n".join(re.findall(r"\$\$.*?\$\$|\$[^$\n]+\$", prose, re.S))
    for pattern, rule in FOREIGN.items():
        found = re.search(pattern, formulas)
        assert not found, f"{page}: {found[0]!r} in a formula, but {rule}"


def test_words_per_chapter(record_property, capsys):
    """A chapter is read in 10 to 20 minutes: none is empty, none is a book."""
    counts = {page: len(split(text(page))[0].split()) for page in CHAPTERS}
    with capsys.disabled():
        print()
        for page, words in counts.items():
            record_property(page, words)
            print(f"  {words:5d} words  {page}")
    for page, words in counts.items():
        assert 700 <= words <= 4500, f"{page}: {words} words"
