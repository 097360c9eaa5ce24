"""Cross-entropy, from one-hot rows to weights and ignored labels."""

import numpy as np

from exercises.bank import drawing
from utils import losses
from utils.grading.model import Case, Exercise
from utils.grading.model import Misconception as M

DICE = ("chapters/foundations/dice", "From dice to cross-entropy")
LOSSES = ("chapters/from_scratch/losses", "The losses in NumPy")


def _log_p(z, axis=-1):
    return losses.log_softmax(np.asarray(z, float), axis)


def _p(z, axis=-1):
    return np.exp(_log_p(z, axis))


def _hot(y, k):
    return np.eye(k)[y]


def _pick(rows, y):
    return rows[np.arange(len(y)), y]


def _indexed(rng, n, k):
    z = drawing.logits(rng, n, k)
    return z, drawing.classes(rng, z)


def _sizes(z, *rest):
    return {"N": z.shape[0], "K": z.shape[1]}


# --- one_hot -------------------------------------------------------------------------------------


def _one_hot(y, num_classes):
    return losses.one_hot(y, num_classes)


def _written(y, num_classes, index):
    out = np.zeros((len(y), num_classes))
    out[index] = 1
    return out


def _labels(rng, n, k):
    """Labels in which one class is missing at the end, and one comes twice."""
    y = rng.integers(0, k - 1, n)
    y[:2] = (1, 1)
    y[2] = 0
    return rng.permutation(y)


ONE_HOT = Exercise(
    name="one_hot",
    topic="cross_entropy",
    section=DICE[0],
    title=DICE[1],
    signature="one_hot(y, num_classes)  —  y: (N,) integers → (N, num_classes) of 0.0 and 1.0",
    points=2,
    forbidden=("torch.nn.functional.one_hot",),
    reference=_one_hot,
    sizes=lambda y, num_classes: {},
    cases=(
        Case("five labels, four classes", lambda rng: (_labels(rng, 5, 4), 4), 2),
        Case("as many labels as classes", lambda rng: (_labels(rng, 4, 4), 4)),
        Case("small integers (uint8)", lambda rng: (_labels(rng, 6, 5).astype(np.uint8), 5)),
    ),
    misconceptions=(
        M(
            "labels are counted from 1",
            lambda y, num_classes: np.eye(num_classes)[y.astype(int) - 1],
            "Which column is class 0?",
        ),
        M(
            "rows and columns are exchanged",
            lambda y, num_classes: np.eye(num_classes)[y].T,
            "One sample: is it a row or a column?",
        ),
        M(
            "the number of classes is taken from the largest label",
            lambda y, num_classes: np.eye(int(y.max()) + 1)[y],
            "What if the last class does not occur in this batch?",
        ),
        M(
            "out[:, y] = 1 sets these columns in every row",
            lambda y, num_classes: _written(y, num_classes, (slice(None), y)),
            "Which rows should y[0] concern? An array of row numbers pairs them up.",
        ),
        M(
            "out[y] = 1 sets whole rows",
            lambda y, num_classes: _rows_set(y, num_classes),
            "Is y a row number or a column number?",
        ),
        M(
            "the labels are counted (bincount)",
            lambda y, num_classes: np.bincount(y, minlength=num_classes).astype(float),
            "How many rows should there be?",
        ),
        M(
            "all classes up to the label are set",
            lambda y, num_classes: (np.arange(num_classes) <= y[:, None]).astype(float),
            "How many ones belong in a row?",
        ),
        M(
            "the label stands where 1 should",
            lambda y, num_classes: np.eye(num_classes)[y] * y[:, None],
            "What is the probability of the true class?",
        ),
        M(
            "the table holds integers or truth values instead of floats",
            lambda y, num_classes: np.eye(num_classes, dtype=int)[y],
            "Probabilities are floats. Which dtype has your table?",
        ),
    ),
    hints=(
        "One row a sample, one column a class. Where is the 1?",
        "Compare: is column k equal to label y[n]? Broadcasting makes a table of two vectors.",
        "(y[:, None] == np.arange(num_classes)).astype(float), or np.eye(num_classes)[y].",
    ),
)


def _rows_set(y, num_classes):
    out = np.zeros((max(len(y), num_classes), num_classes))
    out[y] = 1
    return out[: len(y)]


