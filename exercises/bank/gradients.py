"""Gradients by hand: of the binary loss, of cross-entropy with its options; a training step."""

import numpy as np

from exercises.bank import drawing
from utils import losses
from utils.grading.model import Case, Exercise, Misconception

SECTION = "chapters/from_scratch/gradients"
TITLE = "Gradients by hand"


def _sigmoid(z):
    return losses.sigmoid(np.asarray(z, dtype=float))


def _binary(rng, n=5):
    return drawing.logits(rng, n), drawing.soft_labels(rng, n)


AUTOGRAD = ("torch.autograd.grad", "torch.autograd.backward", "torch.Tensor.backward")

GRAD_BCE_WITH_LOGITS = Exercise(
    name="grad_bce_with_logits",
    topic="gradients",
    section=SECTION,
    title=TITLE,
    signature=(
        "grad_bce_with_logits(z, y)  —  z: logits (N,), y: labels in [0, 1] (N,) → "
        "gradient of the mean loss with respect to z, (N,)"
    ),
    points=3,
    forbidden=AUTOGRAD,
    reference=lambda z, y: losses.grad_bce_with_logits(z, y),
    cases=(
        Case("ordinary logits", _binary, 2),
        Case("another number of samples", lambda rng: _binary(rng, 7)),
        Case(
            "logits of ±1000",
            lambda rng: (
                np.array([1000.0, -1000.0, 800.0, -30.0]) + rng.random(),
                np.array([0.0, 1.0, 1.0, 0.0]),
            ),
        ),
    ),
    misconceptions=(
        Misconception(
            "the chain rule is applied once more: the error is multiplied by σ(z)(1 − σ(z))",
            lambda z, y: (_sigmoid(z) - y) * _sigmoid(z) * _sigmoid(-z) / len(z),
            "In (p − y)/(p(1 − p)) · p(1 − p), what is left?",
        ),
        Misconception(
            "the derivative stops at p: (p − y)/(p(1 − p)) is the gradient with respect to p",
            lambda z, y: (_sigmoid(z) - y) / (_sigmoid(z) * (1 - _sigmoid(z))) / len(z),
            "Which factor of the chain rule leads from p on to z?",
        ),
        Misconception(
            "the label is subtracted from the logit instead of from the probability",
            lambda z, y: (z - y) / len(z),
            "At z = 1000 and y = 1 the model is right. What is its gradient?",
        ),
        Misconception(
            "it is the gradient of the squared error behind a sigmoid",
            lambda z, y: 2 * (_sigmoid(z) - y) * _sigmoid(z) * _sigmoid(-z) / len(z),
            "Which loss do you differentiate?",
        ),
        Misconception(
            "the labels 0 and 1 are exchanged",
            lambda z, y: (_sigmoid(z) - (1 - y)) / len(z),
            "With label 1, must the logit rise or fall for the loss to fall?",
        ),
        Misconception(
            "the gradients of all samples are added up to one number",
            lambda z, y: np.mean(_sigmoid(z) - y),
            "How many logits are there, and how many partial derivatives?",
        ),
        Misconception(
            "the label is forgotten: the probability alone is returned",
            lambda z, y: _sigmoid(z) / len(z),
            "At which prediction should the gradient vanish?",
        ),
        Misconception(
            "the probability is first rounded to a decision of 0 or 1",
            lambda z, y: ((z > 0) - y) / len(z),
            "Does a prediction of 0.51 deserve the same correction as one of 0.99?",
        ),
        Misconception(
            "the logits share one softmax over the batch",
            lambda z, y: (losses.softmax(np.asarray(z, float)) - y) / len(z),
            "Does one sample's logit change another sample's probability?",
        ),
    ),
    hints=(
        "What is the derivative of softplus?",
        "The loss of one sample is softplus(z) − y z. Differentiate term by term.",
        "σ(z) − y for each sample, divided by N because the loss is a mean.",
    ),
)


def _softmax(z):
    return losses.softmax(np.asarray(z, dtype=float), axis=1)


def _one_hot(y, k):
    return losses.one_hot(y, k)


def _multiclass(rng, n=5, k=3):
    z = drawing.logits(rng, n, k)
    return z, drawing.classes(rng, z)


def _error(z, y):
    return _softmax(z) - _one_hot(y, z.shape[1])


def _column_error(z, y):
    p = _softmax(z)
    p[:, y] -= 1
    return p / len(y)


