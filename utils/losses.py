"""Cross-entropy from scratch, in NumPy alone: the losses of this book and their gradients.

Everything here is in nats (natural logarithms). The module reads in the order of the mathematics:
what may be given; one logit (sigmoid, softplus, the binary losses); many logits (softmax, the
negative log-likelihood, cross-entropy); what a distribution has to say (entropy, divergence).

Two rules hold throughout.

*Numbers.* float16, float32 and float64 come out as they went in; integers count as float64. The
first argument decides. Every formula is arranged as a sum of terms of one sign, so that nothing
cancels: a loss of 4e-8 comes out as 4e-8, not as 0, and a logit of 1e9 costs 1e9, not inf or nan.
Functions of one logit are computed in the logit's own precision (float16 in float32), functions of
many in float64; both are rounded once, at the end, and sums are formed in float64.

*Mistakes.* What has no meaning is refused with one sentence: TypeError for the wrong kind of thing,
ValueError for a wrong value or shape. This is stricter than PyTorch where PyTorch is silent:
labels outside [0, 1], probabilities that do not sum to 1, a smoothing of nan.

Sources: Bishop, *Pattern Recognition and Machine Learning* (2006), section 4.3; Blanchard, Higham
and Higham, *Accurately computing the log-sum-exp and softmax functions* (2021); and PyTorch 2.13,
whose names, shapes and denominators are kept.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import NamedTuple

import numpy as np

# How many threads share a large array (NumPy lets go of the interpreter while it computes).
_asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0]
THREADS = max(1, int(_asked) if _asked.isdecimal() else os.cpu_count() or 1)

REDUCTIONS = ("mean", "sum", "none")
SUM_TOLERANCE = 0.01  # how far from 1 the entries of a distribution may add up


# --- What may be given ---------------------------------------------------------------------------


def _floats(name, value, integers=np.float64):
    """`value` as an array of float16, float32 or float64; integers become `integers`."""
    array = np.asarray(value)
    if array.dtype.kind in "biu":
        return array.astype(integers)
    if array.dtype not in (np.float16, np.float32, np.float64):
        raise TypeError(
            f"{name} has dtype {array.dtype}, but numbers are wanted: "
            f"convert it to float16, float32, float64 or integers."
        )
    return array


def _indices(name, value):
    """`value` as an array of integers."""
    array = np.asarray(value)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(
            f"{name} must hold class indices, which are integers, but has dtype {array.dtype} "
            f"and shape {array.shape}: convert it with .astype(int)."
        )
    return array.astype(np.int64, copy=False)


def _same_shape(name, array, wanted_name, wanted):
    """Refuse two arrays that NumPy would silently broadcast, such as (N, 1) against (N,)."""
    if array.shape != wanted.shape:
        raise ValueError(
            f"{name} has shape {array.shape} but {wanted_name} has shape {wanted.shape}: "
            f"they must be equal, so reshape one of them (nothing is broadcast here)."
        )


def _within(name, array, low, high, hint):
    """Refuse values outside [low, high], nan included, and show the first one."""
    # min and max of an array with a nan are nan, which fails both comparisons.
    if array.size and not (array.min() >= low and array.max() <= high):
        where = np.unravel_index(np.argmin((array >= low) & (array <= high)), array.shape)
        bounds = f"at least {low:g}" if high == np.inf else f"within [{low:g}, {high:g}]"
        place = f" at index {tuple(int(i) for i in where)}" if where else ""
        raise ValueError(f"{name} must be {bounds} but holds {array[where]}{place}: {hint}.")


def _finite(name, array):
    _within(name, array, 0, np.inf, "a weight says how much a term counts, so it is not negative")
    if array.size and array.max() == np.inf:
        raise ValueError(f"{name} must be finite but holds inf: use a large finite number.")


def _element_weight(name, weight, shape):
    """A weight for each element, broadcast to `shape`, or None."""
    if weight is None:
        return None
    weight = _floats(name, weight)
    _finite(name, weight)
    try:
        return np.broadcast_to(weight, shape)
    except ValueError:
        raise ValueError(
            f"{name} has shape {weight.shape}, which does not broadcast to the shape {shape} of "
            f"the first argument: give one number, or one for each element or column."
        ) from None


def _class_weight(weight, classes):
    """A weight for each class, float64, or None."""
    if weight is None:
        return None
    weight = _floats("weight", weight)
    if weight.shape != (classes,):
        raise ValueError(
            f"weight has shape {weight.shape} but there are {classes} classes: "
            f"give one weight for each class, shape ({classes},)."
        )
    _finite("weight", weight)
    return weight.astype(np.float64)


def _class_indices(name, y, classes, ignore_index=None):
    """Class indices in 0..classes-1, together with which of them are not `ignore_index`."""
    y = _indices(name, y)
    if ignore_index is None:
        kept = np.ones(y.shape, dtype=bool)
        exception = ""
    else:
        kept = y != ignore_index
        exception = f" or ignore_index = {ignore_index}"
    wrong = kept & ((y < 0) | (y >= classes))
    if wrong.any():
        where = np.unravel_index(np.argmax(wrong), y.shape)
        place = f" at index {tuple(int(i) for i in where)}" if where else ""
        raise ValueError(
            f"{name} must hold class indices 0 to {classes - 1}{exception} but holds {y[where]}"
            f"{place}: count classes from 0, and check the class axis of the logits."
        )
    return np.where(kept, y, 0), kept


def _distribution(name, q, axis):
    """Refuse rows of `q` along `axis` that are not probability distributions."""
    _within(name, q, 0, 1, "it must hold probabilities")
    total = q.sum(axis=axis, dtype=np.float64)
    wrong = np.abs(total - 1) > SUM_TOLERANCE
    if wrong.any():
        raise ValueError(
            f"{name} must hold distributions along axis {axis}, but one of them sums to "
            f"{total[wrong].flat[0]:.4g}: divide by the sum; for several labels at once "
            f"use bce_with_logits."
        )


def _reduction(reduction):
    if not isinstance(reduction, str):
        raise TypeError(
            f"reduction must be a string but is {reduction!r}: "
            f"give one of {', '.join(map(repr, REDUCTIONS))}."
        )
    if reduction not in REDUCTIONS:
        raise ValueError(
            f"reduction is {reduction!r}: give one of {', '.join(map(repr, REDUCTIONS))}."
        )
    return reduction


def _smoothing(label_smoothing):
    if not isinstance(label_smoothing, (int, float, np.integer, np.floating)):
        raise TypeError(
            f"label_smoothing must be one number but is {type(label_smoothing).__name__}: "
            f"give the share between 0 and 1 that is spread over all classes."
        )
    if not 0 <= label_smoothing <= 1:
        raise ValueError(
            f"label_smoothing is {label_smoothing}: give the share between 0 and 1 "
            f"that is spread over all classes."
        )
    return float(label_smoothing)


def _axis(array, name, axis):
    """The axis of the classes, counted from the front; it must be there and hold at least one."""
    if not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis must be an integer but is {axis!r}: give the axis of the classes.")
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(
            f"axis is {axis} but {name} has shape {array.shape}: give one of its axes."
        )
    if array.shape[axis] == 0:
        raise ValueError(f"{name} has shape {array.shape}: axis {axis} must hold a class or more.")
    return int(axis) % array.ndim


# --- How it is computed --------------------------------------------------------------------------


def _in_blocks(compute, count, width=1):
    """Call `compute(part)` for slices of `count` items of `width` numbers each.

    A block stays in the processor's cache. Threads take larger ones, so as to wait less for each
    other, and only single numbers: rows need so many small steps that they would mostly wait.
    """
    threads = THREADS if width == 1 else 1
    step = max(1, (1 << (15 if threads == 1 else 17)) // width)
    parts = [slice(i, min(i + step, count)) for i in range(0, count, step)]

    def run(part):
        with np.errstate(all="ignore"):
            compute(part)

    if threads == 1 or len(parts) < 4:
        for part in parts:
            run(part)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, parts))


def _elementwise(compute, shape, dtype, *arrays):
    """`compute(*blocks)` on flat blocks of arrays that broadcast to `shape` (None stays None)."""
    blocks = _flat(shape, arrays)
    result = np.empty(prod(shape), dtype)

    def work(part):
        result[part] = compute(*blocks(part))

    _in_blocks(work, result.size)
    return result.reshape(shape)[()]


def _flat(shape, arrays):
    flat = [None if a is None else np.broadcast_to(a, shape).reshape(-1) for a in arrays]
    return lambda part: (None if a is None else a[part] for a in flat)


def _elementwise_loss(compute, reduction, shape, dtype, *arrays):
    """The same for a loss: every one, their sum, or their mean over all elements."""
    if reduction == "none":
        return _elementwise(compute, shape, dtype, *arrays)
    blocks, sums = _flat(shape, arrays), {}

    def work(part):
        sums[part.start] = compute(*blocks(part)).sum(dtype=np.float64)

    _in_blocks(work, prod(shape))
    total = np.array([sums[start] for start in sorted(sums)])
    return _reduced(total, reduction, prod(shape), dtype)


def _times(weight, term):
    """weight * term, where a weight of 0 makes 0 even of an infinite term."""
    product = weight * term
    if not np.isfinite(product).all():
        product = np.where(weight == 0, product.dtype.type(0), product)
    return product


def _reduced(loss, reduction, denominator, dtype):
    """The loss as asked for: every one, their sum, or the sum over `denominator`."""
    with np.errstate(all="ignore"):
        if reduction == "none":
            return loss.astype(dtype)[()]
        total = loss.sum(dtype=np.float64)
        return dtype.type(total / np.float64(denominator) if reduction == "mean" else total)


# --- One logit -----------------------------------------------------------------------------------


def _single(*dtypes):
    """The precision in which functions of one logit are computed: the finest given, or float32."""
    return np.result_type(np.float32, *dtypes)


def sigmoid(z):
    r"""$\sigma(z) = 1 / (1 + e^{-z})$, the probability that belongs to the logit z.

    Any shape; the dtype of z. The exponential is taken of -|z| only, so it cannot overflow, and
    sigmoid(-100) is 3.8e-44, not 0. A nan gives nan.

    Raises TypeError if z does not hold numbers.
    """
    z = _floats("z", z)
    work = _single(z.dtype)

    def compute(z):
        e = np.exp(-np.abs(z.astype(work, copy=False)))
        return np.where(z > 0, work.type(1), e) / (1 + e)

    return _elementwise(compute, z.shape, z.dtype, z)


def softplus(z):
    r"""$\ln(1 + e^z) = \max(z, 0) + \ln(1 + e^{-|z|})$, in nats: what label 0 costs at logit z.

    Any shape; the dtype of z. Both terms are positive, and the second keeps its digits by log1p.

    Raises TypeError if z does not hold numbers.
    """
    z = _floats("z", z)
    work = _single(z.dtype)

    def compute(z):
        z = z.astype(work, copy=False)
        return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))

    return _elementwise(compute, z.shape, z.dtype, z)


def log_sigmoid(z):
    r"""$\ln \sigma(z) = -\mathrm{softplus}(-z)$, in nats, never above 0.

    Any shape; the dtype of z. Raises TypeError if z does not hold numbers.
    """
    return -softplus(-_floats("z", z))


def _binary(name, x, y, weight, reduction, pos_weight=None):
    """The arguments of a binary loss, checked; labels and weights do not decide the dtype."""
    _reduction(reduction)
    x = _floats(name, x)
    y = _floats("y", y, x.dtype)
    _same_shape("y", y, name, x)
    _within("y", y, 0, 1, "a label is the probability of class 1 (swapped arguments?)")
    weight = _element_weight("weight", weight, x.shape)
    pos_weight = _element_weight("pos_weight", pos_weight, x.shape)
    work = _single(x.dtype, y.dtype)
    return x, y, weight, pos_weight, work


def bce(p, y, *, weight=None, reduction="mean"):
    r"""Binary cross-entropy of probabilities, $-y \ln p - (1-y) \ln(1-p)$, in nats.

    p and y have one shape, any shape, with values in [0, 1]; 0 ln 0 is 0. A certain mistake
    (p = 0, y = 1) costs inf; PyTorch says 100. `weight` broadcasts to p and multiplies each term;
    the mean divides by the number of terms, not by the weights. The dtype of p comes out.

    Raises ValueError (range, shape, reduction) and TypeError (no numbers). Source: `nn.BCELoss`.
    """
    p, y, weight, _, work = _binary("p", p, y, weight, reduction)
    _within("p", p, 0, 1, "these are probabilities; for logits use bce_with_logits")

    def compute(p, y, weight):
        p, y = p.astype(work, copy=False), y.astype(work, copy=False)
        loss = _times(y, -np.log(p)) + _times(1 - y, -np.log1p(-p))
        return loss if weight is None else _times(weight, loss)

    return _elementwise_loss(compute, reduction, p.shape, p.dtype, p, y, weight)


def grad_bce(p, y, *, weight=None, reduction="mean"):
    r"""Gradient of `bce` in p: $(p - y) / (p (1-p))$, for the mean divided by the number of terms.

    Arguments, dtype and errors as for `bce`; the shape of p comes out. At p = y = 0 it is 1 and at
    p = y = 1 it is -1, the limits from within [0, 1]. (PyTorch gives 0 there: it keeps the
    denominator at 1e-12 or more.)
    """
    p, y, weight, _, _ = _binary("p", p, y, weight, reduction)
    _within("p", p, 0, 1, "these are probabilities; for logits use bce_with_logits")
    scale = 1 / max(p.size, 1) if reduction == "mean" else 1

    def compute(p, y, weight):
        p, y = p.astype(np.float64), y.astype(np.float64)
        certain = (p == y) & ((p == 0) | (p == 1))
        gradient = np.where(certain, 1 - 2 * p, (p - y) / (p * (1 - p)))
        return scale * (gradient if weight is None else _times(weight, gradient))

    return _elementwise(compute, p.shape, p.dtype, p, y, weight)


def _against(up, y, pos_weight):
    """What the labels weigh against `up`: 1 - y where it holds, elsewhere y (or pos_weight y)."""
    if pos_weight is None:
        return np.abs(y - up)
    return np.where(up, 1 - y, pos_weight * y)


def bce_with_logits(z, y, *, weight=None, pos_weight=None, reduction="mean"):
    r"""Binary cross-entropy of logits, $c\,y\,\mathrm{softplus}(-z) + (1-y)\,\mathrm{softplus}(z)$.

    In nats. z and y have one shape, any shape; labels lie in [0, 1], soft ones included; $c$ is
    `pos_weight` (1 without). `weight` and `pos_weight` broadcast to z. The mean divides by the
    number of terms, never by weights. The dtype of z comes out. An infinite logit costs 0 on the
    right side and inf on the other.

    Computed as $|z|\,u + (u + v) \ln(1 + e^{-|z|})$, where $u$ is what the label weighs on the side
    that the sign of z denies and $v$ on the other: no term is negative, so nothing cancels.

    Raises ValueError (range, shape, reduction) and TypeError (no numbers).
    Source: `nn.BCEWithLogitsLoss`.
    """
    z, y, weight, pos_weight, work = _binary("z", z, y, weight, reduction, pos_weight)

    def compute(z, y, weight, pos_weight):
        z, y = z.astype(work, copy=False), y.astype(work, copy=False)
        size, against = np.abs(z), _against(z > 0, y, pos_weight)
        loss = np.log1p(np.exp(-size))
        if pos_weight is not None:
            loss *= pos_weight * y + (1 - y)
        loss += against * size if size.max() < np.inf else _times(against, size)
        return loss if weight is None else _times(weight, loss)

    return _elementwise_loss(compute, reduction, z.shape, z.dtype, z, y, weight, pos_weight)


def grad_bce_with_logits(z, y, *, weight=None, pos_weight=None, reduction="mean"):
    r"""Gradient of `bce_with_logits` in z: $(1-y)\,\sigma(z) - c\,y\,\sigma(-z)$.

    Without `pos_weight` ($c = 1$) this is $\sigma(z) - y$; written so, a hard label leaves one
    term and nothing cancels. Computed as $\pm (u - v e^{-|z|}) / (1 + e^{-|z|})$ with the sign of z
    and u, v as in `bce_with_logits`. For the mean it is divided by the number of terms.
    Arguments, dtype and errors as for `bce_with_logits`; the shape of z comes out.
    """
    z, y, weight, pos_weight, _ = _binary("z", z, y, weight, reduction, pos_weight)
    scale = 1 / max(z.size, 1) if reduction == "mean" else 1

    def compute(z, y, weight, pos_weight):
        z, y = z.astype(np.float64), y.astype(np.float64)
        e, up = np.exp(-np.abs(z)), z > 0
        gradient = _against(up, y, pos_weight) - _against(~up, y, pos_weight) * e
        gradient *= (up * (2 * scale) - scale) / (1 + e)
        return gradient if weight is None else weight * gradient

    return _elementwise(compute, z.shape, z.dtype, z, y, weight, pos_weight)


# --- Many logits ---------------------------------------------------------------------------------


def _as_rows(array, axis):
    """A view or copy of shape (samples, classes), and the way back to the shape it had."""
    moved = np.moveaxis(array, axis, -1)
    rows = moved.reshape(prod(moved.shape[:-1]), moved.shape[-1])
    return rows, lambda rows: np.moveaxis(rows.reshape(moved.shape), -1, axis)


def _exponentials(rows):
    """Logits z, a shift c for each row, and e = exp(z - c) in float64.

    Rows whose greatest logit is within ±100 need no shift, and without one there is no difference
    to round. Beyond, c is the greatest logit, and what the subtraction rounds away is put back as
    a factor (Knuth's two-sum), since the exponential would make it many times larger.
    """
    z = rows.astype(np.float64)
    if rows.min() >= -100 and rows.max() <= 100:
        return rows, np.zeros((len(z), 1)), np.exp(z, out=z)
    top = z.max(axis=1, keepdims=True)
    # One infinite logit takes all the probability; two of them have no limit.
    sure = z == np.inf
    limit = np.where(sure, np.where(sure.sum(axis=1, keepdims=True) == 1, 0.0, np.nan), -np.inf)
    z = np.where(top == np.inf, limit, z)
    top = np.where(top == np.inf, z.max(axis=1, keepdims=True), top)
    c = np.where(np.abs(top) > 100, top, 0.0)
    gap = z - c
    back = gap - z
    lost = (z - (gap - back)) - (c + back)
    return z, c, np.exp(gap) * np.where(np.isfinite(lost), 1 + lost, 1.0)


def _without(e, k):
    """The sum of each row of e without its entry k, by leaving it out, not by subtracting it."""
    rest = e.copy()
    np.put_along_axis(rest, k, 0.0, axis=1)
    return rest.sum(axis=1, keepdims=True)


def _sums_of_others(e):
    """For each entry of each row the sum of the others; only the greatest would cancel."""
    others = e.sum(axis=1, keepdims=True) - e
    top = e.argmax(axis=1)[:, None]
    np.put_along_axis(others, top, _without(e, top), axis=1)
    return others


def _log_partition(z, e):
    """The greatest logit of each row, and how far the log-sum-exp lies above it, never negative."""
    k = z.argmax(axis=1)[:, None]
    above = np.log1p(_without(e, k) / np.take_along_axis(e, k, axis=1))
    return np.take_along_axis(z, k, axis=1).astype(np.float64), above


def _rowwise(compute, rows, *others, width=None, dtype=np.float64):
    """`compute(rows, *others)` on blocks of rows: shape (samples,) or (samples, width)."""
    shape = (len(rows),) if width is None else (len(rows), width)
    result = np.empty(shape, dtype)

    def work(part):
        result[part] = compute(rows[part], *(None if a is None else a[part] for a in others))

    _in_blocks(work, len(rows), rows.shape[1])
    return result


def logsumexp(z, axis=-1, keepdims=False):
    r"""$\ln \sum_k e^{z_k}$ along `axis`, in nats: the smooth maximum, and softmax's denominator.

    Any shape; the dtype of z. Computed as $m + \ln(1 + \sum' e^{z_k - m})$, where m is the greatest
    logit and the sum runs over the others: (17, 0) gives 17.00000004, and (1e9, 1e9) does not
    overflow. Infinite logits give their limits.

    Raises ValueError for a missing or empty axis, TypeError if z does not hold numbers.
    """
    z = _floats("z", z)
    axis = _axis(z, "z", axis)
    rows, _ = _as_rows(z, axis)

    def compute(rows):
        z, _, e = _exponentials(rows)
        top, above = _log_partition(z, e)
        greatest = rows.max(axis=1).astype(np.float64)
        return np.where(np.isinf(greatest), greatest, (top + above)[:, 0])

    value = _rowwise(compute, rows).reshape(np.delete(z.shape, axis))
    return _reduced(np.expand_dims(value, axis) if keepdims else value, "none", None, z.dtype)


def softmax(z, axis=-1):
    r"""$p_k = e^{z_k} / \sum_j e^{z_j}$ along `axis`: the probabilities that belong to logits z.

    Any shape; the dtype of z. One logit of +inf gets all; a row of -inf has no answer: nan.

    Raises ValueError for a missing or empty axis, TypeError if z does not hold numbers.
    """
    z = _floats("z", z)
    rows, back = _as_rows(z, _axis(z, "z", axis))

    def compute(rows):
        e = _exponentials(rows)[2]
        return e / e.sum(axis=1, keepdims=True)

    return back(_rowwise(compute, rows, width=rows.shape[1], dtype=z.dtype))


def log_softmax(z, axis=-1):
    r"""$\ln p_k = (z_k - m) - \ln(1 + \sum' e^{z_j - m})$ along `axis`, in nats.

    Any shape; the dtype of z. m is the greatest logit, the sum runs over the others. Neither term
    is positive, so nothing cancels: float32 logits (0, 17) give (-17, -4.14e-8), where adding
    first and taking the logarithm then would give -17 and 0.

    Raises ValueError for a missing or empty axis, TypeError if z does not hold numbers.
    """
    z = _floats("z", z)
    rows, back = _as_rows(z, _axis(z, "z", axis))

    def compute(rows):
        z, _, e = _exponentials(rows)
        top, above = _log_partition(z, e)
        return (z - top) - above

    return back(_rowwise(compute, rows, width=rows.shape[1], dtype=z.dtype))


def one_hot(y, num_classes, dtype=np.float64):
    """Class indices as rows with one 1: shape (...) becomes (..., num_classes).

    Indices are 0 to num_classes - 1; the dtype is the one given. Raises TypeError if y does not
    hold integers and ValueError if one is out of range. Source: `F.one_hot`.
    """
    num_classes = _number_of_classes(num_classes)
    y, _ = _class_indices("y", y, num_classes)
    return (y[..., None] == np.arange(num_classes)).astype(dtype)


def smooth_targets(y, num_classes, label_smoothing, *, convention="pytorch"):
    r"""Class indices as smoothed target distributions: shape (...) becomes (..., num_classes).

    `"pytorch"` mixes with the uniform distribution: 1 - ε + ε/K for the true class and ε/K for
    every other. `"off_class"` takes ε from the true class and divides it among the others: 1 - ε
    and ε/(K-1). The first with ε K/(K-1) is the second with ε. The result is float64.

    Raises ValueError (index, smoothing, convention) and TypeError.
    Sources: `nn.CrossEntropyLoss`; Szegedy et al. (2016), section 7, for `"pytorch"`.
    """
    epsilon = _smoothing(label_smoothing)
    if convention not in ("pytorch", "off_class"):
        raise ValueError(f"convention is {convention!r}: give 'pytorch' or 'off_class'.")
    hot = one_hot(y, num_classes, bool)
    if convention == "pytorch":
        return np.where(hot, 1 - epsilon + epsilon / num_classes, epsilon / num_classes)
    if num_classes == 1 and epsilon:
        raise ValueError("num_classes is 1: 'off_class' needs another class to give the share to.")
    return np.where(hot, 1 - epsilon, epsilon / max(num_classes - 1, 1))


def _number_of_classes(num_classes):
    if not isinstance(num_classes, (int, np.integer)) or isinstance(num_classes, bool):
        raise TypeError(
            f"num_classes must be an integer but is {num_classes!r}: count the classes."
        )
    if num_classes < 1:
        raise ValueError(f"num_classes is {num_classes}: there must be at least one class.")
    return int(num_classes)


# --- The losses of many classes ------------------------------------------------------------------


class _Problem(NamedTuple):
    """Samples as rows, whatever the shapes were: what every loss of many classes starts from."""

    rows: np.ndarray  # (samples, classes): logits or log-probabilities
    back: Callable  # rows in the shape of the logits again
    shape: tuple  # of the losses
    y: np.ndarray | None  # (samples,) class indices, ignored ones as 0 …
    kept: np.ndarray | None  # (samples,) … which are not to be ignored
    q: np.ndarray | None  # (samples, classes) target probabilities, where y is None
    weight: np.ndarray | None  # (classes,)
    denominator: float  # what "mean" divides by


def _problem(name, z, target, target_name, weight, ignore_index, reduction):
    """Check what the losses of many classes are given, and lay it out in rows."""
    _reduction(reduction)
    if not isinstance(ignore_index, (int, np.integer)) or isinstance(ignore_index, bool):
        raise TypeError(f"ignore_index must be an integer but is {ignore_index!r}.")
    if z.ndim == 0:
        raise ValueError(
            f"{name} is a single number: give one for each class, shape (K,) or (N, K)."
        )
    axis = _axis(z, name, min(z.ndim - 1, 1))
    rows, back = _as_rows(z, axis)
    weight = _class_weight(weight, rows.shape[1])
    target = np.asarray(target)
    shape = z.shape[:axis] + z.shape[axis + 1 :]
    if target_name == "target" and target.shape == z.shape and target.dtype.kind not in "biu":
        q = _floats("target", target)
        _distribution("target", q, axis)
        if ignore_index != -100:
            raise ValueError(
                f"ignore_index is {ignore_index} but target holds probabilities, which have no "
                f"index to ignore: give class indices of shape {shape}, or leave samples out."
            )
        return _Problem(rows, back, shape, None, None, _as_rows(q, axis)[0], weight, len(rows))
    if target.shape != shape:
        also = f", or probabilities of shape {z.shape}" if target_name == "target" else ""
        raise ValueError(
            f"{target_name} has shape {target.shape} and dtype {target.dtype} but {name} has shape "
            f"{z.shape} with the classes on axis {axis}: give class indices of shape {shape}{also}."
        )
    y, kept = _class_indices(target_name, target, rows.shape[1], ignore_index)
    y, kept = y.reshape(-1), kept.reshape(-1)
    denominator = kept.sum() if weight is None else weight[y[kept]].sum()
    return _Problem(rows, back, shape, y, kept, None, weight, float(denominator))


def nll_loss(log_p, y, *, weight=None, ignore_index=-100, reduction="mean"):
    r"""Negative log-likelihood $-w_{y_i} \ln p_{i y_i}$ of class indices, in nats.

    log_p holds log-probabilities, shape (K,), (N, K) or (N, K, d1, ...); y holds indices, shape (),
    (N,) or (N, d1, ...). Entries equal to `ignore_index` cost 0 and do not count. The mean divides
    by the sum of the weights of the samples that count: nan if there is none. The dtype of log_p
    comes out.

    Raises ValueError (shape, range, log_p above 0, weight, reduction) and TypeError.
    Source: `nn.NLLLoss`.
    """
    log_p = _floats("log_p", log_p)
    problem = _problem("log_p", log_p, y, "y", weight, ignore_index, reduction)
    if (log_p > SUM_TOLERANCE).any():
        raise ValueError(
            f"log_p must hold log-probabilities, which are never above 0, but holds "
            f"{log_p[log_p > SUM_TOLERANCE].flat[0]}: take log_softmax of logits, or the logarithm "
            f"of probabilities."
        )

    def compute(rows, y, kept):
        loss = -rows[np.arange(len(y)), y].astype(np.float64)
        return np.where(kept, _weighted(loss, problem.weight, y), 0.0)

    loss = _rowwise(compute, problem.rows, problem.y, problem.kept).reshape(problem.shape)
    return _reduced(loss, reduction, problem.denominator, log_p.dtype)


def _weighted(loss, weight, y):
    return loss if weight is None else _times(weight[y], loss)


def _soft_targets(problem, y, q, epsilon):
    """v = w ∘ ((1 - ε) q + ε / K) for a block of samples: what each class counts for."""
    classes = problem.rows.shape[1]
    if q is None:
        v = smooth_targets(y, classes, epsilon)
    else:
        v = (1 - epsilon) * q.astype(np.float64) + epsilon / classes
    return v if problem.weight is None else v * problem.weight


def cross_entropy(
    z, target, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    r"""Cross-entropy of logits, $-\sum_k w_k q_{ik} \ln p_{ik}$ with p = softmax(z), in nats.

    z has shape (K,), (N, K) or (N, K, d1, ...), the classes on axis 1 (axis 0 of a vector).
    target holds either class indices, shape (), (N,) or (N, d1, ...), or probabilities: floats of
    the shape of z whose rows sum to 1 (within 0.01) and are used as they are. `label_smoothing` ε
    mixes the target with the uniform distribution, (1 - ε) q + ε/K. The dtype of z comes out.

    What the mean divides by: for indices the sum of the weights $w_{y_i}$ of the samples that are
    not `ignore_index` (their number without weights; nan if there are none); for probabilities
    the number of samples, weighted or not. Ignored samples cost 0, whatever their logits hold.

    For an index this is $\ln(1 + \sum_{k \ne y} e^{z_k} / e^{z_y})$: the softplus of many classes.

    Raises ValueError (shape, range, sums, weight, smoothing, reduction) and TypeError.
    Source: `nn.CrossEntropyLoss`.
    """
    z = _floats("z", z)
    epsilon = _smoothing(label_smoothing)
    problem = _problem("z", z, target, "target", weight, ignore_index, reduction)

    def hard(rows, y, kept, _):
        loss = _index_loss(rows, y)[0]
        return np.where(kept, _weighted(loss, problem.weight, y), 0.0)

    def soft(rows, y, kept, q):
        v = _soft_targets(problem, y, q, epsilon)
        z, _, e = _exponentials(rows)
        top, above = _log_partition(z, e)
        loss = _times(v, top - z).sum(axis=1) + v.sum(axis=1) * above[:, 0]
        return loss if kept is None else np.where(kept, loss, 0.0)

    compute = hard if problem.q is None and not epsilon else soft
    loss = _rowwise(compute, problem.rows, problem.y, problem.kept, problem.q)
    return _reduced(loss.reshape(problem.shape), reduction, problem.denominator, z.dtype)


def _index_loss(rows, y):
    """ln(1 + rest / own) of each row, with e, own = e_y and rest = the sum of the other e."""
    z, c, e = _exponentials(rows)
    at = np.arange(len(y)), y
    own = e[at]
    e[at] = 0.0
    # einsum adds short rows faster; sum adds in pairs, which keeps the digits of long ones.
    rest = np.einsum("ij->i", e) if e.shape[1] <= 128 else e.sum(axis=1)
    loss = np.log1p(rest / own)
    # Where e_y underflows, the loss is hundreds of nats and the plain form is exact.
    far = own < 1e-200
    if far.any():
        loss[far] = (c[far, 0] + np.log(rest[far])) - z[at][far]
    return loss, e, own, rest


def grad_cross_entropy(
    z, target, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    r"""Gradient of `cross_entropy` in z: $p_k \sum_j v_j - v_k$, where v = w q'.

    q' is the (smoothed) target. Without weights this is p - q', for an index p - one_hot(y). For
    the mean it is divided by the same denominator as the loss. Ignored samples get zeros, whatever
    their logits hold. Arguments and errors as for `cross_entropy`; the shape and dtype of z come
    out.

    Computed as $p_k \sum_{j \ne k} v_j - v_k \sum_{j \ne k} p_j$, so that an index leaves one term
    and nothing cancels.
    """
    z = _floats("z", z)
    epsilon = _smoothing(label_smoothing)
    problem = _problem("z", z, target, "target", weight, ignore_index, reduction)
    with np.errstate(all="ignore"):
        scale = 1 / np.float64(problem.denominator) if reduction == "mean" else 1.0

    def hard(rows, y, kept, _):
        _, e, own, rest = _index_loss(rows, y)
        factor = scale if problem.weight is None else scale * problem.weight[y]
        factor = factor / (own + rest)
        gradient = e * np.reshape(factor, (-1, 1))
        gradient[np.arange(len(y)), y] = -rest * factor
        gradient[~kept] = 0.0
        return gradient

    def soft(rows, y, kept, q):
        v = _soft_targets(problem, y, q, epsilon)
        e = _exponentials(rows)[2]
        p = e / e.sum(axis=1, keepdims=True)
        gradient = scale * (p * _sums_of_others(v) - v * _sums_of_others(p))
        if kept is not None:
            gradient[~kept] = 0.0
        return gradient

    compute = hard if problem.q is None and not epsilon else soft
    rows, width = problem.rows, problem.rows.shape[1]
    given = problem.y, problem.kept, problem.q
    return problem.back(_rowwise(compute, rows, *given, width=width, dtype=z.dtype))


# --- What a distribution has to say --------------------------------------------------------------


def entropy(q, axis=-1):
    r"""$H(q) = -\sum_k q_k \ln q_k$ along `axis`, in nats; 0 ln 0 is 0.

    Any shape; the dtype of q. From 0 (certain) to ln K (uniform). Raises ValueError unless q
    holds distributions along `axis`, TypeError if it does not hold numbers.
    Source: Shannon (1948).
    """
    q = _floats("q", q)
    axis = _axis(q, "q", axis)
    _distribution("q", q, axis)
    with np.errstate(all="ignore"):
        x = q.astype(np.float64)
        terms = _times(x, -np.log(x))
    return _reduced(terms.sum(axis=axis), "none", None, q.dtype)


def kl_divergence(q, p, axis=-1):
    r"""$\mathrm{KL}(q \,\|\, p) = \sum_k q_k \ln(q_k / p_k)$ along `axis`, in nats.

    q and p have one shape, any shape; the dtype of q comes out. Not below 0, save for rounding and
    for rows that do not quite sum to 1; 0 when equal. A class with q = 0
    adds 0 whatever p is, one with p = 0 < q makes it inf. (`F.kl_div` takes the arguments the other
    way round, p as logarithms, and divides by more in its default mean.)

    Raises ValueError unless both hold distributions along `axis`, TypeError for no numbers.
    Source: Kullback and Leibler (1951).
    """
    q = _floats("q", q)
    p = _floats("p", p)
    _same_shape("p", p, "q", q)
    axis = _axis(q, "q", axis)
    _distribution("q", q, axis)
    _distribution("p", p, axis)
    with np.errstate(all="ignore"):
        x, m = q.astype(np.float64), p.astype(np.float64)
        excess = (m - x) / x
        # Near 0 the logarithm of the ratio comes from the difference, which is exact.
        log_ratio = np.where(np.abs(excess) < 0.5, -np.log1p(excess), np.log(x) - np.log(m))
        terms = np.where(x == 0, 0.0, x * log_ratio)
    return _reduced(terms.sum(axis=axis), "none", None, q.dtype)