# --- nll -----------------------------------------------------------------------------------------


def _nll(log_p, y):
    return -np.mean(_pick(log_p, y))


NLL = Exercise(
    name="nll",
    topic="cross_entropy",
    section=DICE[0],
    title=DICE[1],
    signature="nll(log_p, y)  —  log_p: (N, K) log-probabilities, y: (N,) labels → mean",
    points=2,
    forbidden=("torch.nn.functional.nll_loss",),
    reference=_nll,
    sizes=_sizes,
    cases=(
        Case("four samples, three classes", lambda rng: _logged(rng, 4, 3), 2),
        Case("as many samples as classes", lambda rng: _logged(rng, 4, 4)),
        Case("log-probabilities around −800", lambda rng: _logged(rng, 3, 5, 800.0)),
    ),
    misconceptions=(
        M(
            "log_p[:, y] picks a whole table: every sample with every label",
            lambda log_p, y: -np.mean(log_p[:, y]),
            "How many entries do you pick, and how many should it be? Pair rows with labels.",
        ),
        M(
            "log_p[y] picks whole rows",
            lambda log_p, y: -np.mean(np.take(log_p, y, axis=0, mode="wrap")),
            "Is y a row number or a column number?",
        ),
        M(
            "the largest log-probability is taken, whatever the label",
            lambda log_p, y: -np.mean(log_p.max(-1)),
            "What does a wrong prediction cost in your formula?",
        ),
        M(
            "labels are counted from 1",
            lambda log_p, y: -np.mean(_pick(log_p, y - 1)),
            "Which column is class 0?",
        ),
        M(
            "all classes count alike",
            lambda log_p, y: -np.mean(log_p.sum(-1)),
            "Where do the labels enter?",
        ),
        M(
            "the logarithm is taken once more",
            lambda log_p, y: -np.mean(np.log(np.abs(_pick(log_p, y)))),
            "Are you given probabilities or their logarithms?",
        ),
        M(
            "the log-probabilities are exponentiated and go through softmax again",
            lambda log_p, y: -np.mean(_pick(_log_p(np.exp(log_p)), y)),
            "Are you given probabilities, logits or log-probabilities?",
        ),
        M(
            "probabilities are averaged before the logarithm",
            lambda log_p, y: -np.log(np.mean(np.exp(_pick(log_p, y)))),
            "Which comes first for independent samples: the logarithm or the mean?",
        ),
    ),
    hints=(
        "From each row, which one entry matters?",
        "Index with two arrays of the same length: the row numbers and the labels.",
        "−log_p[np.arange(len(y)), y].mean()",
    ),
)


def _logged(rng, n, k, low=0.0):
    z = drawing.logits(rng, n, k)
    y = drawing.classes(rng, z)
    if low:
        z[np.arange(n), y] -= low
    return _log_p(z), y


# --- cross_entropy from labels -------------------------------------------------------------------


def _ce(z, y):
    return -np.mean(_pick(_log_p(z), y))


def _binary_on_softmax(z, y):
    p, t = _p(z), _hot(y, z.shape[1])
    return -(t * np.log(p) + (1 - t) * np.log1p(-p))


def _one_against_rest(z, y):
    return losses.softplus(z) - z * _hot(y, z.shape[1])


def _far(rng, n, k):
    """Logits of hundreds, where the true class lies far below the best."""
    z = 700 * drawing.logits(rng, n, k) + np.resize([[900.0], [-900.0], [0.0]], (n, 1))
    return z, (z.argmax(1) + 1) % k


