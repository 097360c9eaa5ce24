"""The tables of what was solved: they count, are saved, read back, and erased when sure."""

import html
import json

import pytest

from exercises.bank import functions
from exercises.browser import Progress, chapters, notebooks
from utils.explorers.joining import classic_script, style
from utils.site.serve import serving

CHAPTERS = [
    {"title": "Coins", "href": "coins.html", "questions": ["a", "b"], "challenges": {"bce": ["x"]}},
    {"title": "Dice", "href": "dice.html", "questions": ["c"], "challenges": {}},
]
NOTEBOOKS = [{"title": "Sigmoid", "href": "sigmoid.html", "points": {"sigmoid": 4, "bce": 4}}]


@pytest.fixture
def page(browser_page, tmp_path):
    element = Progress(CHAPTERS, NOTEBOOKS)._repr_mimebundle_()["text/html"]
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
        browser_page.wait_for_selector("button:enabled")
        yield browser_page


def rows(page):
    return [row.split("\t")[:3] for row in page.locator("tbody tr").all_inner_texts()]


def read(page, data, name):
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    file = {"name": name, "mimeType": "application/json", "buffer": content}
    page.locator("input[type=file]").set_input_files(file)


def test_it_counts_what_was_solved(page):
    assert rows(page) == [
        ["Coins", "1 of 2", "1 of 1"],
        ["Dice", "1 of 1", "–"],
        ["Sigmoid", "0 of 2", "0 of 8"],
    ]


def test_it_counts_the_exercises_of_a_desk(page):
    desk = {
        "sigmoid": {"points": 4, "right": True, "when": "now"},
        "bce": {"points": 1.5, "right": False, "when": "now"},
        "unknown": {"points": 99, "right": True, "when": "now"},
    }
    read(page, desk, ".progress.json")
    page.get_by_text("Your exercises were read.").wait_for()
    assert rows(page)[2] == ["Sigmoid", "1 of 2", "5.5 of 8"]


def test_it_is_saved_erased_and_read_back(page):
    read(page, {"bce": {"points": 2, "right": False, "when": "now"}}, ".progress.json")
    page.get_by_text("Your exercises were read.").wait_for()
    before = rows(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save to a file").click()
    saved = json.loads(download.value.path().read_text())
    assert saved["ce-questions"] == {"a": True, "c": True}
    assert saved["ce-challenges"] == {"bce": ["x"]}
    page.get_by_role("button", name="Erase").click()
    assert rows(page) == before, "pressed once, it only asks"
    page.get_by_role("button", name="Erase for good").press("Enter")
    assert page.evaluate("localStorage.length") == 0
    assert [row[1][0] for row in rows(page)] == ["0", "0", "0"]
    read(page, saved, "saved.json")
    page.get_by_text("Read, and added").wait_for()
    assert rows(page) == before


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"a": 1}', b'{"ce-questions": {}}'])
def test_other_files_are_refused_and_change_nothing(page, content):
    before = rows(page)
    read(page, content, "other.json")
    page.get_by_text("That file holds neither").wait_for()
    assert rows(page) == before


def test_hostile_entries_of_a_saved_file_count_as_none(page):
    data = {"ce-questions": {"b": "yes"}, "ce-challenges": {"bce": 3, "x": [1]}, "ce-exercises": 1}
    read(page, data, "saved.json")
    page.get_by_text("Read, and added").wait_for()
    assert rows(page)[0] == ["Coins", "1 of 2", "1 of 1"]


def test_the_book_s_chapters_and_notebooks_are_listed():
    found = {c["href"]: c for c in chapters()}
    coins = found["../chapters/foundations/coin_flips.html"]
    assert len(coins["questions"]) >= 3 and coins["challenges"]["bce"]
    written = notebooks()
    assert sum(sum(n["points"].values()) for n in written) == sum(e.points for e in functions())
    shown = Progress(list(found.values()), written)._repr_mimebundle_()["text/html"]
    state = json.loads(html.unescape(shown.split('state="')[1].split('"')[0]))
    assert state["chapters"] and state["notebooks"]
