"""Right answers pass, however they are written; stubs and learnt-by-heart answers do not."""

import importlib
import math
import re
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from exercises import bank, learner
from tests.unit.exercise_helpers import asking
from tests.unit.right_solutions import WAYS
from utils.grading.judge import judge
from utils.grading.model import Answer

ROOT = Path(__file__).parents[2]
EXERCISES = bank.functions()
NAMES = [e.name for e in EXERCISES]


def ours(exercise):
    """The functions of our solutions of the exercise's notebook, by name."""
    space = {"np": np, "torch": torch, "F": F, "math": math}
    for other in bank.of_topic(exercise.topic):
        exec(learner.solution_code(other), space)
    return space[exercise.name]


@pytest.mark.parametrize("exercise", EXERCISES, ids=NAMES)
def test_our_solution_passes(exercise):
    for seed in (0, 5):
        verdict = judge(exercise, asking(exercise, ours(exercise)), seed)
        assert verdict.right, "\n".join(verdict.feedback)
        assert verdict.points == pytest.approx(exercise.points)


@pytest.mark.parametrize("exercise", EXERCISES, ids=NAMES)
def test_other_right_solutions_pass(exercise):
    assert len(WAYS[exercise.name]) >= 2
    for written in WAYS[exercise.name]:
        for seed in (0, 7):
            verdict = judge(exercise, asking(exercise, written), seed)
            assert verdict.right, (written, "\n".join(verdict.feedback))


@pytest.mark.parametrize("exercise", EXERCISES, ids=NAMES)
def test_a_table_of_the_answers_to_check_earns_nothing(exercise):
    """Who notes what comes in and what is wanted has nothing to show for fresh inputs."""
    table = {}
    for number in range(len(exercise.cases)):
        args = exercise.arguments(learner.SEED, number)
        table[repr(args)] = exercise.reference(*args)

    def ask(args):
        return Answer(table.get(repr(args), 0.0))

    assert judge(exercise, ask, learner.SEED).right
    assert judge(exercise, ask, 987654321).points == 0


@pytest.mark.parametrize("topic", bank.TOPICS)
def test_the_notebook_asks_for_what_the_bank_knows(topic):
    notebook = jupytext.read(ROOT / "exercises" / f"{topic}.md")
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    checked = re.findall(r"^check\((\w+)\)", "\n".join(c.source for c in notebook.cells), re.M)
    assert checked == [e.name for e in bank.of_topic(topic)]
    asked = [float(x) for x in re.findall(r"\*([\d.]+) points?\.\*", text)]
    assert asked == [e.points for e in bank.of_topic(topic)]


@pytest.mark.parametrize("topic", bank.TOPICS)
def test_stubs_earn_nothing_and_no_solution_is_in_the_notebook(topic):
    notebook = jupytext.read(ROOT / "exercises" / f"{topic}.md")
    code = [c.source for c in notebook.cells if c.cell_type == "code"]
    space = {}
    for cell in code:
        if not re.match(r"(check|progress|hint|solution)\(", cell):
            exec(cell, space)
    for exercise in bank.of_topic(topic):
        verdict = judge(exercise, asking(exercise, space[exercise.name]), 0)
        assert verdict.points < exercise.points
        if topic != "pytorch":  # there the loops run, and are wrong
            assert verdict.points == 0 and not verdict.written


def test_the_bank_adds_up():
    assert len(EXERCISES) == 34 and sum(e.points for e in EXERCISES) == 100
    assert sum(len(e.misconceptions) for e in EXERCISES) > 200
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("exercise", EXERCISES, ids=NAMES)
def test_the_section_it_sends_to_is_there(exercise):
    path = ROOT / f"{exercise.section.partition('#')[0]}.md"
    assert re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.M)[1] == exercise.title


@pytest.mark.parametrize("exercise", EXERCISES, ids=NAMES)
def test_drivers_hold_no_answer_and_need_nothing_of_ours(exercise):
    text = exercise.driver or ""
    assert not re.search(r"(from|import) (utils|exercises)|reference", text)


def test_looking_up_an_early_exercise_loads_no_torch():
    bank_module = importlib.import_module("exercises.bank.sigmoid")
    assert "torch" not in vars(bank_module)
