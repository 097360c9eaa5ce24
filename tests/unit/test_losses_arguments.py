"""What may be given, what comes out, and what is said to the rest."""

import itertools
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from utils import losses

RNG = np.random.default_rng(0)
Z, Y, W = RNG.normal(0, 2, (6, 4)), np.array([0, 3, 1, 1, 2, 0]), np.array([1.0, 2.0, 0.5, 4.0])
Q = losses.softmax(RNG.normal(0, 1, (6, 4)))
X, T = RNG.normal(0, 2, 6), RNG.random(6)

EVERY = {
    "sigmoid": (losses.sigmoid, X),
    "softplus": (losses.softplus, X),
    "log_sigmoid": (losses.log_sigmoid, X),
    "bce": (losses.bce, T, T),
    "grad_bce": (losses.grad_bce, T, T),
    "bce_with_logits": (losses.bce_with_logits, X, T),
    "grad_bce_with_logits": (losses.grad_bce_with_logits, X, T),
    "logsumexp": (losses.logsumexp, Z),
    "softmax": (losses.softmax, Z),
    "log_softmax": (losses.log_softmax, Z),
    "nll_loss": (losses.nll_loss, losses.log_softmax(Z), Y),
    "cross_entropy": (losses.cross_entropy, Z, Y),
    "cross_entropy of probabilities": (losses.cross_entropy, Z, Q),
    "grad_cross_entropy": (losses.grad_cross_entropy, Z, Y),
    "entropy": (losses.entropy, Q),
    "kl_divergence": (losses.kl_divergence, Q, Q[::-1]),
}
every = pytest.mark.parametrize("call", EVERY.values(), ids=EVERY)


# --- What comes out ------------------------------------------------------------------------------


@every
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_of_the_first_argument_comes_out(call, dtype):
    function, first, *others = call
    assert function(first.astype(dtype), *others).dtype == dtype


@every
def test_integers_count_as_float64(call):
    function, first, *others = call
    if function in (losses.entropy, losses.kl_divergence):
        first, others = np.array([[0, 1, 0]]), [np.array([[0, 1, 0]])] * len(others)
    elif function in (losses.bce, losses.grad_bce):
        first = np.array([0, 1, 1, 0, 1, 0])
    else:
        first = -np.abs(np.round(first)).astype(int)
    assert function(first, *others).dtype == np.float64


@every
def test_inputs_are_left_as_they_were(call):
    function, *given = call
    before = [g.copy() for g in given]
    function(*given)
    for a, b in zip(given, before, strict=True):
        np.testing.assert_array_equal(a, b)


@every
def test_lists_non_contiguous_and_read_only_arrays_are_welcome(call):
    function, *given = call
    expected = function(*given)
    np.testing.assert_array_equal(function(*(g.tolist() for g in given)), expected)
    strided = [np.repeat(g, 2, axis=0)[::2] for g in given]
    for g in strided:
        g.flags.writeable = False
    np.testing.assert_array_equal(function(*strided), expected)


def test_a_number_gives_a_number():
    assert losses.sigmoid(0) == 0.5
    assert losses.softplus(0.0) == pytest.approx(np.log(2))
    assert losses.bce(0.8, 1) == pytest.approx(-np.log(0.8))
    assert losses.grad_bce_with_logits(0.0, 1.0) == -0.5
    assert losses.cross_entropy([0.0, 0.0], 1) == pytest.approx(np.log(2))
    assert losses.one_hot(1, 3).tolist() == [0, 1, 0]


