"""The real nbgrader on our export: full marks for solutions, part for partly right ones."""

import json
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from exercises import bank, nbgrader

ROOT = Path(__file__).resolve().parents[2]
TOPIC, NAME = "gradients", "grad_bce_with_logits"
PARTLY = """

def grad_bce_with_logits(z, y):
    return (1 / (1 + np.exp(-np.clip(z, -700, 700))) - y) / 5
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nbgrader") / "course"
    nbgrader.write(folder)
    return folder


@pytest.mark.parametrize(
    "topic", [t for t in bank.TOPICS if (ROOT / "exercises" / f"{t}.md").is_file()]
)
def test_every_exercise_is_a_solution_and_a_graded_cell(course, topic):
    text = (course / "source" / topic / f"{topic}.ipynb").read_text()
    cells = json.loads(text)["cells"]
    marks = [c["metadata"]["nbgrader"] for c in cells if "nbgrader" in c["metadata"]]
    asked = {e.name: e.points for e in bank.of_topic(topic)}
    graded = {m["grade_id"].removeprefix("points-"): m["points"] for m in marks if m["grade"]}
    solved = {m["grade_id"].removeprefix("solution-") for m in marks if m["solution"]}
    assert graded == asked
    assert solved == set(asked)
    assert text.count("### BEGIN SOLUTION") == len(asked)


def tool(course, *arguments):
    from graders import environment

    try:
        programs = environment()
    except subprocess.CalledProcessError:
        pytest.skip("nbgrader could not be installed: pip says why above")
    path = f"{programs}:{os.environ['PATH']}"
    run = subprocess.run(
        [str(programs / "nbgrader"), *arguments],
        cwd=course,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stderr


def test_nbgrader_marks_solutions_fully_and_others_partly(course):
    topic = TOPIC
    tool(course, "generate_assignment", topic)
    released = (course / "release" / topic / f"{topic}.ipynb").read_text()
    assert "BEGIN SOLUTION" not in released
    assert "NotImplementedError" in released
    source = course / "source" / topic / f"{topic}.ipynb"
    for learner, change in (("ada", lambda code: code), ("bob", lambda code: code + PARTLY)):
        target = course / "submitted" / learner / topic / f"{topic}.ipynb"
        target.parent.mkdir(parents=True)
        notebook = json.loads(source.read_text())
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("grade_id") == f"solution-{NAME}":
                cell["source"] = change("".join(cell["source"]))
        target.write_text(json.dumps(notebook))
    lazy = course / "submitted" / "eve" / topic / f"{topic}.ipynb"
    lazy.parent.mkdir(parents=True)
    shutil.copy(course / "release" / topic / f"{topic}.ipynb", lazy)
    tool(course, "autograde", topic)
    total = sum(exercise.points for exercise in bank.of_topic(topic))
    own = next(exercise.points for exercise in bank.of_topic(topic) if exercise.name == NAME)
    marks = scores(course / "gradebook.db")
    assert marks["ada"] == total
    assert total - own < marks["bob"] < total
    assert marks["eve"] == 0


def scores(path):
    """Points by learner, from nbgrader's own data base."""
    with sqlite3.connect(path) as data:
        rows = data.execute(
            "select a.student_id, sum(coalesce(g.manual_score, g.auto_score, 0)) "
            "from grade g join submitted_notebook n on g.notebook_id = n.id "
            "join submitted_assignment a on n.assignment_id = a.id group by a.student_id"
        )
        return dict(rows.fetchall())
