"""What comes out: escaped, complete, in the form that others read."""

import csv
import io
import json

from utils.grading import likeness, report, submissions


def entry(points, out_of, feedback="Right.", misconceptions=()):
    return {
        "points": points,
        "out_of": out_of,
        "written": True,
        "feedback": [feedback],
        "misconceptions": list(misconceptions),
        "cases": [],
    }


def result(name, softmax, sigmoid, **keywords):
    out = {
        "name": name,
        "files": [f"{name}.ipynb"],
        "reason": None,
        "remarks": [],
        "functions": {
            "softmax": entry(softmax, 4.0, "Rows do not sum to 1.", keywords.pop("mistakes", ())),
            "sigmoid": entry(sigmoid, 2.0),
        },
        "total": softmax + sigmoid,
        "out_of": 6.0,
        "digest": "0",
    }
    return out | keywords


EVIL = '<script>alert(1)</script>=HYPERLINK("x")'
RESULTS = [
    result("ada", 4.0, 2.0),
    result("=cmd|'/c calc'!A1", 1.0, 2.0, mistakes=("Over the wrong axis",)),
    result(EVIL, 0.0, 0.5, mistakes=("Over the wrong axis", "Not shifted"), remarks=[EVIL]),
    result("lost", 0.0, 0.0, functions={}, reason="the file is empty"),
]
HEAD = {"seed": 5, "version": "abc"}


def test_gradebook(tmp_path):
    report.write_csv(tmp_path / "g.csv", RESULTS)
    table = list(csv.DictReader(io.StringIO((tmp_path / "g.csv").read_text())))
    assert list(table[0]) == ["name", "total", "out_of", "softmax", "sigmoid", "remarks"]
    assert table[0] == dict(name="ada", total="6", out_of="6", softmax="4", sigmoid="2", remarks="")
    assert table[3]["total"] == table[3]["softmax"] == ""
    assert table[3]["remarks"] == "the file is empty"
    for row in table:
        for value in row.values():
            assert value[:1] not in ("=", "+", "-", "@"), "a spreadsheet would run it"


def test_verdicts_are_json_lines(tmp_path):
    report.write_jsonl(tmp_path / "v.jsonl", RESULTS, HEAD)
    lines = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    assert lines == [{"head": HEAD}, *RESULTS]


def test_gradescope_form(tmp_path):
    report.write_gradescope(tmp_path / "results.json", RESULTS[:1])
    out = json.loads((tmp_path / "results.json").read_text())
    assert out["score"] == sum(test["score"] for test in out["tests"]) == 6
    assert {"name", "score", "max_score", "output", "visibility"} <= set(out["tests"][0])
    report.write_gradescope(tmp_path / "all", RESULTS)
    assert len(list((tmp_path / "all").glob("*.json"))) == 4


def test_feedback_pages_are_self_contained_and_escaped(tmp_path):
    report.write_feedback(tmp_path, RESULTS)
    pages = {path.name: path.read_text() for path in tmp_path.glob("*.html")}
    assert len(pages) == 5
    for text in pages.values():
        assert "<script" not in text
        assert "http" not in text.replace("http-equiv", "")
    assert "Rows do not sum to 1." in pages["ada.html"]
    assert "6 of 6 points" in pages["ada.html"]
    assert "the file is empty" in pages["lost.html"]


def test_class_report_names_the_hardest_and_the_commonest(tmp_path):
    report.write_class_report(tmp_path / "c.html", RESULTS, HEAD)
    text = (tmp_path / "c.html").read_text()
    assert "<script" not in text
    assert "<svg" in text
    assert report.hardest(RESULTS[:3])[0][1] == "softmax"
    named = report.misconceptions(RESULTS)
    assert named[0] == (-2, "Over the wrong axis", "softmax")
    assert "3 marked, 1 not" in text


def test_file_names_do_not_collide_or_climb():
    names = ["../../etc/passwd", "a/b", "a_b", "A_B", "", "é", "x" * 200]
    out = report.file_names([{"name": name} for name in names])
    assert len({name.lower() for name in out}) == len(names)
    assert not any("/" in name or name.startswith(".") for name in out)


ONE = """
def softmax(z):
    top = z.max(axis=-1, keepdims=True)
    raised = np.exp(z - top) + 0.0 * top
    return raised / raised.sum(axis=-1, keepdims=True)
"""
OTHER = '''
def softmax(logits):
    """My own."""
    # quite my own
    m = logits.max(axis=-1, keepdims=True)

    q = np.exp(logits - m) + 0.0 * m
    return q / q.sum(axis=-1, keepdims=True)
'''
HONEST = """
def softmax(z):
    out = []
    for row in z:
        shifted = [value - max(row) for value in row]
        total = sum(np.exp(value) for value in shifted)
        out.append([np.exp(value) / total for value in shifted])
    return np.array(out)
"""


def test_likeness_sees_through_names_and_layout_only():
    def prints(code):
        return likeness.fingerprints([submissions.Notebook("x", [code])], {"softmax"})

    found = {"ada": prints(ONE), "bob": prints(OTHER), "eve": prints(HONEST)}
    rows = likeness.pairs(found, ["softmax"])
    assert [(one, other) for _, one, other, _ in rows] == [("ada", "bob")]
    assert rows[0][0] == 1.0


def test_what_many_have_in_common_is_not_likeness():
    prints = likeness.fingerprints([submissions.Notebook("x", [ONE])], {"softmax"})
    assert likeness.pairs({f"learner{n}": prints for n in range(30)}, ["softmax"]) == []