CROSS_ENTROPY = Exercise(
    name="cross_entropy",
    topic="cross_entropy",
    section=LOSSES[0],
    title=LOSSES[1],
    signature="cross_entropy(z, y)  —  z: (N, K) logits, y: (N,) labels → mean, one number",
    points=3,
    forbidden=("torch.nn.functional.cross_entropy",),
    reference=_ce,
    sizes=_sizes,
    cases=(
        Case("four samples, three classes", lambda rng: _indexed(rng, 4, 3), 2),
        Case("as many samples as classes", lambda rng: _indexed(rng, 4, 4)),
        Case("logits of hundreds, wrong predictions", lambda rng: _far(rng, 3, 4), 2),
    ),
    misconceptions=(
        M(
            "the mean runs over all N·K entries of the one-hot product",
            lambda z, y: -np.mean(_hot(y, z.shape[1]) * _log_p(z)),
            "How many samples are there, and how many numbers do you average?",
        ),
        M(
            "z[:, y] picks a whole table: every sample with every label",
            lambda z, y: -np.mean(_log_p(z)[:, y]),
            "How many entries do you pick, and how many should it be? Pair rows with labels.",
        ),
        M(
            "the logarithm is forgotten: minus the probability is averaged",
            lambda z, y: -np.mean(_pick(_p(z), y)),
            "What should a probability of 1 for the true class cost?",
        ),
        M(
            "softmax is forgotten: minus the logit is averaged",
            lambda z, y: -np.mean(_pick(z, y)),
            "Where do the logits of the other classes enter?",
        ),
        M(
            "softmax is applied twice",
            lambda z, y: _ce(_p(z), y),
            "Are you given logits or probabilities, and what does your log-softmax receive?",
        ),
        M(
            "the columns are normalised: softmax over the batch",
            lambda z, y: -np.mean(_pick(_log_p(z, 0), y)),
            "Rows or columns: which axis holds the classes of one sample?",
        ),
        M(
            "probabilities are averaged before the logarithm",
            lambda z, y: -np.log(np.mean(_pick(_p(z), y))),
            "Which comes first for independent samples: the logarithm or the mean?",
        ),
        M(
            "labels are counted from 1",
            lambda z, y: -np.mean(_pick(_log_p(z), y - 1)),
            "Which column is class 0?",
        ),
        M(
            "the best class is taken instead of the label",
            lambda z, y: -np.mean(_log_p(z).max(-1)),
            "What does a wrong prediction cost in your formula?",
        ),
        M(
            "the binary losses of all classes are added, on softmax probabilities",
            lambda z, y: _binary_on_softmax(z, y).sum(-1).mean(),
            "The classes exclude each other. Does −ln p of the true class not say it all?",
        ),
        M(
            "the classes are treated as independent yes-no questions (sigmoids)",
            lambda z, y: _one_against_rest(z, y).sum(-1).mean(),
            "Do the probabilities of one sample's classes sum to 1?",
        ),
        M(
            "the base of the logarithm is 2 in log-sum-exp, but not elsewhere",
            lambda z, y: np.mean(losses.logsumexp(z) / np.log(2) - _pick(z, y)),
            "Which logarithm undoes e^z?",
        ),
        M(
            "the squared distance to the one-hot row is taken (the Brier score)",
            lambda z, y: np.mean(((_p(z) - _hot(y, z.shape[1])) ** 2).sum(-1)),
            "Where is the logarithm?",
        ),
        M(
            "the share of wrong predictions is counted",
            lambda z, y: np.mean(z.argmax(-1) != y),
            "Can gradient descent see a small improvement of your number?",
        ),
        M(
            "one loss a sample is returned",
            lambda z, y: -_pick(_log_p(z), y),
            "One number is asked. Which step is missing?",
        ),
        M(
            "probabilities are formed first: far below the best class they are 0, and ln 0 = −inf",
            lambda z, y: -np.mean(np.log(_pick(_p(z), y))),
            "logsumexp(z) − z[label] needs no probability. What does it give at a gap of 1000?",
        ),
        M(
            "a small number is added inside the logarithm",
            lambda z, y: -np.mean(np.log(_pick(_p(z), y) + 1e-12)),
            "What is the largest loss that your formula can say?",
        ),
    ),
    hints=(
        "−ln of the softmax probability of the true class. Write the logarithm of that fraction.",
        "For one sample it is logsumexp(z) − z[label]. Which of both must be safe at z = 1000?",
        "Shift the rows by their maximum; lse = np.log(np.exp(z).sum(-1)); then the mean of "
        "lse − z[np.arange(N), y].",
    ),
)


# --- cross_entropy from probabilities ------------------------------------------------------------


def _soft_ce(z, q):
    return -np.mean(np.sum(q * _log_p(z), -1))


def _soft(rng, n, k):
    return drawing.logits(rng, n, k), drawing.distribution(rng, n, k)


