"""Three ways to one number: ours, PyTorch's, and the truth with fifty digits.

The truth takes the very numbers that the functions are given (a float32 0.1 is 0.100000001…) and
computes in mpmath. Errors count in units in the last place (ulp) of the truth at the dtype. The
library promises never more than PyTorch's error plus 4 ulp; these tests hold it to 4 ulp of the
truth, whatever PyTorch does. Where the truth is a difference, it is an ulp of what is subtracted.
"""

import functools
import itertools
import math

import mpmath
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from utils import losses

mpmath.mp.dps = 50
ONE, ZERO = mpmath.mpf(1), mpmath.mpf(0)

DTYPES = [np.float16, np.float32, np.float64]
N, K = 5, 4
SCALES = {"ordinary": 2.0, "hundreds": 200.0, "thousands": 1e3, "1e4": 1e4, "hostile": 1e9}
CASES = [*SCALES, "one class", "one sample", "small losses"]


# --- The truth -----------------------------------------------------------------------------------


def exactly(array):
    """Floats as mpmath numbers, without rounding."""
    return np.vectorize(lambda x: mpmath.mpf(float(x)), otypes=[object])(np.asarray(array))


def true_softplus(z):
    return max(z, 0) + mpmath.log1p(mpmath.exp(-abs(z)))


def true_sigmoid(z):
    return ONE / (1 + mpmath.exp(-z)) if z > 0 else mpmath.exp(z) / (1 + mpmath.exp(z))


def true_surprisals(row):
    """-ln p_k of one row of logits: each a sum of positive terms, so that no digit is lost."""
    top = max(range(len(row)), key=lambda k: row[k])
    above = mpmath.log1p(sum((mpmath.exp(z - row[top]) for z in np.delete(row, top)), ZERO))
    return [row[top] - z + above for z in row]


def true_targets(target, classes, epsilon):
    """Index or probability targets as smoothed distributions; None for an ignored sample."""
    epsilon = mpmath.mpf(epsilon)
    for t in target:
        if np.ndim(t) == 0 and t == -100:
            yield None
        else:
            q = [ONE * (k == t) for k in range(classes)] if np.ndim(t) == 0 else exactly(t)
            yield [(1 - epsilon) * x + epsilon / classes for x in q]


def true_cross_entropy(z, target, weight, epsilon):
    """The losses of the samples, and what their mean divides by."""
    w = exactly(np.ones(z.shape[1]) if weight is None else weight)
    samples, denominator = [], ZERO
    for row, t, q in zip(exactly(z), target, true_targets(target, len(w), epsilon), strict=True):
        if q is None:
            samples.append(ZERO)
            continue
        samples.append(sum(a * b * s for a, b, s in zip(w, q, true_surprisals(row), strict=True)))
        denominator += w[t] if np.ndim(t) == 0 else 1
    return samples, denominator


def reduced(samples, denominator, reduction):
    if reduction == "none":
        return samples
    total = sum(samples, ZERO)
    return [total / denominator if reduction == "mean" else total]


# --- The ruler -----------------------------------------------------------------------------------


def ulps(value, truth, dtype, unit=None):
    """|value - truth| in units in the last place of the truth, or of a larger `unit`."""
    value = float(value)
    with np.errstate(over="ignore"):
        rounded = dtype(float(truth))
    if not (math.isfinite(rounded) and math.isfinite(value)):
        return 0.0 if value == rounded else math.inf
    size = rounded if unit is None else max(abs(rounded), dtype(float(unit)))
    return float(abs(mpmath.mpf(value) - truth) / mpmath.mpf(float(np.spacing(abs(dtype(size))))))


def assert_as_good(ours, theirs, truths, dtype, units=None):
    """Within 4 ulp of the truth; hence never worse than PyTorch by more than 4 ulp."""
    ours, theirs = np.ravel(ours), np.ravel(theirs.detach().numpy())
    assert ours.dtype == dtype
    for a, b, truth, unit in itertools.zip_longest(ours, theirs, truths, units or []):
        error = ulps(a, truth, dtype, unit)
        assert error <= 4, (
            f"ours {a!r} is off by {error:.1f} ulp, PyTorch's {b!r} by "
            f"{ulps(b, truth, dtype, unit):.1f}, the truth is {mpmath.nstr(truth, 20)}"
        )


