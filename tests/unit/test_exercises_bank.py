"""Every known mistake is rejected and called by its name, whatever the seed."""

import pytest

from exercises import bank
from tests.unit.exercise_helpers import asking
from utils.grading.judge import judge

EXERCISES = bank.functions()
PAIRS = [
    pytest.param(exercise, mistake, id=f"{exercise.name}: {mistake.name[:60]}")
    for exercise in EXERCISES
    for mistake in exercise.misconceptions
]


@pytest.mark.parametrize(("exercise", "mistake"), PAIRS)
def test_a_known_mistake_is_rejected_and_named(exercise, mistake):
    # Loops and classes take longer: for them the inputs that `check` uses are enough.
    for seed in (0, 31337) if exercise.driver is None else (0,):
        _rejected_and_named(exercise, mistake, seed)


def _rejected_and_named(exercise, mistake, seed):
    verdict = judge(exercise, asking(exercise, mistake.wrong), seed)
    assert verdict.points < verdict.out_of
    assert mistake.name in verdict.mistakes, "\n".join(verdict.feedback)
    assert len(verdict.mistakes) <= 2, verdict.mistakes


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_known_mistakes_are_many(exercise):
    assert len(exercise.misconceptions) >= 6


@pytest.mark.parametrize("seed", [0, 1, 2024])
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.name)
def test_one_input_has_one_answer(exercise, seed):
    again = [repr(exercise.arguments(seed, i)) for i in range(len(exercise.cases))]
    assert again == [repr(exercise.arguments(seed, i)) for i in range(len(exercise.cases))]