GRAD_CROSS_ENTROPY = Exercise(
    name="grad_cross_entropy",
    topic="gradients",
    section=SECTION,
    title=TITLE,
    signature=(
        "grad_cross_entropy(z, y)  —  z: logits (N, K), y: class indices (N,) → "
        "gradient of the mean loss with respect to z, (N, K)"
    ),
    points=4,
    forbidden=AUTOGRAD,
    reference=lambda z, y: losses.grad_cross_entropy(z, y),
    cases=(
        Case("ordinary logits", _multiclass, 2),
        Case("as many samples as classes", lambda rng: _multiclass(rng, 4, 4)),
        Case("one sample", lambda rng: _multiclass(rng, 1, 5)),
        Case(
            "logits of ±1000",
            lambda rng: (
                np.array([[1000.0, 0.0, -1000.0], [-800.0, 900.0, 899.0]]) + rng.random(),
                np.array([2, 1]),
            ),
        ),
    ),
    misconceptions=(
        Misconception(
            "only −1 at the true class is returned: the derivative of log-sum-exp is forgotten",
            lambda z, y: -_one_hot(y, z.shape[1]) / len(y),
            "The loss is −z_y + lse(z). What is the derivative of the second part?",
        ),
        Misconception(
            "the label is forgotten: the probabilities alone are returned",
            lambda z, y: _softmax(z) / len(y),
            "What do the entries of one row of the gradient add up to?",
        ),
        Misconception(
            "the derivative stops at the probabilities: −1/p at the true class",
            lambda z, y: -_one_hot(y, z.shape[1]) / _softmax(z) / len(y),
            "Which Jacobian leads from p on to z?",
        ),
        Misconception(
            "only the diagonal of the softmax Jacobian is used, so that other classes get nothing",
            lambda z, y: -_one_hot(y, z.shape[1]) * (1 - _softmax(z)) / len(y),
            "Does p_y change when another class's logit rises?",
        ),
        Misconception(
            "the error is multiplied by p(1 − p), the rule for squared error behind a sigmoid",
            lambda z, y: _error(z, y) * _softmax(z) * (1 - _softmax(z)) / len(y),
            "In the derivation, which factor cancels against the derivative of the logarithm?",
        ),
        Misconception(
            "each entry goes through a sigmoid: K binary losses instead of one softmax",
            lambda z, y: (_sigmoid(z) - _one_hot(y, z.shape[1])) / len(y),
            "What do the probabilities of one row have to add up to?",
        ),
        Misconception(
            "softmax is taken down the columns, over the samples",
            lambda z, y: (
                (losses.softmax(np.asarray(z, float), 0) - _one_hot(y, z.shape[1])) / len(y)
            ),
            "Which axis holds the classes?",
        ),
        Misconception(
            "`p[:, y] -= 1` subtracts 1 in whole columns, in every row",
            _column_error,
            "Which pairs of indices does NumPy visit in p[:, y], and which in p[rows, y]?",
        ),
        Misconception(
            "the softmax is applied twice",
            lambda z, y: _error(_softmax(z), y) / len(y),
            "Are the z you are given logits or probabilities?",
        ),
        Misconception(
            "the label is subtracted from the logits instead of from the probabilities",
            lambda z, y: (z - _one_hot(y, z.shape[1])) / len(y),
            "What is the derivative of log-sum-exp?",
        ),
        Misconception(
            "the classes are counted from 1",
            lambda z, y: (
                _error(z, y - 1) / len(y)
                if y.min() > 0
                else (_softmax(z) - np.eye(z.shape[1])[y - 1]) / len(y)
            ),
            "Which column does class 0 have?",
        ),
        Misconception(
            "e^z is formed without subtracting the maximum, which overflows",
            lambda z, y: (
                (np.exp(z) / np.exp(z).sum(1, keepdims=True) - _one_hot(y, z.shape[1])) / len(y)
            ),
            "What is e^1000 in float64? What may be subtracted from a row without changing p?",
        ),
    ),
    hints=(
        "The loss of one sample is lse(z) − z_y. Differentiate with respect to each logit.",
        "The derivative of lse is softmax; the derivative of −z_y is −1 at the true class.",
        "p = softmax(z); p[np.arange(N), y] −= 1; divide by N.",
    ),
)


def _options(rng, n=5, k=3):
    z, y = _multiclass(rng, n, k)
    weight = np.round(rng.uniform(0.3, 4.0, k), 1)
    weight[0] += 0.45
    return z, y, float(np.round(rng.uniform(0.1, 0.3), 2)), weight


def _smoothed(y, k, eps):
    return (1 - eps) * _one_hot(y, k) + eps / k


def _grad_options(z, y, label_smoothing, weight):
    return losses.grad_cross_entropy(z, y, label_smoothing=label_smoothing, weight=weight)


def _by_targets(z, targets, weights, divisor):
    v = weights * targets
    return (_softmax(z) * v.sum(1, keepdims=True) - v) / divisor