def as_tensors(options):
    return {
        k: torch.tensor(v) if isinstance(v, np.generic | np.ndarray) else v
        for k, v in options.items()
    }


# --- The inputs ----------------------------------------------------------------------------------


def one_logit(dtype):
    rng = np.random.default_rng(1)
    top = 4.7 if dtype == np.float16 else 9
    size = np.concatenate([10.0 ** np.linspace(-4, top, 60), rng.uniform(0, 110, 200)])
    edges = [0, 16.6355, -16.6355, 88.72, -88.72, 17, -17]
    return np.concatenate([size, -size, edges]).astype(dtype)


def logits(case, dtype):
    rng = np.random.default_rng(CASES.index(case))
    n, classes = 1 if case == "one sample" else N, 1 if case == "one class" else K
    scale = min(SCALES.get(case, 3.0), 3e4 if dtype == np.float16 else math.inf)
    z = rng.uniform(-scale, scale, (n, classes))
    if scale > 10:
        # In every second row two logits lie close together: there the losses stay ordinary.
        z[::2, :2] = scale + rng.uniform(-3, 0, z[::2, :2].shape)
    if case == "small losses":
        z[:, 0] += np.linspace(5, 40, n)
    return z.astype(dtype)


@functools.cache
def classification(case, kind, ignoring, dtype):
    rng = np.random.default_rng(4)
    z = logits(case, dtype)
    if kind == "probabilities":
        target = losses.softmax(rng.normal(0, 2, z.shape)).astype(dtype)
    else:
        target = rng.integers(0, z.shape[1], len(z)) * (case != "small losses")
        if ignoring and len(z) > 1:
            target[1] = -100
    return z, target, (rng.random(z.shape[1]) + 0.1).astype(dtype)


