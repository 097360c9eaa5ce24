"""A trap sees the call it is set for, passes it on, and leaves everything as it was."""

import sys
import types

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import special

from utils.grading import traps

expit = special.expit
SMOOTHED = "torch.nn.functional.cross_entropy(label_smoothing)"


def seen(forbidden, function, *args):
    with traps.watching(forbidden, traps.spaces_of(function)) as watch:
        watch.of(function)(*args)
    return watch.seen


def test_a_call_is_seen_under_every_name_and_gives_what_it_gives():
    z, out = np.array([-1.0, 2.0]), []
    forbidden = ("scipy.special.expit", "torch.sigmoid")
    assert seen(forbidden, lambda: out.append(expit(z))) == ["scipy.special.expit"]
    assert seen(forbidden, lambda: out.append(special.expit(z))) == ["scipy.special.expit"]
    assert seen(forbidden, lambda: out.append(torch.sigmoid(torch.tensor(z)))) == ["torch.sigmoid"]
    assert seen(forbidden, expit, z) == ["scipy.special.expit"]
    for got in out:
        np.testing.assert_allclose(got, 1 / (1 + np.exp(-z)))
    assert seen(forbidden, lambda: special.log_expit(z)) == []
    assert seen((), lambda: expit(z)) == []


def test_what_stands_in_for_a_function_is_like_it():
    looks = []
    seen(("scipy.special.expit",), lambda: looks.extend([expit.nin, expit.__name__, expit.types]))
    assert looks == [1, "expit", expit.types]


def test_all_is_as_before_also_after_an_error():
    before = special.expit, expit

    def fails():
        expit(0.0)
        raise KeyError

    with pytest.raises(KeyError):
        seen(("scipy.special.expit", "torch.sigmoid"), fails)
    assert (special.expit, expit) == before
    assert type(expit) is np.ufunc
    assert not torch.overrides._get_current_function_mode_stack()


def test_an_argument_can_be_what_is_ruled_out():
    z, y = torch.zeros(2, 3), torch.tensor([0, 1])
    loss = torch.nn.CrossEntropyLoss
    assert seen((SMOOTHED,), lambda: F.cross_entropy(z, y, label_smoothing=0.1)) == [SMOOTHED]
    assert seen((SMOOTHED,), lambda: loss(label_smoothing=0.1)(z, y)) == [SMOOTHED]
    assert seen((SMOOTHED,), lambda: F.cross_entropy(z, y, None, None, -100, None, "mean", 0.1))
    assert seen((SMOOTHED,), lambda: F.cross_entropy(z, y, label_smoothing=0.0)) == []
    assert seen((SMOOTHED,), lambda: loss()(z, y)) == []


def test_names_that_are_not_there_are_passed_over():
    names = ("not.there", "scipy.special.not_there", "scipy.nowhere.expit", "scipy.special.expit")
    assert seen(names, lambda: expit(0.0)) == ["scipy.special.expit"]
    assert traps.find("scipy.nowhere.expit") is None


def test_nothing_is_imported_for_a_trap(monkeypatch):
    """SciPy loads its parts when they are asked for; a trap does not ask."""
    lazy, asked = types.ModuleType("lazy"), []
    lazy.__getattr__ = asked.append
    monkeypatch.setitem(sys.modules, "lazy", lazy)
    assert traps.find("lazy.stats.entropy") is None
    assert asked == []
    assert lazy.stats is None
    assert asked == ["stats"]
