"""Asks a function of ours directly, as `check` and the sandbox ask a learner's."""

import copy
import warnings

import numpy as np

from utils.grading.model import Answer


def asking(exercise, learner):
    """An `ask` for the judge."""

    def ask(args):
        before = copy.deepcopy(args)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                value = exercise.drive(learner, *args)
            except Exception as error:
                return Answer(kind="raised", error=f"{type(error).__name__}: {error}")
        same = [
            np.array_equal(a, b, equal_nan=_floats(a)) for a, b in zip(args, before, strict=True)
        ]
        return Answer(value, mutated=not all(same))

    return ask


def _floats(value):
    return np.asarray(value).dtype.kind == "f"
