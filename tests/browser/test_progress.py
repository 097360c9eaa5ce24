"""The table of what was solved in this browser: it counts, exports, and erases when sure."""

import html
import json

import pytest

from exercises.browser import Progress, chapters
from utils.explorers.joining import classic_script, style
from utils.site.serve import serving

CHAPTERS = [
    {"title": "Coins", "href": "coins.html", "questions": ["a", "b"], "challenges": {"bce": ["x"]}},
    {"title": "Dice", "href": "dice.html", "questions": ["c"], "challenges": {}},
]


@pytest.fixture
def page(browser_page, tmp_path):
    element = Progress(CHAPTERS)._repr_mimebundle_()["text/html"]
    (tmp_path / "index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>progress</title>'
        '<link rel="stylesheet" href="explorers.css"><script defer src="element.js"></script>'
        f"<body>{element}</body></html>"
    )
    (tmp_path / "explorers.css").write_text(style())
    for name in ("element", "progress"):
        (tmp_path / f"{name}.js").write_text(classic_script(name))
    with serving(tmp_path) as address:
        browser_page.goto(address)
        stored = {"ce-questions": {"a": True, "c": True}, "ce-challenges": {"bce": ["x"]}}
        for key, value in stored.items():
            browser_page.evaluate(
                "([k, v]) => localStorage.setItem(k, v)", [key, json.dumps(value)]
            )
        browser_page.reload()
        browser_page.wait_for_selector("[data-export]")
        yield browser_page


def cells(page):
    return page.locator("tbody tr").all_inner_texts()


def test_it_counts_what_was_solved(page):
    first, second = (row.split("\t") for row in cells(page))
    assert first[:3] == ["Coins", "1 of 2", "1 of 1"]
    assert second[:3] == ["Dice", "1 of 1", "–"]


def test_it_exports_what_is_remembered(page):
    with page.expect_download() as download:
        page.get_by_role("button", name="Export to a file").click()
    data = json.loads(download.value.path().read_text())
    assert data["ce-questions"] == {"a": True, "c": True}
    assert data["ce-challenges"] == {"bce": ["x"]}


def test_it_erases_only_when_pressed_twice(page):
    page.get_by_role("button", name="Erase").click()
    assert page.evaluate("localStorage.getItem('ce-questions')") is not None
    page.get_by_role("button", name="Erase for good").press("Enter")
    assert page.evaluate("localStorage.getItem('ce-questions')") is None
    assert "0 of 2" in cells(page)[0]


def test_the_book_s_chapters_are_listed():
    found = {c["href"]: c for c in chapters()}
    coins = found["../chapters/foundations/coin_flips.html"]
    assert len(coins["questions"]) >= 3 and coins["challenges"]["bce"]
    shown = Progress(list(found.values()))._repr_mimebundle_()["text/html"]
    assert json.loads(html.unescape(shown.split('state="')[1].split('"')[0]))["chapters"]
