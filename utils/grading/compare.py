"""Comparing an answer with the right one: kind, shape, value and number type, in this order."""

import copy
import numbers

import numpy as np

MOST_BITS = 64  # an integer that is longer is no number of NumPy's


def kind_of(value):
    """What a learner would call it: an array, a number, a list, a torch.Tensor, None …"""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return "array" if value.dtype.kind in "biuf" else f"array of {value.dtype}"
    if isinstance(value, bool | np.bool_):
        return "bool"
    if isinstance(value, int) and value.bit_length() > MOST_BITS:
        return f"integer of more than {MOST_BITS} bits"
    if isinstance(value, numbers.Real):
        return "number"
    if isinstance(value, list | tuple):
        return type(value).__name__
    name = type(value).__name__
    if name == "Foreign":  # a value that a sandbox did not let out, by its name
        name = str(value.name)
    return "torch.Tensor" if name.rpartition(".")[2] in ("Tensor", "Parameter") else name


def kind_wanted(expected):
    if isinstance(expected, tuple):
        return f"tuple of {len(expected)}"
    return "array" if np.ndim(expected) else "number"


def difference(expected, value, rtol, atol, dtype=False):
    """The first thing in which `value` differs: "", "kind", "shape", "value" or "dtype"."""
    kind = kind_of(value)
    if isinstance(expected, tuple | list):  # a list, when an answer is compared with itself
        if kind not in ("tuple", "list") or len(value) != len(expected):
            return "kind"
        pairs = zip(expected, value, strict=True)
        parts = [difference(e, v, rtol, atol, dtype) for e, v in pairs]
        return next((part for part in parts if part), "")
    # A number may come as a Python number, a NumPy number or an array without axes.
    if kind not in (("array",) if np.ndim(expected) else ("array", "number")):
        return "kind"
    right, got = np.asarray(expected), np.asarray(value)
    if got.shape != right.shape:
        return "shape"
    if not close(right, got, rtol, atol):
        return "value"
    if right.ndim and right.dtype.kind == "f" and got.dtype.kind != "f":
        return "dtype"
    if dtype and isinstance(value, np.ndarray | np.generic) and got.dtype != right.dtype:
        return "dtype"
    return ""


def close(right, got, rtol, atol):
    """Whether all numbers are near enough; nan is near nan, inf is near inf."""
    with np.errstate(all="ignore"):
        a, b = np.asarray(got, np.float64), np.asarray(right, np.float64)
        if a.shape != b.shape:
            return False
        near = np.isfinite(b) & (np.abs(a - b) <= atol + rtol * np.abs(b))
        return bool(np.all(near | (a == b) | (np.isnan(a) & np.isnan(b))))


def numbers_of(value):
    """All numbers of an answer in one float64 vector, or None when it holds none."""
    parts = value if isinstance(value, tuple | list) else [value]
    kinds = [kind_of(part) for part in parts]
    if not parts or any(kind not in ("array", "number", "bool") for kind in kinds):
        return None
    return np.concatenate([np.asarray(part, np.float64).ravel() for part in parts])


def copied(args):
    """Arguments that may be changed without changing ours."""
    return copy.deepcopy(args)