CROSS_ENTROPY_PROBS = Exercise(
    name="cross_entropy_probs",
    topic="cross_entropy",
    section=LOSSES[0],
    title=LOSSES[1],
    signature="cross_entropy_probs(z, q)  —  z: (N, K) logits, q: (N, K) probabilities → mean",
    points=2,
    forbidden=("torch.nn.functional.cross_entropy",),
    reference=_soft_ce,
    sizes=_sizes,
    cases=(
        Case("soft targets", lambda rng: _soft(rng, 4, 3), 2),
        Case("as many samples as classes", lambda rng: _soft(rng, 4, 4)),
        Case(
            "logits of hundreds",
            lambda rng: (700 * drawing.logits(rng, 2, 4), drawing.distribution(rng, 2, 4)),
        ),
    ),
    misconceptions=(
        M(
            "only the most probable class of the target counts",
            lambda z, q: _ce(z, q.argmax(-1)),
            "What does a target of (0.6, 0.4) say that (1, 0) does not?",
        ),
        M(
            "the mean runs over all N·K entries",
            lambda z, q: -np.mean(q * _log_p(z)),
            "The classes are summed (q is the weight). What is averaged?",
        ),
        M(
            "the entropy of the target is subtracted: that is KL(q‖p)",
            lambda z, q: np.mean(np.sum(q * (np.log(q) - _log_p(z)), -1)),
            "Cross-entropy or divergence: which of them is 0 for a perfect prediction?",
        ),
        M(
            "target and prediction are exchanged",
            lambda z, q: -np.mean(np.sum(_p(z) * np.log(q), -1)),
            "Which distribution is inside the logarithm?",
        ),
        M(
            "the logarithm is taken after the sum: ln Σ q p",
            lambda z, q: -np.mean(np.log(np.sum(q * _p(z), -1))),
            "Is the logarithm of a mean the mean of the logarithms?",
        ),
        M(
            "the target goes through softmax, too",
            lambda z, q: _soft_ce(z, _p(q)),
            "Is the target made of logits or of probabilities?",
        ),
        M(
            "a term (1 − q) ln(1 − p) is added for each class",
            lambda z, q: -np.mean(np.sum(q * _log_p(z) + (1 - q) * np.log1p(-_p(z)), -1)),
            "The classes exclude each other. Which term belongs to them?",
        ),
        M(
            "sigmoids take the place of softmax",
            lambda z, q: -np.mean(np.sum(q * losses.log_sigmoid(z), -1)),
            "Do the probabilities of one sample's classes sum to 1?",
        ),
        M(
            "the columns are normalised: softmax over the batch",
            lambda z, q: -np.mean(np.sum(q * _log_p(z, 0), -1)),
            "Rows or columns: which axis holds the classes of one sample?",
        ),
        M(
            "softmax is applied twice",
            lambda z, q: _soft_ce(_p(z), q),
            "What does your log-softmax receive: logits or probabilities?",
        ),
        M(
            "probabilities are formed first, and ln 0 is −inf",
            lambda z, q: -np.mean(np.sum(q * np.log(_p(z)), -1)),
            "Which function gives ln p without forming p?",
        ),
    ),
    hints=(
        "One sample: the mean surprise under q. Write the sum over the classes.",
        "−Σ_k q_k ln p_k for each row; ln p is log-softmax of the row.",
        "−(q * log_softmax(z)).sum(axis=1).mean()",
    ),
)


# --- N-d -----------------------------------------------------------------------------------------


def _nd(z, y):
    return losses.cross_entropy(z, y)


def _pixels(rng, n, k, h, w):
    z = drawing.logits(rng, n, k * h * w).reshape(n, k, h, w)
    y = rng.integers(0, k, (n, h, w))
    return z, y


def _rows_of(z, axis=1):
    return np.moveaxis(z, axis, -1).reshape(-1, z.shape[axis])


