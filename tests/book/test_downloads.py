"""The notebooks that the website offers say what its pages say, in Markdown that opens anywhere."""

import re

import nbformat
import pytest

MYST = re.compile(r"\{[\w:]+\}`|^`{3,}\{|^\([\w-]+\)=$|^:\w+:|\$\$ \(|`[a-z]+-[\w-]+:\.\d", re.M)


@pytest.fixture(scope="module")
def downloads(site_dir):
    """[(page's HTML, the Markdown of its notebook)]"""
    found = []
    for path in sorted(site_dir.rglob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        prose = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        found.append((path.with_suffix(".html").read_text(encoding="utf-8"), prose))
    assert len(found) > 20
    return found


def test_a_download_holds_no_myst(downloads):
    for _, prose in downloads:
        assert not (left := MYST.search(prose)), prose[left.start() - 80 : left.end() + 80]


def test_a_download_numbers_its_equations_as_the_page_does(downloads):
    counted = 0
    for page, prose in downloads:
        numbers = re.findall(r'class="eqno">\((\d+)\)', page)
        assert re.findall(r"\\tag\{(\d+)\}", prose) == numbers
        counted += len(numbers)
    assert counted > 50


def test_a_download_says_the_numbers_that_its_cells_have_computed(site_dir):
    page = site_dir / "chapters" / "foundations" / "coin_flips"
    prose = "\n".join(
        cell.source
        for cell in nbformat.read(page.with_suffix(".ipynb"), as_version=4).cells
        if cell.cell_type == "markdown"
    )
    said = re.search(r"here from ([\d.]+) on", prose)[1]
    assert said in re.sub("<[^>]+>", "", page.with_suffix(".html").read_text(encoding="utf-8"))
    assert 16.6 < float(said) < 16.7
