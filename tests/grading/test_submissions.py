"""Finding and reading what was handed in."""

import json
import os
import resource

import pytest

from utils.grading import likeness, submissions
from utils.grading.submissions import clean, definitions, find, read

GOOD = {"nbformat": 4, "metadata": {}, "cells": [{"cell_type": "code", "source": "x = 1"}]}


def notebook(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(GOOD))
    return path


def test_files_and_folders_are_learners(tmp_path):
    notebook(tmp_path / "ada.ipynb")
    notebook(tmp_path / "grace" / "week 1" / "softmax.ipynb")
    notebook(tmp_path / "grace" / "sigmoid.md")
    (tmp_path / "grades.csv").write_text("ours")
    (tmp_path / ".hidden.ipynb").write_text("{")
    found = find([tmp_path])
    assert [s.name for s in found] == ["ada", "grace"]
    assert [f.name for f in found[1].files] == ["sigmoid.md", "softmax.ipynb"]


def test_equal_names_are_told_apart_and_said(tmp_path):
    for place in ("a/ada.ipynb", "b/ada.ipynb", "b/ada.md", "b/ada/x.ipynb"):
        notebook(tmp_path / place)
    found = find([tmp_path / "a", tmp_path / "b"])
    names = [s.name for s in found]
    assert len(set(names)) == 4
    assert all("more than one submission is named ada" in s.remarks for s in found)


def test_links_and_pipes_are_rows_with_reasons(tmp_path):
    notebook(tmp_path / "ada.ipynb")
    (tmp_path / "copycat.ipynb").symlink_to(tmp_path / "ada.ipynb")
    (tmp_path / "spy").symlink_to("/etc")
    (tmp_path / "dangling.ipynb").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe.ipynb")
    notebook(tmp_path / "eve" / "own.ipynb")
    (tmp_path / "eve" / "stolen.ipynb").symlink_to(tmp_path / "ada.ipynb")
    found = {s.name: s for s in find([tmp_path])}
    assert found["ada"].reason is None
    for name in ("copycat", "spy", "dangling"):
        assert "link" in found[name].reason
    assert "not a regular file" in found["pipe"].reason
    assert [f.name for f in found["eve"].files] == ["own.ipynb"]
    assert "stolen.ipynb" in found["eve"].remarks[0]


def test_a_notebook_of_100_mb_is_not_read(tmp_path):
    path = tmp_path / "large.ipynb"
    with path.open("wb") as file:
        file.truncate(100 << 20)
    assert "105 MB" in read(path).reason


def test_a_path_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        find([tmp_path / "nowhere"])


def test_reading_never_raises(tmp_path):
    for data in (
        b"",
        b"\xff\xfe",
        b"\xff\xfe1",
        b"{}",
        b'{"cells": 3}',
        b'{"cells": [[]]}',
        b"null",
    ):
        for name in ("x.ipynb", "x.md"):
            result = submissions.parse(name, data)
            assert result.reason or result.cells


def test_reading_is_bounded_wherever_it_is_done(tmp_path, monkeypatch):
    """By the marker, for another machine, and again for the likeness report."""
    allowed = []

    def read(path):
        allowed.append(resource.getrlimit(resource.RLIMIT_AS)[0])
        return submissions.Notebook("x.md", ["x = 1"])

    monkeypatch.setattr(submissions, "read", read)
    before = resource.getrlimit(resource.RLIMIT_AS)
    ada = submissions.Submission("ada", [tmp_path / "x.md"])
    ada.notebooks()
    assert ada.with_contents().notebooks()[0].cells == ["x = 1"]
    likeness.write(tmp_path / "alike.html", [ada], ["softmax"])
    assert len(allowed) == 3
    assert all(0 < limit < 1 << 40 for limit in allowed)
    assert resource.getrlimit(resource.RLIMIT_AS) == before


def test_magics_and_helpers_become_plain_python():
    code = "from exercises import check, hint\n%matplotlib inline\n!ls\nif True:\n    !rm x\ncheck?"
    compile(clean(code), "cell", "exec")
    assert clean("%%bash\nrm -rf /") == ""
    assert clean("%%time\nx = 1") == "x = 1"
    assert clean("from exercises import check") == "pass"


def test_imports_of_the_bank_are_left_to_fail():
    for code in (
        "import exercises",
        "from exercises.bank import softmax",
        "from exercises import bank, check",
        "from exercises import check as c",
        "from utils import losses",
    ):
        assert clean(code) == code


def test_definitions_leave_out_what_runs():
    code = "import os; os._exit(1)\n@f\ndef g():\n    return 1\nwhile True: pass\nA = 3\nB = g()"
    kept = definitions(code)
    assert "import os" in kept
    assert "@f\ndef g()" in kept
    assert "A = 3" in kept
    assert "_exit" not in kept
    assert "while" not in kept
    assert "B =" not in kept
    compile(kept, "cell", "exec")


RULED_OUT = ("scipy.special.softmax", "torch.nn.functional.softmax", "torch.Tensor.softmax")


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("import scipy.special\nX = scipy.special.softmax(z)", "scipy.special.softmax(z)"),
        ("from scipy import special as s\nX = s.softmax(z)", "s.softmax(z)"),
        ("from scipy.special import softmax as s\nX = s(z)", "s(z)"),
        ("import torch.nn.functional as F\nX = F.softmax(z, 1)", "F.softmax(z, 1)"),
        ("import torch\nX = torch.tensor(z).softmax(-1)", "torch.tensor(z).softmax(-1)"),
        ("import scipy.special as s\nX = s.log_softmax(z)", None),
        ("X = softmax_of(z)", None),
        ("X = self.softmax(z)", None),
        ("from mine import F\nX = F.softmax(z)", None),
    ],
)
def test_a_call_that_is_ruled_out_is_found_in_the_text(code, call):
    *imports, line = code.split("\n")
    body = line.replace("X =", "return")
    one = submissions.Text([*imports, f"def softmax(z):\n    {body}"])
    found = one.call("softmax", RULED_OUT)
    assert found == (call and call[: -len(call[call.rindex("(") :])])
    inside = submissions.Text([f"class softmax:\n  def f(self, z):\n    {body}", *imports])
    assert bool(inside.call("softmax", RULED_OUT)) == bool(call)
    elsewhere = submissions.Text([*imports, f"def f(z):\n    {body}", "def softmax(z): pass"])
    assert elsewhere.call("softmax", RULED_OUT) is None
    assert one.call("softmax", ()) is None
    assert submissions.Text(["not python ("]).call("softmax", RULED_OUT) is None