@pytest.mark.parametrize("reduction", losses.REDUCTIONS)
@pytest.mark.parametrize("shape", [(4,), (3, 4), (3, 4, 2), (2, 3, 4, 5)])
def test_shapes_and_values_are_those_of_pytorch(shape, reduction):
    classes = shape[0] if len(shape) == 1 else shape[1]
    index_shape = () if len(shape) == 1 else (shape[0], *shape[2:])
    z, y = RNG.normal(0, 2, shape), RNG.integers(0, classes, index_shape)
    q = losses.softmax(RNG.normal(0, 1, shape), axis=0 if len(shape) == 1 else 1)
    w = RNG.random(classes) + 0.5
    for target, weight, epsilon in itertools.product((y, q), (None, w), (0.0, 0.2)):
        options = {"label_smoothing": epsilon, "reduction": reduction}
        leaf = torch.tensor(z, requires_grad=True)
        theirs = F.cross_entropy(
            leaf,
            torch.tensor(target),
            weight=None if weight is None else torch.tensor(weight),
            **options,
        )
        theirs.sum().backward()
        ours = losses.cross_entropy(z, target, weight=weight, **options)
        assert np.shape(ours) == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs.detach(), rtol=1e-12)
        gradient = losses.grad_cross_entropy(z, target, weight=weight, **options)
        np.testing.assert_allclose(gradient, leaf.grad, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("reduction", losses.REDUCTIONS)
def test_weights_of_the_binary_losses_broadcast_as_in_pytorch(reduction):
    z, y = RNG.normal(0, 2, (5, 3)), RNG.random((5, 3))
    for weight, pos_weight in itertools.product(
        (None, RNG.random(3), RNG.random((5, 1))), (None, RNG.random(3) * 4)
    ):
        options = {"weight": weight, "pos_weight": pos_weight}
        theirs = F.binary_cross_entropy_with_logits(
            torch.tensor(z),
            torch.tensor(y),
            reduction=reduction,
            **{k: None if v is None else torch.tensor(v) for k, v in options.items()},
        )
        ours = losses.bce_with_logits(z, y, reduction=reduction, **options)
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("threads", [1, 3])
def test_large_arrays_in_blocks_on_threads_give_the_same(threads, monkeypatch):
    monkeypatch.setattr(losses, "THREADS", threads)
    z, y = RNG.normal(0, 3, 600_001), (RNG.random(600_001) < 0.5).astype(float)
    expected = np.logaddexp(0, np.where(y == 1, -z, z))
    np.testing.assert_allclose(losses.bce_with_logits(z, y, reduction="none"), expected, rtol=1e-13)
    rows, index = z[:600_000].reshape(-1, 50), RNG.integers(0, 50, 12_000)
    expected = F.cross_entropy(torch.tensor(rows), torch.tensor(index), reduction="none")
    np.testing.assert_allclose(
        losses.cross_entropy(rows, index, reduction="none"), expected, rtol=1e-12
    )


# --- Nothing, and too much -----------------------------------------------------------------------


def test_of_no_samples_the_mean_is_nan_and_the_sum_is_zero():
    nobody, none = np.zeros((0, 3)), np.zeros(0, dtype=int)
    for function, *given in [
        (losses.cross_entropy, nobody, none),
        (losses.nll_loss, nobody, none),
        (losses.bce_with_logits, nobody, nobody),
        (losses.bce, nobody, nobody),
    ]:
        assert np.isnan(function(*given))
        assert function(*given, reduction="sum") == 0
        assert function(*given, reduction="none").size == 0
    assert losses.grad_cross_entropy(nobody, none).shape == (0, 3)
    assert losses.grad_bce_with_logits(nobody, nobody).shape == (0, 3)


def test_of_only_ignored_samples_the_mean_is_nan_and_the_gradient_zero():
    y = np.full(6, -100)
    assert np.isnan(losses.cross_entropy(Z, y))
    assert losses.cross_entropy(Z, y, reduction="sum") == 0
    assert (losses.grad_cross_entropy(Z, y) == 0).all()


@pytest.mark.filterwarnings("error")
def test_infinite_logits_give_the_limits_and_no_warnings():
    inf, nan = np.inf, np.nan
    each = losses.bce_with_logits([inf, -inf, inf, -inf, inf], [1, 0, 0, 1, 0.5], reduction="none")
    assert each.tolist() == [0, 0, inf, inf, inf]
    assert losses.sigmoid([-inf, inf]).tolist() == [0, 1]
    assert losses.softplus([-inf, inf]).tolist() == [0, inf]
    assert losses.softmax([[inf, 1, 2], [-inf, 1, 1]]).tolist() == [[1, 0, 0], [0, 0.5, 0.5]]
    assert losses.log_softmax([inf, 0]).tolist() == [0, -inf]
    assert losses.logsumexp([[-inf, -inf], [inf, 0], [inf, inf]]).tolist() == [-inf, inf, inf]
    assert np.isnan(losses.softmax([[-inf, -inf], [inf, inf]])).all()
    z = [[inf, 0, -inf], [-inf, 0, 0], [nan, 0, 0]]
    np.testing.assert_array_equal(
        losses.cross_entropy(z, [0, 0, 0], reduction="none"), [0, inf, nan]
    )
    np.testing.assert_array_equal(
        losses.cross_entropy(z, [2, 1, 1], reduction="none"), [inf, np.log(2), nan]
    )
    # A class that the target does not name costs nothing even when it is impossible.
    assert losses.cross_entropy([-inf, 0, 0], [0, 0.5, 0.5]) == pytest.approx(np.log(2))
    assert losses.cross_entropy([-inf, 0, 0], 1, label_smoothing=0.1) == inf


@pytest.mark.filterwarnings("error")
def test_certain_probabilities_give_the_limits_and_no_warnings():
    each = losses.bce([0.0, 1, 0, 1], [0, 1, 1, 0], reduction="none")
    assert each.tolist() == [0, 0, np.inf, np.inf]
    gradient = losses.grad_bce([0.0, 1, 0, 1], [0, 1, 1, 0], reduction="none")
    assert gradient.tolist() == [1, -1, -np.inf, np.inf]
    assert losses.kl_divergence([1.0, 0], [1.0, 0]) == 0
    assert losses.kl_divergence([0.5, 0.5], [1.0, 0]) == np.inf
    assert losses.entropy([1.0, 0]) == 0
    assert losses.nll_loss([[-np.inf, 0]], [0], weight=[0, 1], reduction="none") == 0


@pytest.mark.filterwarnings("error")
def test_float16_overflows_to_inf_only_where_the_result_does():
    z = np.full((30, 2), -6e4, dtype=np.float16)
    z[:, 0] = 6e4
    assert losses.cross_entropy(z, np.ones(30, int)) == np.inf  # 120 000 is beyond float16
    assert losses.bce_with_logits(z, np.zeros_like(z)) == np.float16(3e4)
    assert losses.bce_with_logits(z, np.zeros_like(z), reduction="sum") == np.inf


# --- What is refused, and how --------------------------------------------------------------------

REFUSED = [
    # BCE, both kinds
    (
        losses.bce,
        ([0.5, 1.2], [0, 1]),
        {},
        ValueError,
        "p must be within [0, 1] but holds 1.2 at index (1,)",
    ),
    (losses.bce, ([0.5, np.nan], [0, 1]), {}, ValueError, "p must be within [0, 1] but holds nan"),
    (
        losses.bce,
        ([0.5], [2]),
        {},
        ValueError,
        "y must be within [0, 1] but holds 2.0 at index (0,)",
    ),
    (
        losses.bce_with_logits,
        ([0.5], [-1]),
        {},
        ValueError,
        "y must be within [0, 1] but holds -1.0",
    ),
    (
        losses.bce_with_logits,
        (X, T[:, None]),
        {},
        ValueError,
        "y has shape (6, 1) but z has shape (6,)",
    ),
    (losses.grad_bce, (T, T[:5]), {}, ValueError, "y has shape (5,) but p has shape (6,)"),
    (losses.bce_with_logits, (X, T), {"weight": [1, 2]}, ValueError, "weight has shape (2,)"),
    (
        losses.bce_with_logits,
        (X, T),
        {"weight": -1},
        ValueError,
        "weight must be at least 0 but holds -1",
    ),
    (
        losses.bce_with_logits,
        (X, T),
        {"pos_weight": np.inf},
        ValueError,
        "pos_weight must be finite",
    ),
    (losses.bce_with_logits, (X, T), {"weight": np.ones((2, 6))}, ValueError, "does not broadcast"),
    (losses.bce_with_logits, (X, T), {"reduction": "avg"}, ValueError, "reduction is 'avg'"),
    (losses.bce_with_logits, (X, T), {"reduction": None}, TypeError, "reduction must be a string"),
    (losses.bce_with_logits, (["a"], [1]), {}, TypeError, "z has dtype <U1"),
    (losses.sigmoid, (1j,), {}, TypeError, "z has dtype complex128"),
    # Softmax
    (losses.softmax, (Z,), {"axis": 2}, ValueError, "axis is 2 but z has shape (6, 4)"),
    (losses.softmax, (Z,), {"axis": 1.0}, TypeError, "axis must be an integer"),
    (losses.logsumexp, (np.zeros((3, 0)),), {}, ValueError, "must hold a class or more"),
    # Indices
    (losses.cross_entropy, (Z, Y.astype(float)), {}, TypeError, "target must hold class indices"),
    (losses.cross_entropy, (Z, Y > 1), {}, TypeError, "dtype bool"),
    (
        losses.cross_entropy,
        (Z, Y + 1),
        {},
        ValueError,
        "0 to 3 or ignore_index = -100 but holds 4 at index (1,)",
    ),
    (losses.cross_entropy, (Z, Y - 1), {}, ValueError, "holds -1 at index (0,)"),
    (losses.cross_entropy, (Z, Y[:, None]), {}, ValueError, "target has shape (6, 1)"),
    (losses.cross_entropy, (Z, Y[:5]), {}, ValueError, "give class indices of shape (6,)"),
    (
        losses.cross_entropy,
        (Z, losses.one_hot(Y, 4, int)),
        {},
        ValueError,
        "or probabilities of shape (6, 4)",
    ),
    (losses.cross_entropy, (1.0, 0), {}, ValueError, "z is a single number"),
    (losses.nll_loss, (Z, Y), {}, ValueError, "log_p must hold log-probabilities"),
    (losses.nll_loss, (losses.log_softmax(Z), Q), {}, ValueError, "y has shape (6, 4)"),
    (losses.one_hot, ([0, 3], 3), {}, ValueError, "y must hold class indices 0 to 2 but holds 3"),
    (losses.one_hot, ([0.0], 3), {}, TypeError, "y must hold class indices, which are integers"),
    (losses.one_hot, ([0], 0), {}, ValueError, "num_classes is 0"),
    (losses.one_hot, ([0], 3.0), {}, TypeError, "num_classes must be an integer"),
    # Probabilities
    (losses.cross_entropy, (Z, Q * 2), {}, ValueError, "target must be within [0, 1]"),
    (losses.cross_entropy, (Z, Q / 2), {}, ValueError, "one of them sums to 0.5"),
    (losses.cross_entropy, (Z, np.ones_like(Z)), {}, ValueError, "for several labels at once"),
    (losses.cross_entropy, (Z, Q), {"ignore_index": 0}, ValueError, "target holds probabilities"),
    (losses.entropy, ([0.5, 0.6],), {}, ValueError, "q must hold distributions along axis 0"),
    (losses.kl_divergence, (Q, Q[0]), {}, ValueError, "p has shape (4,) but q has shape (6, 4)"),
    (losses.kl_divergence, (Q, Q / 2), {}, ValueError, "p must hold distributions"),
    # Options
    (
        losses.cross_entropy,
        (Z, Y),
        {"weight": [1, 2]},
        ValueError,
        "weight has shape (2,) but there are 4 classes",
    ),
    (
        losses.cross_entropy,
        (Z, Y),
        {"weight": [1, 2, 3, np.nan]},
        ValueError,
        "weight must be at least 0",
    ),
    (
        losses.cross_entropy,
        (Z, Y),
        {"label_smoothing": np.nan},
        ValueError,
        "label_smoothing is nan",
    ),
    (
        losses.cross_entropy,
        (Z, Y),
        {"label_smoothing": -0.5},
        ValueError,
        "label_smoothing is -0.5",
    ),
    (
        losses.cross_entropy,
        (Z, Y),
        {"label_smoothing": "a"},
        TypeError,
        "label_smoothing must be one number",
    ),
    (
        losses.cross_entropy,
        (Z, Y),
        {"ignore_index": 1.0},
        TypeError,
        "ignore_index must be an integer",
    ),
    (
        losses.cross_entropy,
        (Z, Y),
        {"reduction": "None"},
        ValueError,
        "give one of 'mean', 'sum', 'none'",
    ),
    (
        losses.smooth_targets,
        (Y, 4, 0.1),
        {"convention": "keras"},
        ValueError,
        "convention is 'keras'",
    ),
    (
        losses.smooth_targets,
        ([0], 1, 0.1),
        {"convention": "off_class"},
        ValueError,
        "num_classes is 1",
    ),
]


@pytest.mark.parametrize(("function", "given", "options", "kind", "said"), REFUSED)
def test_what_has_no_meaning_is_refused_in_one_sentence(function, given, options, kind, said):
    with pytest.raises(kind, match=re.escape(said)) as caught:
        function(*given, **options)
    message = str(caught.value)
    assert message.endswith(".") and len(message) < 250 and "\n" not in message


def test_gradients_refuse_what_the_losses_refuse():
    for value, gradient in [
        (losses.bce, losses.grad_bce),
        (losses.bce_with_logits, losses.grad_bce_with_logits),
        (losses.cross_entropy, losses.grad_cross_entropy),
    ]:
        for function, given, options, kind, said in REFUSED:
            if function is value:
                with pytest.raises(kind, match=re.escape(said)):
                    gradient(*given, **options)


def test_the_library_needs_numpy_alone():
    code = "import sys; from utils import losses; print({'torch', 'scipy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