CROSS_ENTROPY_ND = Exercise(
    name="cross_entropy_nd",
    topic="cross_entropy",
    section=LOSSES[0],
    title=LOSSES[1],
    signature="cross_entropy_nd(z, y)  —  z: (N, K, …) logits, y: (N, …) labels → mean over all",
    points=3,
    forbidden=("torch.nn.functional.cross_entropy",),
    reference=_nd,
    sizes=lambda z, y: {**_sizes(z), "divisor": y.size},
    cases=(
        Case("images of 2 × 5 pixels, three classes", lambda rng: _pixels(rng, 2, 3, 2, 5), 2),
        Case(
            "sequences: one more axis",
            lambda rng: tuple(a[..., 0] for a in _pixels(rng, 4, 3, 6, 1)),
        ),
        Case("no more axes", lambda rng: tuple(a[..., 0, 0] for a in _pixels(rng, 5, 3, 1, 1))),
        Case(
            "logits of hundreds",
            lambda rng: (lambda z, y: (700 * z, y))(*_pixels(rng, 2, 4, 2, 3)),
        ),
    ),
    misconceptions=(
        M(
            "z.reshape(-1, K) cuts the array in memory order, mixing pixels and classes",
            lambda z, y: _ce(z.reshape(-1, z.shape[1]), y.ravel()),
            "In memory the last axis runs fastest. Which axis must be last before you reshape?",
        ),
        M(
            "the classes are looked for on the last axis",
            lambda z, y: _ce(_rows_of(z, -1), np.resize(y, _rows_of(z, -1).shape[0]) % z.shape[-1]),
            "PyTorch's rule: which axis holds the classes, the last or the second?",
        ),
        M(
            "the sum is divided by N alone, not by the number of pixels",
            lambda z, y: _nd(z, y) * y.size / len(y),
            "How many predictions does one image hold?",
        ),
        M(
            "softmax runs over all but the first axis",
            lambda z, y: (
                -np.mean(
                    np.take_along_axis(
                        _log_p(z.reshape(len(z), -1)).reshape(z.shape), y[:, None], axis=1
                    )
                )
            ),
            "Each pixel has a distribution of its own. Over which axis does it sum to 1?",
        ),
        M(
            "softmax runs over the batch, axis 0",
            lambda z, y: -np.mean(np.take_along_axis(_log_p(z, 0), y[:, None], axis=1)),
            "Which axis holds the classes?",
        ),
        M(
            "the best class is taken instead of the label",
            lambda z, y: -np.mean(_log_p(z, 1).max(1)),
            "Where do the labels enter?",
        ),
        M(
            "all classes count alike",
            lambda z, y: -np.mean(_log_p(z, 1).sum(1)),
            "Where do the labels enter?",
        ),
        M(
            "the mean runs over the classes as well",
            lambda z, y: _nd(z, y) / z.shape[1],
            "How many labels are there, and how many numbers do you average?",
        ),
        M(
            "probabilities are formed first, and ln 0 is −inf",
            lambda z, y: -np.mean(np.log(np.take_along_axis(_p(z, 1), y[:, None], axis=1))),
            "Which function gives ln p without forming p?",
        ),
    ),
    hints=(
        "If the classes were the last axis, could you reuse cross_entropy?",
        "np.moveaxis brings axis 1 to the end; then reshape to (-1, K), and y to (-1,).",
        "rows = np.moveaxis(z, 1, -1).reshape(-1, z.shape[1]); cross_entropy(rows, y.ravel()).",
    ),
)


# --- ignore_index --------------------------------------------------------------------------------


def _kept(z, y, ignore_index=-100):
    keep = y != ignore_index
    if not keep.any():
        return np.nan
    return _ce(z[keep], y[keep])


def _masked(z, y, mask, divisor):
    safe = np.where(mask, y, 0)
    loss = -_pick(_log_p(z), safe)
    with np.errstate(all="ignore"):
        return np.sum(np.where(mask, loss, 0.0)) / np.float64(divisor)


def _with_ignored(rng, n, k, ignore_index, how_many):
    z, y = _indexed(rng, n, k)
    y[y == ignore_index] = (ignore_index + 1) % k if ignore_index >= 0 else 0
    y[rng.permutation(n)[:how_many]] = ignore_index
    return z, y, ignore_index


def _broken_row(rng):
    z, y, ignore_index = _with_ignored(rng, 5, 3, -100, 2)
    z[y == -100] = np.nan
    return z, y, ignore_index


