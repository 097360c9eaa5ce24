"""Small changes of right answers are refused; those that pass are right answers themselves."""

import warnings

import pytest

from exercises import bank
from tests.unit.exercise_mutants import survey
from tests.unit.exercise_survivors import ARGUED


@pytest.fixture(scope="module")
def surveys():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {e.name: survey(e) for e in bank.functions()}


def test_at_least_95_of_100_mutants_are_refused(surveys):
    count = sum(count for count, _ in surveys.values())
    alive = sum(len(survivors) for _, survivors in surveys.values())
    assert count > 500 and 1 - alive / count >= 0.95


def test_every_survivor_is_argued_and_nothing_else_is(surveys):
    alive = {name: sorted(lines) for name, (_, lines) in surveys.items() if lines}
    assert alive == {name: sorted(reasons) for name, reasons in ARGUED.items()}
    assert all(len(reason) > 20 for reasons in ARGUED.values() for reason in reasons.values())
