"""Every hostile and every broken submission gets its honest mark, and so do the honest ones."""

import json
import secrets
from pathlib import Path

import pytest
import yaml

from exercises import bank, nbgrader
from utils.grading import batch, submissions

HERE = Path(__file__).parent
HOSTILE = sorted((HERE / "hostile").glob("*.md"))
BROKEN = json.loads((HERE / "broken" / "expected.json").read_text())
TEMPORARY = Path("/tmp")


def head(path):
    return yaml.safe_load(path.read_text(encoding="utf-8").split("---")[1])


def points(result):
    return {name: entry["points"] for name, entry in result["functions"].items()}


def test_there_are_enough_of_them():
    assert len(HOSTILE) >= 40
    assert all({"tries", "marks"} <= set(head(path)) for path in HOSTILE)


@pytest.mark.parametrize("path", HOSTILE, ids=lambda path: path.stem)
def test_hostile_submission_gets_its_honest_mark(path, marked):
    expected, result = head(path), marked[path.stem]
    assert result["reason"] is None
    assert points(result) == expected["marks"], (expected["tries"], result)
    assert expected.get("says", "") in json.dumps(result), result


@pytest.mark.parametrize("name", BROKEN)
def test_broken_submission_gets_a_row_with_the_reason(name, marked):
    expected = BROKEN[name]
    result = marked[name if (HERE / "broken" / name).is_dir() else Path(name).stem]
    if expected["marks"] is None:
        assert result["reason"], result
        assert result["functions"] == {}
    else:
        assert result["reason"] is None
        assert points(result) == expected["marks"], (expected["what"], result)
    assert expected["says"] in json.dumps(result), result


def test_others_are_marked_as_if_the_hostile_were_not_there(marked, plan, tmp_path):
    """The broken and honest ones again, alone: the same data in every field."""
    names = [path.stem for path in HOSTILE]
    found = [s for s in submissions.find([HERE / "broken"]) if s.name in marked]
    alone = {result["name"]: result for result in batch.run(found, plan, 1)}
    assert len(alone) >= 25
    for name, result in alone.items():
        assert result == marked[name], name
    assert not set(alone) & set(names)


def test_nothing_is_left_behind(marked):
    """No file of a submission outside its room, no process that is not ours."""
    left = ("pickle-was-loaded", "shell-was-run", "mark", "fill0", "passwd")
    assert not [name for name in left if (TEMPORARY / name).exists()]
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            commands.append(path.read_bytes())
        except OSError:
            continue
    assert not [c for c in commands if b"sleep\x001000" in c or b"while True: pass" in c]


def test_our_solutions_get_all_points_in_the_sandbox(confinement, tmp_path):
    """The real bank, every driver included, on inputs that nobody has seen."""
    place = tmp_path / "ada"
    place.mkdir()
    for topic in bank.TOPICS:
        start = "import numpy as np\nimport torch\nimport torch.nn.functional as F\n"
        codes = [start, *nbgrader.solutions(topic).values()]
        (place / f"{topic}.md").write_text("".join(f"```python\n{c}\n```\n\n" for c in codes))
    plan = batch.Plan("exercises.bank:functions", secrets.randbits(40), confinement)
    [result] = batch.run(submissions.find([tmp_path]), plan, 1)
    missed = {n: e for n, e in result["functions"].items() if e["points"] < e["out_of"]}
    assert missed == {}
    assert result["total"] == result["out_of"] == 100