IGNORE = Exercise(
    name="cross_entropy_ignore",
    topic="cross_entropy",
    section=LOSSES[0],
    title=LOSSES[1],
    signature=(
        "cross_entropy_ignore(z, y, ignore_index=-100)  —  z: (N, K), y: (N,) → mean over the "
        "samples that are not ignored; nan if there is none"
    ),
    points=3,
    forbidden=("torch.nn.functional.cross_entropy",),
    reference=_kept,
    sizes=lambda z, y, ignored=-100: {**_sizes(z), "divisor": int((y != ignored).sum())},
    cases=(
        Case("two of six ignored", lambda rng: _with_ignored(rng, 6, 3, -100, 2), 2),
        Case("ignore_index −1", lambda rng: _with_ignored(rng, 5, 3, -1, 1)),
        Case("ignore_index 0, a real class", lambda rng: _with_ignored(rng, 6, 4, 0, 2)),
        Case("nothing ignored", lambda rng: _with_ignored(rng, 5, 3, -100, 0)),
        Case("ignore_index not given", lambda rng: _with_ignored(rng, 5, 4, -100, 2)[:2]),
        Case("all ignored", lambda rng: _with_ignored(rng, 4, 3, -100, 4)),
        Case("nan in the ignored rows", lambda rng: _broken_row(rng)),
    ),
    misconceptions=(
        M(
            "the sum is divided by N, the ignored samples included",
            lambda z, y, i=-100: _masked(z, y, y != i, len(y)),
            "How many samples does the mean run over?",
        ),
        M(
            "the ignored samples count as class 0",
            lambda z, y, i=-100: _ce(z, np.where(y == i, 0, y)),
            "What does an ignored sample add to your sum?",
        ),
        M(
            "nothing is ignored: the label is used as an index as it stands",
            lambda z, y, i=-100: _ce(z, y),
            "What does z[n, −100] do? And z[n, −1]?",
        ),
        M(
            "the sum is not divided at all",
            lambda z, y, i=-100: _masked(z, y, y != i, 1),
            "A mean is asked. Over how many samples?",
        ),
        M(
            "the ignored rows' logits are set to 0, and they still count (ln K each)",
            lambda z, y, i=-100: _ce(np.where((y == i)[:, None], 0.0, z), np.where(y == i, 0, y)),
            "What is the cross-entropy of a row of zeros?",
        ),
        M(
            "−100 is built in, whatever ignore_index says",
            lambda z, y, i=-100: _kept(z, y, -100),
            "Where does your function look at its third argument?",
        ),
        M(
            "every negative label is ignored, and no other",
            lambda z, y, i=-100: _masked(z, y, y >= 0, np.sum(y >= 0)),
            "What if a real class, say the background 0, is to be ignored?",
        ),
        M(
            "an empty mean is made 0",
            lambda z, y, i=-100: 0.0 if (y == i).all() else _kept(z, y, i),
            "0 says that everything was predicted perfectly. What does PyTorch say?",
        ),
        M(
            "the kept ones are ignored, the ignored ones kept",
            lambda z, y, i=-100: _masked(z, y, y == i, np.sum(y == i)),
            "Which samples does your mask select?",
        ),
        M(
            "the ignored losses are multiplied by 0, and 0 · nan is nan",
            lambda z, y, i=-100: (
                np.sum(-_pick(_log_p(z), np.where(y == i, 0, y)) * (y != i))
                / np.float64(np.sum(y != i))
            ),
            "Which keeps a broken row out for certain: multiplying by 0, or selecting?",
        ),
        M(
            "samples are ignored whose prediction, not label, is ignore_index",
            lambda z, y, i=-100: _masked(
                z,
                np.where(y == i, 0, y),
                z.argmax(-1) != i,
                np.sum(z.argmax(-1) != i),
            ),
            "Who decides what is ignored, the label or the model?",
        ),
    ),
    hints=(
        "Which samples are left? Make a mask of truth values.",
        "Select rows and labels with the mask before anything else; then it is cross_entropy.",
        "keep = y != ignore_index; return np.nan if keep has no True, else "
        "cross_entropy(z[keep], y[keep]).",
    ),
)


# --- class weights -------------------------------------------------------------------------------


def _weighted(z, y, w):
    return np.sum(w[y] * -_pick(_log_p(z), y)) / np.sum(w[y])


def _with_weights(rng, n, k):
    z, y = _indexed(rng, n, k)
    w = np.round(rng.permutation(np.array([0.4, 1.3, 3.1, 4.2])[:k]) + rng.uniform(0, 0.3, k), 2)
    return z, y, w


def _each(z, y):
    return -_pick(_log_p(z), y)


def _macro(z, y, w):
    return np.mean([w[c] * _each(z, y)[y == c].mean() for c in np.unique(y)])