def _far_options(rng):
    z, *rest = _options(rng, 6, 4)
    z[2] = 800 * np.sign(z[2]) + z[2]
    z[2, :2] = (800.0, -800.0)  # one row spans more than a float's exponent
    return z + np.resize([[1000.0], [-1000.0], [0.0]], (6, 1)), *rest


GRAD_SMOOTHED = Exercise(
    name="grad_smoothed",
    topic="gradients",
    section=SECTION,
    title=TITLE,
    signature=(
        "grad_smoothed(z, y, label_smoothing, weight)  —  z: (N, K), y: (N,), a number, weight: "
        "(K,) → gradient of PyTorch's mean loss with respect to z, (N, K)"
    ),
    points=4,
    forbidden=AUTOGRAD,
    reference=_grad_options,
    cases=(
        Case(
            "smoothing alone",
            lambda rng: (*_options(rng)[:3], np.ones(3)),
            2,
        ),
        Case("weights alone", lambda rng: (*_options(rng)[:2], 0.0, _options(rng)[3])),
        Case("smoothing and weights", _options, 2),
        Case("four classes", lambda rng: _options(rng, 6, 4)),
        Case("logits around ±1000", _far_options),
    ),
    misconceptions=(
        Misconception(
            "the label smoothing is ignored",
            lambda z, y, e, w: _grad_options(z, y, 0.0, w),
            "Where does the third argument enter?",
        ),
        Misconception(
            "the class weights are ignored",
            lambda z, y, e, w: _grad_options(z, y, e, np.ones_like(w)),
            "Where does the fourth argument enter?",
        ),
        Misconception(
            "the targets are smoothed with ε/(K−1) on the other classes",
            lambda z, y, e, w: _by_targets(
                z,
                losses.smooth_targets(y, z.shape[1], e, convention="off_class"),
                w,
                w[y].sum(),
            ),
            "In PyTorch, how much of ε does the true class keep?",
        ),
        Misconception(
            "the sum is divided by N instead of the sum of the samples' weights",
            lambda z, y, e, w: _by_targets(z, _smoothed(y, z.shape[1], e), w, len(y)),
            "What does “mean” divide by once there are class weights?",
        ),
        Misconception(
            "the sum is divided by the sum of all class weights",
            lambda z, y, e, w: _by_targets(z, _smoothed(y, z.shape[1], e), w, w.sum()),
            "Whose weights are added up in the denominator: the classes' or the samples'?",
        ),
        Misconception(
            "each sample's whole error is weighted by w[y], as if the target were not smoothed",
            lambda z, y, e, w: (
                w[y][:, None] * (_softmax(z) - _smoothed(y, z.shape[1], e)) / w[y].sum()
            ),
            "The smoothed target has weight on other classes. Which w do those parts get?",
        ),
        Misconception(
            "p is not multiplied by the weighted target's sum: p − w·q instead of p·Σ(w·q) − w·q",
            lambda z, y, e, w: (_softmax(z) - w * _smoothed(y, z.shape[1], e)) / w[y].sum(),
            "What do the entries of one row of the gradient add up to?",
        ),
        Misconception(
            "the denominator adds up the weighted smoothed targets",
            lambda z, y, e, w: _by_targets(
                z,
                _smoothed(y, z.shape[1], e),
                w,
                (w * _smoothed(y, z.shape[1], e)).sum(),
            ),
            "PyTorch's denominator does not know about smoothing. Which weights does it add?",
        ),
        Misconception(
            "the prediction is smoothed instead of the target",
            lambda z, y, e, w: (
                w[y][:, None]
                * ((1 - e) * _softmax(z) + e / z.shape[1] - _one_hot(y, z.shape[1]))
                / w[y].sum()
            ),
            "Which of the two does label smoothing change: q or p?",
        ),
    ),
    hints=(
        "Write the loss of one sample as −Σ_k w_k q_k ln p_k with the smoothed target q.",
        "With v = w·q, the gradient of one sample is p·Σ_k v_k − v.",
        "q = (1 − ε)·one_hot + ε/K; divide by w[y].sum(), the hard labels' weights.",
    ),
)


def _step_inputs(rng, n=7, d=3, k=4):
    y = rng.integers(0, k, n)
    y[:k] = rng.permutation(k)[: min(n, k)]
    X = np.round(rng.normal(0, 1, (n, d)), 2)
    W, b = np.round(rng.normal(0, 0.5, (d, k)), 2), np.round(rng.normal(0, 0.5, k), 2)
    return W, b, X, y, 0.5


