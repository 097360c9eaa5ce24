"""The losses as statements of mathematics: each law for any logits, labels and weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from utils import losses

law = settings(max_examples=40, deadline=None, derandomize=True)

PROBABILITIES = st.floats(0, 1)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, max_side=4)


def reals(size=30.0):
    return st.floats(-size, size, allow_subnormal=False)


def arrays(shape, elements):
    return hnp.arrays(np.float64, shape, elements=elements)


@st.composite
def binary(draw, labels=PROBABILITIES):
    """Logits and labels of one shape."""
    shape = draw(SHAPES)
    return draw(arrays(shape, reals())), draw(arrays(shape, labels))


@st.composite
def multiclass(draw, size=30.0, trailing=True):
    """Logits (N, K, …), class indices (N, …) and class weights (K,)."""
    n, k = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    rest = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)) if trailing else ()
    z = draw(arrays((n, k, *rest), reals(size)))
    y = draw(hnp.arrays(np.int64, (n, *rest), elements=st.integers(0, k - 1)))
    return z, y, draw(arrays(k, st.floats(0.1, 10)))


def finite_difference(f, x, step=1e-5):
    """The gradient of the scalar f at x by central differences."""
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        up, down = x.copy(), x.copy()
        up[i] += step
        down[i] -= step
        gradient[i] = (f(up) - f(down)) / (2 * step)
    return gradient


def in_front(q):
    """Classes from the last axis to axis 1, where cross_entropy wants them."""
    return np.moveaxis(q, -1, 1)


# --- One logit -----------------------------------------------------------------------------------


@law
@given(arrays(SHAPES, reals(1e4)))
def test_sigmoid_and_its_mirror_image_sum_to_one(z):
    np.testing.assert_allclose(losses.sigmoid(z) + losses.sigmoid(-z), 1, rtol=1e-15)


@law
@given(arrays(SHAPES, reals(1e4)))
def test_softplus_minus_its_mirror_image_is_the_logit(z):
    difference = losses.softplus(z) - losses.softplus(-z)
    np.testing.assert_allclose(difference, z, rtol=1e-15, atol=1e-15)
    np.testing.assert_array_equal(losses.log_sigmoid(z), -losses.softplus(-z))


@law
@given(binary())
def test_bce_of_a_logit_is_bce_of_its_probability(given):
    z, y = given
    np.testing.assert_allclose(
        losses.bce_with_logits(z, y, reduction="none"),
        losses.bce(losses.sigmoid(z), y, reduction="none"),
        rtol=1e-2,  # at logit 30 the probability has lost the digits that the logit still has
        atol=1e-12,
    )


@law
@given(binary())
def test_bce_is_at_least_the_entropy_of_its_label(given):
    z, y = given
    floor = losses.entropy(np.stack([y, 1 - y], axis=-1))
    assert (losses.bce_with_logits(z, y, reduction="none") >= floor - 1e-15).all()
    np.testing.assert_allclose(losses.bce(y, y, reduction="none"), floor, rtol=1e-14, atol=1e-15)


@law
@given(binary(), st.floats(0.1, 10), st.sampled_from(losses.REDUCTIONS))
def test_the_gradient_of_bce_with_logits_is_its_finite_difference(given, c, reduction):
    z, y = given
    options = {"pos_weight": c, "weight": 0.5, "reduction": reduction}
    expected = finite_difference(lambda x: np.sum(losses.bce_with_logits(x, y, **options)), z)
    actual = losses.grad_bce_with_logits(z, y, **options)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7)


@law
@given(binary(), st.sampled_from(losses.REDUCTIONS))
def test_the_gradient_of_bce_is_its_finite_difference(given, reduction):
    p, y = losses.sigmoid(given[0] / 10), given[1]
    expected = finite_difference(lambda x: np.sum(losses.bce(x, y, reduction=reduction)), p, 1e-6)
    actual = losses.grad_bce(p, y, reduction=reduction)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


@law
@given(binary(labels=st.sampled_from([0.0, 1.0])), st.floats(0.1, 10))
def test_pos_weight_counts_each_positive_that_many_times(given, c):
    z, y = given
    weighted = losses.bce_with_logits(z, y, pos_weight=c, reduction="sum")
    each = losses.bce_with_logits(z, y, reduction="none")
    assert weighted == pytest.approx((each * np.where(y == 1, c, 1)).sum())


# --- Softmax -------------------------------------------------------------------------------------


@law
@given(multiclass(1e4), reals(1e4))
def test_softmax_is_shift_invariant(given, shift):
    z = np.round(given[0] * 64) / 64  # so that adding the shift rounds nothing
    shift = np.round(shift * 64) / 64
    np.testing.assert_allclose(losses.softmax(z + shift, 1), losses.softmax(z, 1), rtol=1e-13)
    moved = losses.logsumexp(z + shift, 1) - losses.logsumexp(z, 1)
    np.testing.assert_allclose(moved, shift, rtol=1e-12, atol=1e-11)


@law
@given(multiclass(1e4))
def test_softmax_rows_sum_to_one_and_its_logarithm_is_log_softmax(given):
    p = losses.softmax(given[0], axis=1)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-14)
    assert (p >= 0).all()
    # Below 1e-300 float64 itself has fewer digits.
    log_p = losses.log_softmax(given[0], axis=1)
    np.testing.assert_allclose(np.exp(log_p), p, rtol=1e-11, atol=1e-300)


@law
@given(multiclass())
def test_the_axis_may_be_any(given):
    z = given[0]
    for axis in range(-z.ndim, z.ndim):
        other = losses.softmax(np.moveaxis(z, axis, 0), axis=0)
        np.testing.assert_allclose(losses.softmax(z, axis), np.moveaxis(other, 0, axis), rtol=1e-15)
        assert losses.logsumexp(z, axis).shape == tuple(np.delete(z.shape, axis))
        assert losses.logsumexp(z, axis, keepdims=True).ndim == z.ndim


@law
@given(multiclass())
def test_softmax_is_the_gradient_of_logsumexp(given):
    z = given[0]
    slope = finite_difference(lambda x: losses.logsumexp(x, 1).sum(), z)
    np.testing.assert_allclose(slope, losses.softmax(z, 1), atol=1e-8)


# --- Cross-entropy -------------------------------------------------------------------------------


@law
@given(multiclass(), st.sampled_from(losses.REDUCTIONS))
def test_an_index_is_a_one_hot_distribution(given, reduction):
    z, y, _ = given
    q = in_front(losses.one_hot(y, z.shape[1]))
    for f in losses.cross_entropy, losses.grad_cross_entropy:
        np.testing.assert_allclose(
            f(z, y, reduction=reduction), f(z, q, reduction=reduction), rtol=1e-13, atol=1e-30
        )


@law
@given(multiclass(), st.booleans(), st.sampled_from(losses.REDUCTIONS))
def test_cross_entropy_is_nll_of_log_softmax(given, weighted, reduction):
    z, y, w = given
    options = {"weight": w if weighted else None, "reduction": reduction}
    expected = losses.nll_loss(losses.log_softmax(z, 1), y, **options)
    np.testing.assert_allclose(losses.cross_entropy(z, y, **options), expected, rtol=1e-13)


@law
@given(multiclass(), PROBABILITIES)
def test_cross_entropy_is_entropy_plus_divergence(given, epsilon):
    z, y, _ = given
    q = in_front(losses.smooth_targets(y, z.shape[1], epsilon))
    loss = losses.cross_entropy(z, y, label_smoothing=epsilon, reduction="none")
    divergence = losses.kl_divergence(q, losses.softmax(z, 1), axis=1)
    np.testing.assert_allclose(loss, losses.entropy(q, 1) + divergence, rtol=1e-9, atol=1e-12)
    assert (loss >= losses.entropy(q, 1) - 1e-12).all()


@law
@given(multiclass(), PROBABILITIES, st.booleans(), st.sampled_from(losses.REDUCTIONS))
def test_the_gradient_of_cross_entropy_is_its_finite_difference(
    given, epsilon, weighted, reduction
):
    z, y, w = given
    options = {"weight": w if weighted else None, "reduction": reduction}
    options["label_smoothing"] = epsilon
    for target in y, in_front(losses.smooth_targets(y, z.shape[1], 0.3)):
        slope = finite_difference(
            lambda x, t=target: np.sum(losses.cross_entropy(x, t, **options)), z
        )
        actual = losses.grad_cross_entropy(z, target, **options)
        np.testing.assert_allclose(actual, slope, rtol=1e-6, atol=1e-6)


@law
@given(multiclass(trailing=False), st.floats(0, 0.9), st.data())
def test_ignored_samples_might_as_well_not_be_there(given, epsilon, data):
    z, y, w = given
    kept = data.draw(hnp.arrays(bool, len(y)))
    marked, dirty = np.where(kept, y, -1), np.where(kept[:, None], z, np.nan)
    options = {"weight": w, "label_smoothing": epsilon}
    for reduction in "mean", "sum":
        whole = {"reduction": reduction, "ignore_index": -1, **options}
        part = {"reduction": reduction, **options}
        np.testing.assert_allclose(
            losses.cross_entropy(dirty, marked, **whole),
            losses.cross_entropy(z[kept], y[kept], **part),
        )
        gradient = losses.grad_cross_entropy(dirty, marked, **whole)
        np.testing.assert_allclose(
            gradient[kept], losses.grad_cross_entropy(z[kept], y[kept], **part)
        )
        assert (gradient[~kept] == 0).all()
    each = losses.cross_entropy(dirty, marked, reduction="none", ignore_index=-1)
    assert (each[~kept] == 0).all()


@law
@given(binary(labels=st.sampled_from([0.0, 1.0])))
def test_two_classes_are_one_logit_the_difference(given):
    z, y = given[0].ravel(), given[1].ravel()
    pair = np.stack([-z / 2, z / 2], axis=1)
    expected = losses.bce_with_logits(z, y)
    np.testing.assert_allclose(losses.cross_entropy(pair, y.astype(int)), expected, rtol=1e-13)


@law
@given(multiclass(), PROBABILITIES)
def test_smoothing_mixes_the_loss_with_the_mean_over_all_classes(given, epsilon):
    z, y, _ = given
    uniform = np.full(z.shape, 1 / z.shape[1])
    expected = (1 - epsilon) * losses.cross_entropy(z, y) + epsilon * losses.cross_entropy(
        z, uniform
    )
    assert losses.cross_entropy(z, y, label_smoothing=epsilon) == pytest.approx(expected, rel=1e-12)


@law
@given(multiclass())
def test_the_gradient_of_each_sample_sums_to_zero(given):
    z, y, w = given
    gradient = losses.grad_cross_entropy(z, y, weight=w, reduction="none")
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-13)


@law
@given(multiclass())
def test_every_sample_may_be_computed_alone(given):
    """Large arrays are computed in blocks, on several threads: no sample knows of another."""
    z, y, w = given
    whole = losses.cross_entropy(z, y, weight=w, reduction="none")
    alone = [
        losses.cross_entropy(z[i : i + 1], y[i : i + 1], weight=w, reduction="none")[0]
        for i in range(len(z))
    ]
    np.testing.assert_allclose(whole, alone, rtol=1e-15)


# --- Targets and distributions -------------------------------------------------------------------


@law
@given(st.integers(2, 8), st.floats(0, 0.5))
def test_the_two_conventions_of_smoothing_are_one_family(k, epsilon):
    y = np.arange(k)
    theirs = losses.smooth_targets(y, k, epsilon, convention="off_class")
    np.testing.assert_allclose(
        losses.smooth_targets(y, k, min(1, epsilon * k / (k - 1))), theirs, atol=1e-15
    )
    np.testing.assert_allclose(theirs.sum(axis=-1), 1)


@law
@given(multiclass(5), multiclass(5))
def test_divergence_is_never_negative_and_zero_between_equals(one, other):
    q = losses.softmax(one[0].ravel())
    p = np.resize(losses.softmax(other[0].ravel()), q.shape)
    p = p / p.sum()
    assert losses.kl_divergence(q, p) >= -1e-15
    assert losses.kl_divergence(q, q) == 0


@law
@given(st.integers(1, 20))
def test_entropy_lies_between_certain_and_uniform(k):
    assert losses.entropy(losses.one_hot(0, k)) == 0
    assert losses.entropy(np.full(k, 1 / k)) == pytest.approx(np.log(k), abs=1e-15)