WEIGHTED = Exercise(
    name="weighted_cross_entropy",
    topic="cross_entropy",
    section=LOSSES[0],
    title=LOSSES[1],
    signature=(
        "weighted_cross_entropy(z, y, w)  —  z: (N, K), y: (N,), w: (K,) class weights → mean "
        "as in PyTorch"
    ),
    points=3,
    forbidden=("torch.nn.functional.cross_entropy",),
    reference=_weighted,
    sizes=lambda z, y, w: {**_sizes(z), "divisor": float(w[y].sum())},
    cases=(
        Case("five samples, three classes", lambda rng: _with_weights(rng, 5, 3), 2),
        Case("as many samples as classes", lambda rng: _with_weights(rng, 4, 4)),
        Case(
            "a class of weight 0",
            lambda rng: (lambda z, y, w: (z, y, np.where(np.arange(3) == y[0], 0.0, w)))(
                *_with_weights(rng, 6, 3)
            ),
        ),
        Case(
            "logits of hundreds",
            lambda rng: (*_far(rng, 5, 3), np.array([0.5, 2.0, 3.5])),
        ),
    ),
    misconceptions=(
        M(
            "the sum is divided by N instead of the sum of the samples' weights",
            lambda z, y, w: np.mean(w[y] * _each(z, y)),
            "If all weights double, should the loss double?",
        ),
        M(
            "the sum is divided by the weights of the classes, each counted once",
            lambda z, y, w: np.sum(w[y] * _each(z, y)) / np.sum(w),
            "A class with three samples: how often does its weight enter the denominator?",
        ),
        M(
            "the weights are scaled to mean 1, and then N divides",
            lambda z, y, w: np.mean((w / w.mean())[y] * _each(z, y)),
            "A weighted mean divides by the weights that were used. Which were?",
        ),
        M(
            "nothing is divided",
            lambda z, y, w: np.sum(w[y] * _each(z, y)),
            "A mean is asked. What does it divide by?",
        ),
        M(
            "the weights are ignored",
            lambda z, y, w: np.mean(_each(z, y)),
            "Where does w enter?",
        ),
        M(
            "the weights are used the other way round, as 1/w",
            lambda z, y, w: np.sum(_each(z, y) / w[y]) / np.sum(1 / w[y]),
            "Should a heavy class count more or less?",
        ),
        M(
            "the logits are multiplied by the weights",
            lambda z, y, w: _ce(w * z, y),
            "Should a weight change the prediction, or what it costs?",
        ),
        M(
            "the probabilities are multiplied by the weights inside the logarithm",
            lambda z, y, w: -np.mean(np.log((w * _p(z))[np.arange(len(y)), y])),
            "Should a weight change the prediction, or what it costs?",
        ),
        M(
            "the predicted class's weight is used instead of the label's",
            lambda z, y, w: np.sum(w[z.argmax(-1)] * _each(z, y)) / np.sum(w[z.argmax(-1)]),
            "Which class's weight belongs to a sample, if the prediction is wrong?",
        ),
        M(
            "the mean weight multiplies the mean loss",
            lambda z, y, w: np.mean(w[y]) * np.mean(_each(z, y)),
            "Is the mean of a product the product of the means?",
        ),
        M(
            "each weight is applied twice",
            lambda z, y, w: np.sum(w[y] ** 2 * _each(z, y)) / np.sum(w[y]),
            "How often do you multiply by w[y]?",
        ),
        M(
            "each class is averaged on its own, then the classes",
            _macro,
            "Does a class with many samples weigh more, in PyTorch's mean?",
        ),
        M(
            "probabilities are formed first, and ln 0 is −inf",
            lambda z, y, w: np.sum(w[y] * -np.log(_pick(_p(z), y))) / np.sum(w[y]),
            "Which function gives ln p without forming p?",
        ),
    ),
    hints=(
        "Which weight belongs to sample n? Make a vector of N weights first.",
        "A weighted mean: Σ weight·loss over Σ weight. Which weights are in the denominator?",
        "v = w[y]; (v * loss).sum() / v.sum(), with one loss a sample.",
    ),
)

EXERCISES = (
    ONE_HOT,
    NLL,
    CROSS_ENTROPY,
    CROSS_ENTROPY_PROBS,
    CROSS_ENTROPY_ND,
    IGNORE,
    WEIGHTED,
)