def _step(W, b, X, y, lr, error=None, scale=1.0):
    z = X @ W + b
    g = losses.grad_cross_entropy(z, y) if error is None else error(z, y)
    return W - lr * scale * X.T @ g, b - lr * scale * g.sum(0)


def _only_W(W, b, X, y, lr):
    return _step(W, b, X, y, lr)[0], b


def _bias_with_new_W(W, b, X, y, lr):
    new = _step(W, b, X, y, lr)[0]
    return new, _step(new, b, X, y, lr)[1]


def _far_step(rng):
    W, b, *rest = _step_inputs(rng)
    return 3000 * W, b - 5000, *rest


TRAINING_STEP = Exercise(
    name="training_step",
    topic="gradients",
    section=SECTION,
    title=TITLE,
    signature=(
        "training_step(W, b, X, y, lr)  —  W: (D, K), b: (K,), X: (N, D), y: (N,) → new (W, b) "
        "after one step of gradient descent on the mean cross-entropy of X @ W + b"
    ),
    points=3,
    forbidden=AUTOGRAD,
    reference=_step,
    sizes=lambda W, b, X, y, lr: {"N": len(y), "K": len(b)},
    cases=(
        Case("one step", _step_inputs, 2),
        Case("more samples and fewer classes", lambda rng: _step_inputs(rng, 9, 2, 3)),
        Case("D = K", lambda rng: _step_inputs(rng, 8, 3, 3)),
        Case("weights in the thousands", _far_step),
    ),
    misconceptions=(
        Misconception(
            "the step goes up the slope instead of down",
            lambda W, b, X, y, lr: _step(W, b, X, y, -lr),
            "In which direction does the gradient point, and where do you want to go?",
        ),
        Misconception(
            "the gradient is that of the sum: 1/N is missing",
            lambda W, b, X, y, lr: _step(W, b, X, y, lr, scale=len(y)),
            "Should twice as many samples make the step twice as long?",
        ),
        Misconception(
            "the bias is not updated",
            _only_W,
            "Which derivative does the bias have?",
        ),
        Misconception(
            "the bias moves by the mean of the logits' gradients, which divides by N again",
            lambda W, b, X, y, lr: (
                _step(W, b, X, y, lr)[0],
                b - lr * losses.grad_cross_entropy(X @ W + b, y).mean(0),
            ),
            "The gradient of the mean loss carries its 1/N already. Mean or sum over the samples?",
        ),
        Misconception(
            "W moves first, and the bias sees the gradient at the new W",
            _bias_with_new_W,
            "At which point are both gradients of one step to be taken?",
        ),
        Misconception(
            "the bias is forgotten in the logits",
            lambda W, b, X, y, lr: (
                _step(W, 0 * b, X, y, lr)[0],
                b + _step(W, 0 * b, X, y, lr)[1],
            ),
            "Which logits does the model compute?",
        ),
        Misconception(
            "the step follows −y alone, without the probabilities",
            lambda W, b, X, y, lr: _step(
                W, b, X, y, lr, lambda z, y: -_one_hot(y, z.shape[1]) / len(y)
            ),
            "When should the step become small?",
        ),
        Misconception(
            "the arg max of the logits replaces the probabilities (a perceptron's step)",
            lambda W, b, X, y, lr: _step(
                W,
                b,
                X,
                y,
                lr,
                lambda z, y: (_one_hot(z.argmax(1), z.shape[1]) - _one_hot(y, z.shape[1])) / len(y),
            ),
            "Does a sample that is right with p = 0.51 still have something to teach?",
        ),
        Misconception(
            "softmax is taken over the samples instead of the classes",
            lambda W, b, X, y, lr: _step(
                W,
                b,
                X,
                y,
                lr,
                lambda z, y: (losses.softmax(z, 0) - _one_hot(y, z.shape[1])) / len(y),
            ),
            "Which axis of X @ W + b holds the classes?",
        ),
        Misconception(
            "the gradients are returned instead of the new parameters",
            lambda W, b, X, y, lr: (
                X.T @ losses.grad_cross_entropy(X @ W + b, y),
                losses.grad_cross_entropy(X @ W + b, y).sum(0),
            ),
            "What is wanted: the direction, or the place after the step?",
        ),
    ),
    hints=(
        "First the gradient G of the mean loss with respect to the logits, shape (N, K).",
        "z = X W + b, so the gradient for W is Xᵀ G, and for b the sum of G over the samples.",
        "Return W − lr·Xᵀ G and b − lr·G.sum(0), both from the old W and b, without changing them.",
    ),
)

EXERCISES = (GRAD_BCE_WITH_LOGITS, GRAD_CROSS_ENTROPY, GRAD_SMOOTHED, TRAINING_STEP)