# --- One logit -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("ours", "theirs", "truth"),
    [
        (losses.sigmoid, torch.sigmoid, true_sigmoid),
        (losses.softplus, F.softplus, true_softplus),
        (losses.log_sigmoid, F.logsigmoid, lambda z: -true_softplus(-z)),
    ],
    ids=["sigmoid", "softplus", "log_sigmoid"],
)
def test_functions_of_one_logit(ours, theirs, truth, dtype):
    z = one_logit(dtype)
    assert_as_good(ours(z), theirs(torch.tensor(z)), [truth(x) for x in exactly(z)], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("labels", ["hard", "soft"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", losses.REDUCTIONS)
def test_bce_with_logits_and_its_gradient(dtype, labels, weighted, reduction):
    rng = np.random.default_rng(2)
    z = one_logit(dtype)
    y = (rng.integers(0, 2, z.shape) if labels == "hard" else rng.random(z.shape)).astype(dtype)
    options = {"reduction": reduction}
    if weighted:
        options |= {"weight": rng.random(z.shape).astype(dtype), "pos_weight": dtype(3.5)}
    leaf = torch.tensor(z, requires_grad=True)
    theirs = F.binary_cross_entropy_with_logits(leaf, torch.tensor(y), **as_tensors(options))
    theirs.sum().backward()

    c, w = exactly(options.get("pos_weight", 1.0))[()], options.get("weight", np.ones(z.shape))
    n = z.size if reduction == "mean" else 1
    values, ups, downs = [], [], []
    for a, b, d in zip(exactly(z), exactly(y), exactly(w), strict=True):
        values.append(d * (c * b * true_softplus(-a) + (1 - b) * true_softplus(a)))
        ups.append(d * (1 - b) * true_sigmoid(a) / n)
        downs.append(d * c * b * true_sigmoid(-a) / n)
    ours = losses.bce_with_logits(z, y, **options)
    assert_as_good(ours, theirs, reduced(values, z.size, reduction), dtype)
    ours = losses.grad_bce_with_logits(z, y, **options)
    truths = [up - down for up, down in zip(ups, downs, strict=True)]
    units = list(map(max, ups, downs)) if dtype == np.float64 else None
    assert_as_good(ours, leaf.grad, truths, dtype, units)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", losses.REDUCTIONS)
def test_bce_of_probabilities_and_its_gradient(dtype, reduction):
    rng = np.random.default_rng(3)
    near = 10.0 ** -rng.uniform(1, 7, 60)
    p = np.concatenate([rng.random(60), near[:30], 1 - near[30:]]).astype(dtype)
    y = np.concatenate([rng.integers(0, 2, 60), rng.random(60)]).astype(dtype)
    inside = (p > 0) & (p < 1)
    p, y = p[inside], y[inside]
    leaf = torch.tensor(p, requires_grad=True)
    theirs = F.binary_cross_entropy(leaf, torch.tensor(y), reduction=reduction)
    theirs.sum().backward()
    pairs = list(zip(exactly(p), exactly(y), strict=True))
    values = [-b * mpmath.log(a) - (1 - b) * mpmath.log1p(-a) for a, b in pairs]
    ours = losses.bce(p, y, reduction=reduction)
    assert_as_good(ours, theirs, reduced(values, p.size, reduction), dtype)
    n = p.size if reduction == "mean" else 1
    slopes = [(a - b) / (a * (1 - a)) / n for a, b in pairs]
    assert_as_good(losses.grad_bce(p, y, reduction=reduction), leaf.grad, slopes, dtype)


# --- Many logits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
def test_softmax_log_softmax_and_logsumexp(case, dtype):
    z = logits(case, dtype)
    t = torch.tensor(z)
    surprisals = [true_surprisals(row) for row in exactly(z)]
    flat = list(itertools.chain(*surprisals))
    assert_as_good(losses.log_softmax(z), F.log_softmax(t, 1), [-s for s in flat], dtype)
    probabilities = [mpmath.exp(-s) for s in flat]
    assert_as_good(losses.softmax(z), F.softmax(t, 1), probabilities, dtype)
    truths = [s[0] + row[0] for s, row in zip(surprisals, exactly(z), strict=True)]
    units = [mpmath.mpf(float(np.abs(row).max())) for row in z] if dtype == np.float64 else None
    assert_as_good(losses.logsumexp(z), torch.logsumexp(t, 1), truths, dtype, units)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["indices", "some ignored", "probabilities"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0])
def test_cross_entropy(case, kind, weighted, epsilon, dtype):
    z, target, weight = classification(case, kind, kind == "some ignored", dtype)
    options = {"weight": weight if weighted else None, "label_smoothing": epsilon}
    truths, denominator = true_cross_entropy(z, target, options["weight"], epsilon)
    for reduction in losses.REDUCTIONS:
        options["reduction"] = reduction
        ours = losses.cross_entropy(z, target, **options)
        theirs = F.cross_entropy(torch.tensor(z), torch.tensor(target), **as_tensors(options))
        assert_as_good(ours, theirs, reduced(truths, denominator, reduction), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["some ignored", "probabilities"])
@pytest.mark.parametrize("epsilon", [0.0, 0.1])
def test_the_gradient_of_cross_entropy(case, kind, epsilon, dtype):
    z, target, weight = classification(case, kind, kind == "some ignored", dtype)
    leaf = torch.tensor(z, requires_grad=True)
    options = {"weight": weight, "label_smoothing": epsilon}
    F.cross_entropy(leaf, torch.tensor(target), **as_tensors(options)).backward()
    denominator = true_cross_entropy(z, target, weight, epsilon)[1]
    truths, units = [], []
    for row, q in zip(exactly(z), true_targets(target, z.shape[1], epsilon), strict=True):
        if q is None:
            truths, units = truths + [ZERO] * len(row), units + [ZERO] * len(row)
            continue
        v, p = exactly(weight) * q, np.array([mpmath.exp(-s) for s in true_surprisals(row)])
        for k in range(len(row)):
            up, down = p[k] * np.delete(v, k).sum(), v[k] * np.delete(p, k).sum()
            truths.append((up - down) / denominator)
            units.append(max(up, down) / denominator)
    ours = losses.grad_cross_entropy(z, target, **options)
    difference = kind == "probabilities" or epsilon
    assert_as_good(ours, leaf.grad, truths, dtype, units if difference else None)


@pytest.mark.parametrize("dtype", DTYPES)
def test_cross_entropy_of_anything(dtype):
    """Random shapes, sizes from 1e-3 to 1e9 in one batch, far-off means, every kind of target."""
    rng = np.random.default_rng(7)
    for _ in range(150):
        n, classes = rng.integers(1, 5), rng.integers(1, 9)
        size = 10.0 ** rng.uniform(-3, 4 if dtype == np.float16 else 9, (n, 1))
        z = rng.normal(0, 1, (n, classes)) * size + rng.normal() * 10 ** rng.uniform(-2, 4)
        z = np.clip(z, -6e4, 6e4).astype(dtype) if dtype == np.float16 else z.astype(dtype)
        probabilities = losses.softmax(rng.normal(0, 3, z.shape)).astype(dtype)
        target = [rng.integers(0, classes, n), z.argmax(axis=1), probabilities][rng.integers(3)]
        weight = [None, (rng.random(classes) + 0.01).astype(dtype)][rng.integers(2)]
        epsilon = [0.0, 0.1, rng.random()][rng.integers(3)]
        truths, denominator = true_cross_entropy(z, target, weight, epsilon)
        options = {"weight": weight, "label_smoothing": epsilon}
        theirs = F.cross_entropy(torch.tensor(z), torch.tensor(target), **as_tensors(options))
        ours = losses.cross_entropy(z, target, **options)
        assert_as_good(ours, theirs, reduced(truths, denominator, "mean"), dtype)


def test_a_small_loss_keeps_its_digits_where_pytorch_rounds_it_to_zero():
    z = np.array([[0, 17]], dtype=np.float32)
    assert F.cross_entropy(torch.tensor(z), torch.tensor([1])) == 0
    value = losses.cross_entropy(z, [1])
    assert ulps(value, true_surprisals(exactly(z[0]))[1], np.float32) <= 1
    assert float(value) == pytest.approx(4.1399e-8, rel=1e-4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nll_loss(dtype):
    rng = np.random.default_rng(5)
    log_p = losses.log_softmax(rng.normal(0, 3, (N, K)).astype(dtype))
    y, w = np.array([0, 3, -100, 1, 1]), (rng.random(K) + 0.1).astype(dtype)
    truths = [exactly(w)[k] * -exactly(log_p)[i, k] if k >= 0 else ZERO for i, k in enumerate(y)]
    denominator = sum(exactly(w)[k] for k in y if k >= 0)
    for reduction in losses.REDUCTIONS:
        options = {"weight": w, "reduction": reduction}
        theirs = F.nll_loss(torch.tensor(log_p), torch.tensor(y), **as_tensors(options))
        ours = losses.nll_loss(log_p, y, **options)
        assert_as_good(ours, theirs, reduced(truths, denominator, reduction), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_means_over_many_samples_do_not_drift(dtype):
    """PyTorch's float16 mean of the first is nan: its sum and its count overflow."""
    z = np.zeros((100_000, 10), dtype=dtype)
    value = losses.cross_entropy(z, np.zeros(len(z), dtype=int))
    assert ulps(value, mpmath.log(10), dtype) <= 4
    assert ulps(losses.bce_with_logits(z, np.zeros_like(z)), mpmath.log(2), dtype) <= 4


# --- Distributions -------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_entropy_and_divergence(dtype):
    rng = np.random.default_rng(6)
    q = losses.softmax(rng.normal(0, 3, (40, 6)).astype(dtype))
    p = losses.softmax(rng.normal(0, 3, (40, 6)).astype(dtype))
    q[0], p[1] = [0, 0, 1, 0, 0, 0], q[1]
    truths = [sum(-x * mpmath.log(x) if x else x for x in row) for row in exactly(q)]
    assert_as_good(losses.entropy(q), torch.special.entr(torch.tensor(q)).sum(1), truths, dtype)
    truths, units = [], []
    for a, b in zip(exactly(q), exactly(p), strict=True):
        terms = [x * mpmath.log(x / y) if x else x for x, y in zip(a, b, strict=True)]
        truths.append(sum(terms))
        units.append(max(abs(t) for t in terms))
    theirs = F.kl_div(torch.tensor(p).log(), torch.tensor(q), reduction="none").sum(1)
    assert_as_good(losses.kl_divergence(q, p), theirs, truths, dtype, units)


def test_the_divergence_of_neighbours_keeps_its_digits():
    """The terms of q ln q - q ln p are near 0.3, their sum near 1e-14: subtract q and p first."""
    q = np.array([0.5, 0.3, 0.2])
    p = q + np.array([1e-7, -1e-7, 0])
    truth = float(sum(a * mpmath.log(a / b) for a, b in zip(exactly(q), exactly(p), strict=True)))
    assert losses.kl_divergence(q, p) == pytest.approx(truth, rel=1e-8, abs=0)
    theirs = F.kl_div(torch.tensor(p).log(), torch.tensor(q), reduction="sum")
    assert float(theirs) != pytest.approx(truth, rel=1e-4, abs=0)
