"""Right answers pass, however they are written; stubs and learnt-by-heart answers do not."""

import dataclasses
import importlib
import math
import re
import sys
from pathlib import Path

import jupytext
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from exercises import bank, learner
from tests.unit.right_solutions import RULED_OUT, WAYS
from utils.grading import traps
from utils.grading.guard import asking
from utils.grading.judge import RULED_OUT as A_RULED_OUT_CALL
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


@pytest.mark.parametrize(
    ("name", "written", "call"), RULED_OUT, ids=[f"{n}-{c}" for n, _, c in RULED_OUT]
)
def test_a_call_that_the_task_rules_out_earns_nothing(name, written, call):
    """Numbers for which most or all points would be paid, were the call not seen."""
    exercise = bank.find(name)
    verdict = judge(exercise, asking(exercise, written), 7)
    assert verdict.points == 0
    assert verdict.written
    assert all(case.problem == "forbidden" for case in verdict.cases)
    assert call.partition("(")[0] in verdict.feedback[0]
    trusting = dataclasses.replace(exercise, forbidden=())
    assert judge(trusting, asking(trusting, written), 7).points > 0.7 * exercise.points


@pytest.mark.parametrize("exercise", [e for e in EXERCISES if e.forbidden], ids=lambda e: e.name)
def test_what_is_ruled_out_is_there_and_the_text_says_so(exercise):
    import scipy.special
    import scipy.stats  # noqa: F401
    import sklearn.metrics  # noqa: F401

    assert exercise.name in {name for name, _, _ in RULED_OUT}
    for name in exercise.forbidden:
        assert callable(traps.find(name)), f"{name} is not there: a slip of the pen?"
    text = (learner.SOLUTIONS.parents[1] / f"{exercise.topic}.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {exercise.name}\n")[1].split("\n## ")[0]
    [sentence] = [line for line in section.split("\n") if "gives no points" in line]
    for name in exercise.forbidden:
        assert name.partition("(")[0].rpartition(".")[2] in sentence


def test_what_is_ruled_out_for_one_function_is_allowed_in_another():
    """A trap is set for one call and one task's functions; afterwards all is as it was."""
    exercise = bank.find("logsumexp")
    special = sys.modules["scipy.special"]
    before = special.logsumexp
    verdict = judge(exercise, asking(exercise, lambda z: np.logaddexp.reduce(z, axis=-1)), 7)
    assert verdict.right
    assert special.logsumexp is before


def test_the_library_function_itself_is_no_answer():
    special = sys.modules["scipy.special"]
    exercise = bank.find("softmax")
    verdict = judge(exercise, asking(exercise, special.softmax), 7)
    assert (verdict.points, verdict.mistakes) == (0, (A_RULED_OUT_CALL,))


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
