"""Small changes of right answers are refused; those that pass are right answers themselves."""

import warnings

import pytest

from exercises import bank
from tests.unit.exercise_mutants import survey

# Mutants that cannot be refused, and why: each computes the same.
EQUIVALENT = {
    "entropy": "x + 0.0 and x − 0.0",
    "bce": "the value put in where the weight is 0 is never used, whatever selects it",
    "logsumexp": "a row of −inf may be shifted by any number; of two axes, −1 is 1",
    "log_softmax": "of two axes, axis −1 is axis 1",
    "temperature_softmax": "of two axes, axis −1 is axis 1",
    "online_logsumexp": "the first sum is multiplied by e^−inf = 0, whatever it is",
    "cross_entropy_nd": "reshape takes any negative length for “the rest”",
    "LabelSmoothingLoss": "log-softmax of log-softmax changes nothing; a mean of means of rows is "
    "one of columns",
    "train_churn": "an axis of length 1: index 0 is index −1",
    "ChunkedCrossEntropy": "every row of the gradient is written over",
}


@pytest.fixture(scope="module")
def surveys():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {e.name: survey(e) for e in bank.functions()}


def test_at_least_95_of_100_mutants_are_refused(surveys):
    count = sum(count for count, _ in surveys.values())
    alive = sum(len(survivors) for _, survivors in surveys.values())
    assert count > 500 and 1 - alive / count >= 0.95


def test_survivors_are_known_to_be_equivalent(surveys):
    unknown = {name: alive for name, (_, alive) in surveys.items() if alive}
    assert set(unknown) <= set(EQUIVALENT), unknown
