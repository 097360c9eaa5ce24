"""The softmax family: many logits, safely."""

import numpy as np

from exercises.bank import drawing
from utils import losses
from utils.grading.model import Case, Exercise
from utils.grading.model import Misconception as M

SOFTMAX = ("chapters/from_scratch/softmax", "Softmax and log-sum-exp")


def _lse(z, axis=-1, keepdims=False):
    """Plain log-sum-exp with a shift, for building wrong answers of any shape."""
    m = np.max(z, axis=axis, keepdims=True)
    out = m + np.log(np.sum(np.exp(z - m), axis=axis, keepdims=True))
    return out if keepdims else np.squeeze(out, axis)


def _soft(z, axis=-1):
    return np.exp(z - _lse(z, axis, True))


def _table(rng):
    return (drawing.logits(rng, 2, 3),)


def _far_rows(rng):
    """A row near 1000, one near −1000, one that spans 1500."""
    shift = np.array([[1000.0], [-1000.0], [0.0]]) + rng.integers(0, 9)
    z = drawing.logits(rng, 3, 4) + shift
    z[2] = np.array([750.0, 0.0, -2.0, -750.0]) + rng.random(4)
    return z


LOGSUMEXP = Exercise(
    name="logsumexp",
    topic="softmax",
    section=SOFTMAX[0],
    title=SOFTMAX[1],
    signature="logsumexp(z)  —  z: (N, K) → (N,), over the last axis",
    points=3,
    forbidden=(
        "scipy.special.logsumexp",
        "torch.logsumexp",
        "torch.Tensor.logsumexp",
        "torch.special.logsumexp",
    ),
    reference=losses.logsumexp,
    others={"softmax": _soft, "log_softmax": lambda z: z - _lse(z, -1, True)},
    cases=(
        Case("a table of logits", _table, 2),
        Case("as many rows as columns", lambda rng: (drawing.logits(rng, 3, 3),)),
        Case("rows around ±1000", lambda rng: (_far_rows(rng),), 2),
        Case(
            "a row in which every outcome is impossible (−inf)",
            lambda rng: (np.array([[-np.inf] * 3, [rng.random(), -np.inf, 1.0]]),),
        ),
    ),
    misconceptions=(
        M(
            "the maximum is subtracted but not added back",
            lambda z: np.log(np.sum(np.exp(z - z.max(-1, keepdims=True)), -1)),
            "Adding 5 to every logit should add 5 to the result. Does it?",
        ),
        M(
            "the maximum is subtracted once more instead of added back",
            lambda z: _lse(z) - 2 * z.max(-1),
            "e^(z − m) has lost a factor e^m. With which sign does m come back?",
        ),
        M(
            "the maximum alone is returned",
            lambda z: z.max(-1),
            "What is log-sum-exp of two zeros?",
        ),
        M(
            "the logits are added up: the logarithm is taken before the sum",
            lambda z: np.sum(np.log(np.exp(z)), -1),
            "Log, sum, exp: in which order are they done?",
        ),
        M(
            "the mean is taken instead of the sum",
            lambda z: _lse(z) - np.log(z.shape[-1]),
            "What is log-sum-exp of two zeros: 0 or ln 2?",
        ),
        M(
            "the logarithm is to base 2",
            lambda z: _lse(z) / np.log(2),
            "Which logarithm undoes e^z?",
        ),
        M(
            "the sum runs over the rows, axis 0",
            lambda z: _lse(z, 0),
            "How many results should there be: one a row or one a column?",
        ),
        M(
            "all entries of the table are summed into one",
            lambda z: _lse(z.reshape(1, -1))[0],
            "How many samples are there, and how many results?",
        ),
        M(
            "the summed axis stays in the shape (keepdims)",
            lambda z: _lse(z, -1, True),
            "Which shape is asked, (N,) or (N, 1)?",
        ),
        M(
            "the outer logarithm is forgotten",
            lambda z: np.sum(np.exp(z), -1),
            "The name says what comes last. Which step is missing?",
        ),
        M(
            "nothing is subtracted before e^z, which overflows or vanishes",
            lambda z: np.log(np.sum(np.exp(z), -1)),
            "What is e^1000? By what can you divide all the terms?",
        ),
        M(
            "one maximum serves for all rows, so rows far below it vanish",
            lambda z: z.max() + np.log(np.sum(np.exp(z - z.max()), -1)),
            "Which maximum does a row near −1000 need, if another row is near 1000?",
        ),
        M(
            "the mean is subtracted instead of the maximum",
            lambda z: z.mean(-1) + np.log(np.sum(np.exp(z - z.mean(-1, keepdims=True)), -1)),
            "After the shift, how large can the largest exponent still be?",
        ),
        M(
            "a row of −inf only is not looked after: −inf − (−inf) is nan",
            lambda z: _lse(z),
            "What is ln(0 + 0 + 0)? By what may such a row be shifted instead?",
        ),
    ),
    hints=(
        "e^1000 is too large for a float. Which factor can be pulled out of Σ e^z?",
        "Σ e^z = e^m · Σ e^(z−m). Take the logarithm. Which m makes every term at most 1?",
        "m = z.max(-1, keepdims=True), and 0 where that is −inf; then "
        "m + ln Σ e^(z−m), without the kept axis.",
    ),
)


def _three_axes(rng):
    return drawing.logits(rng, 2, 12).reshape(2, 3, 4)


def _naive(z, axis=-1):
    return np.exp(z) / np.sum(np.exp(z), axis=axis, keepdims=True)


SOFTMAX_EXERCISE = Exercise(
    name="softmax",
    topic="softmax",
    section=SOFTMAX[0],
    title=SOFTMAX[1],
    signature="softmax(z, axis=-1)  —  z: any shape → same shape, sums to 1 along axis",
    points=3,
    forbidden=(
        "scipy.special.softmax",
        "torch.softmax",
        "torch.Tensor.softmax",
        "torch.special.softmax",
        "torch.nn.functional.softmax",
    ),
    reference=losses.softmax,
    others={"log_softmax": lambda z, axis=-1: np.log(_soft(z, axis))},
    cases=(
        Case("a table of logits", lambda rng: (drawing.logits(rng, 2, 3), -1), 2),
        Case("axis 0", lambda rng: (drawing.logits(rng, 3, 4), 0)),
        Case("axis not given", lambda rng: (_three_axes(rng),)),
        Case("the middle one of three axes", lambda rng: (_three_axes(rng), 1)),
        Case("rows around ±1000", lambda rng: (_far_rows(rng), -1), 2),
        Case(
            "float32 logits, float32 out",
            lambda rng: (drawing.logits(rng, 2, 3).astype(np.float32), -1),
            rtol=1e-4,
            dtype=True,
        ),
    ),
    misconceptions=(
        M(
            "axis is ignored: the last one is always used",
            lambda z, axis=-1: _soft(z, -1),
            "Where does your function look at its second argument?",
        ),
        M(
            "axis is ignored: the first one is always used, so columns sum to 1",
            lambda z, axis=-1: _soft(z, 0),
            "Rows or columns: which axis holds the classes of one sample?",
        ),
        M(
            "axis is ignored: axis 1 is always used",
            lambda z, axis=-1: _soft(z, 1),
            "Where does your function look at its second argument?",
        ),
        M(
            "all entries together are normalised to 1",
            lambda z, axis=-1: np.exp(z) / np.exp(z).sum(),
            "Which sums should be 1: that of the table, or that of each row?",
        ),
        M(
            "the logits are divided by their sum, without e^z",
            lambda z, axis=-1: z / z.sum(axis, keepdims=True),
            "What if a logit is negative?",
        ),
        M(
            "e^z is not divided by its sum",
            lambda z, axis=-1: np.exp(z),
            "Do your rows sum to 1?",
        ),
        M(
            "the maximum is subtracted above, but not below, the fraction's line",
            lambda z, axis=-1: (
                np.exp(z - z.max(axis, keepdims=True)) / np.exp(z).sum(axis, keepdims=True)
            ),
            "Shifting is harmless only if numerator and denominator get the same factor.",
        ),
        M(
            "each entry goes through a sigmoid on its own",
            lambda z, axis=-1: losses.sigmoid(z),
            "If one logit of a row grows, what must happen to the row's other probabilities?",
        ),
        M(
            "the logits are divided by the maximum instead of shifted by it",
            lambda z, axis=-1: _soft(z / z.max(axis, keepdims=True), axis),
            "Softmax does not notice what is added to all logits. Is that true of factors?",
        ),
        M(
            "the exponent has the wrong sign: the smallest logit gets the most",
            lambda z, axis=-1: _soft(-z, axis),
            "Which class should the largest logit favour?",
        ),
        M(
            "powers of 2 are taken instead of powers of e",
            lambda z, axis=-1: _soft(z * np.log(2), axis),
            "By which factor do the odds grow when a logit grows by 1?",
        ),
        M(
            "softmax is applied twice",
            lambda z, axis=-1: _soft(_soft(z, axis), axis),
            "What does your function receive: logits, or something normalised already?",
        ),
        M(
            "the largest entry gets 1 and all others 0",
            lambda z, axis=-1: (z == z.max(axis, keepdims=True)).astype(z.dtype),
            "What is left of the second largest logit?",
        ),
        M(
            "no maximum is subtracted: e^1000 is inf, and inf/inf is nan",
            _naive,
            "What may be added to all logits of a row without changing the result?",
        ),
        M(
            "one maximum serves for the whole array, so rows far below it are 0/0",
            lambda z, axis=-1: _naive(z - z.max(), axis),
            "Which maximum does a row near −1000 need, if another row is near 1000?",
        ),
        M(
            "the minimum is subtracted instead of the maximum",
            lambda z, axis=-1: _naive(z - z.min(axis, keepdims=True), axis),
            "After the shift, how large can the largest exponent still be?",
        ),
        M(
            "the result is float64 whatever came in",
            lambda z, axis=-1: _soft(z.astype(np.float64), axis),
            "Which number type did the logits have, and where did it change?",
        ),
    ),
    hints=(
        "e^z over its own sum: along which axis is the sum, and does it keep its place?",
        "Nothing changes if all logits of a row are shifted by the same number. Which one helps?",
        "e = np.exp(z − z.max(axis, keepdims=True)), then e / e.sum(axis, keepdims=True).",
    ),
)

LOG_SOFTMAX = Exercise(
    name="log_softmax",
    topic="softmax",
    section=SOFTMAX[0],
    title=SOFTMAX[1],
    signature="log_softmax(z)  —  z: (N, K) → (N, K), the logarithms of the probabilities",
    points=3,
    forbidden=(
        "scipy.special.log_softmax",
        "torch.log_softmax",
        "torch.Tensor.log_softmax",
        "torch.special.log_softmax",
        "torch.nn.functional.log_softmax",
    ),
    reference=losses.log_softmax,
    others={"logsumexp": losses.logsumexp},
    cases=(
        Case("a table of logits", _table, 2),
        Case("as many rows as columns", lambda rng: (drawing.logits(rng, 3, 3),)),
        Case("rows around ±1000", lambda rng: (_far_rows(rng),), 2),
    ),
    misconceptions=(
        M(
            "the probabilities are returned without their logarithm",
            lambda z: _soft(z),
            "Can the logarithm of a probability be positive?",
        ),
        M(
            "the maximum is subtracted and nothing else",
            lambda z: z - z.max(-1, keepdims=True),
            "Do e to the power of your results sum to 1 in each row?",
        ),
        M(
            "the sum of e^z is subtracted without its logarithm",
            lambda z: z - np.exp(z).sum(-1, keepdims=True),
            "ln(a/b) = ln a − ln b. What is b here?",
        ),
        M(
            "the shift is subtracted inside the sum, but not from the logits",
            lambda z: z - np.log(np.exp(z - z.max(-1, keepdims=True)).sum(-1, keepdims=True)),
            "Two places use z. Did both get the shift?",
        ),
        M(
            "the sum runs over the rows, axis 0",
            lambda z: z - _lse(z, 0, True),
            "Rows or columns: which axis holds the classes of one sample?",
        ),
        M(
            "all entries of the table are normalised together",
            lambda z: z - np.log(np.exp(z).sum()),
            "Which sums should be 1: that of the table, or that of each row?",
        ),
        M(
            "log-sum-exp is added instead of subtracted",
            lambda z: z + _lse(z, -1, True),
            "ln(a/b): which sign has ln b?",
        ),
        M(
            "ln σ(z) is computed for each entry on its own",
            lambda z: losses.log_sigmoid(z),
            "Does your result for one class look at the other classes' logits?",
        ),
        M(
            "the maximum is added back, although it cancels",
            lambda z: z - _lse(z, -1, True) + z.max(-1, keepdims=True),
            "After shifting, is there anything left to undo?",
        ),
        M(
            "the logarithm is taken of probabilities that are rounded to 0",
            lambda z: np.log(_soft(z)),
            "ln p for p = e^−1500 is −1500. Can you get it without forming p?",
        ),
        M(
            "a small number is added inside the logarithm",
            lambda z: np.log(_soft(z) + 1e-12),
            "What do you say for a log-probability of −1500?",
        ),
        M(
            "nothing is subtracted before e^z, which overflows or vanishes",
            lambda z: z - np.log(np.exp(z).sum(-1, keepdims=True)),
            "You have written a log-sum-exp that does not overflow. Where does it fit in?",
        ),
    ),
    hints=(
        "ln(e^z_k / Σ e^z_j): the logarithm of a fraction is a difference.",
        "z − logsumexp(z). Which shape must the second have, to be subtracted from (N, K)?",
        "z − logsumexp(z)[:, None]: no probability is ever formed.",
    ),
)


def _tempered(z, T):
    return losses.softmax(z / T)


TEMPERATURE_SOFTMAX = Exercise(
    name="temperature_softmax",
    topic="softmax",
    section=SOFTMAX[0],
    title=SOFTMAX[1],
    signature="temperature_softmax(z, T)  —  z: (N, K), T: a number above 0 → (N, K)",
    points=3,
    reference=_tempered,
    cases=(
        Case("warm", lambda rng: (drawing.logits(rng, 2, 3), round(rng.uniform(1.6, 3.5), 1)), 2),
        Case("cool", lambda rng: (drawing.logits(rng, 2, 4), round(rng.uniform(0.3, 0.7), 2))),
        Case("nearly frozen", lambda rng: (1 + np.abs(drawing.logits(rng, 2, 3)), 1e-3)),
    ),
    misconceptions=(
        M(
            "the logits are multiplied by T instead of divided",
            lambda z, T: losses.softmax(z * T),
            "Should a high temperature make the distribution flatter or sharper?",
        ),
        M(
            "T is ignored",
            lambda z, T: losses.softmax(z),
            "Where does T enter your formula?",
        ),
        M(
            "the probabilities are divided by T, so that rows no longer sum to 1",
            lambda z, T: losses.softmax(z) / T,
            "Do your rows sum to 1?",
        ),
        M(
            "the probabilities are raised to 1/T, but not normalised again",
            lambda z, T: losses.softmax(z) ** (1 / T),
            "A good beginning. Do your rows sum to 1?",
        ),
        M(
            "the square root of T is used",
            lambda z, T: losses.softmax(z / np.sqrt(T)),
            "By how much should the log-odds shrink when T doubles?",
        ),
        M(
            "softmax is mixed with the uniform distribution",
            lambda z, T: losses.softmax(z) / T + (1 - 1 / T) / z.shape[1],
            "Temperature acts on the logits. What do you act on?",
        ),
        M(
            "the logarithms of the probabilities are returned",
            lambda z, T: losses.log_softmax(z / T),
            "Do your rows sum to 1?",
        ),
        M(
            "T divides the logits above, but not below, the fraction's line",
            lambda z, T: np.exp(z / T) / np.exp(z).sum(-1, keepdims=True),
            "Do your rows sum to 1?",
        ),
        M(
            "the columns are normalised, axis 0",
            lambda z, T: losses.softmax(z / T, 0),
            "Rows or columns: which axis holds the classes of one sample?",
        ),
        M(
            "no maximum is subtracted: a small T makes e^(z/T) overflow",
            lambda z, T: np.exp(z / T) / np.exp(z / T).sum(-1, keepdims=True),
            "What is e^(2/0.001)? You have written a softmax that stands it.",
        ),
    ),
    hints=(
        "What should happen as T grows: flatter, or sharper?",
        "Only the logits know about T. What is done to them before softmax?",
        "softmax(z / T), with the softmax that subtracts the maximum.",
    ),
)


ONLINE = Exercise(
    name="online_logsumexp",
    topic="softmax",
    section=SOFTMAX[0],
    title=SOFTMAX[1],
    signature="online_logsumexp(stream)  —  stream: yields arrays of logits, once → one number",
    points=3,
    reference=lambda parts: losses.logsumexp(np.concatenate(parts)),
    driver=(
        "def drive(learner, parts):\n"
        "    return learner(part for part in parts)  # can be read only once\n"
    ),
    sizes=lambda parts: {"N": sum(map(len, parts)), "K": len(parts)},
    cases=(
        Case(
            "three chunks, the largest logit in the middle",
            lambda rng: (
                [drawing.logits(rng, 3), drawing.logits(rng, 4) + 3.0, drawing.logits(rng, 2)],
            ),
            2,
        ),
        Case(
            "falling",
            lambda rng: ([drawing.logits(rng, 3) + 9 - 3 * i for i in range(4)],),
        ),
        Case(
            "rising from −1000 to 1000",
            lambda rng: (
                [drawing.logits(rng, 3) + s for s in (-1000.0, np.r_[-900, 0, 900], 1e3)],
            ),
            2,
        ),
        Case(
            "beginning with impossible outcomes (−inf)",
            lambda rng: ([np.full(2, -np.inf), drawing.logits(rng, 3)],),
        ),
        Case(
            "impossible outcomes (−inf) only",
            lambda rng: ([np.full(k, -np.inf) for k in rng.integers(1, 4, 2)],),
        ),
    ),
    misconceptions=(
        M(
            "the running sum is not rescaled when a larger maximum comes",
            lambda parts: _fold(parts, lambda m, s, x, top: (top, s + np.exp(x - top).sum())),
            "The old sum was made with e^(z − old maximum). By what must it be multiplied now?",
        ),
        M(
            "the running sum is rescaled by e^(new − old) instead of e^(old − new)",
            lambda parts: _fold(
                parts, lambda m, s, x, top: (top, s * _exp(top - m) + np.exp(x - top).sum())
            ),
            "When the maximum grows, does the old sum, in the new unit, grow or shrink?",
        ),
        M(
            "only the last chunk counts",
            lambda parts: losses.logsumexp(list(parts)[-1]),
            "What do you remember from chunk to chunk?",
        ),
        M(
            "the chunks' results are added up",
            lambda parts: float(sum(losses.logsumexp(p) for p in parts)),
            "Two chunks with result a and b: is ln(e^a + e^b) the same as a + b?",
        ),
        M(
            "the largest of the chunks' results is returned",
            lambda parts: float(max(losses.logsumexp(p) for p in parts)),
            "What do the other chunks add?",
        ),
        M(
            "the logarithm of the sum is returned without the maximum",
            lambda parts: _without_max(parts),
            "Adding 5 to every logit should add 5 to the result. Does it?",
        ),
        M(
            "the first chunk's maximum serves for all",
            lambda parts: _first_max(parts),
            "What is e^(1000 − (−1000))?",
        ),
        M(
            "no maximum is subtracted",
            lambda parts: np.log(sum(np.exp(p).sum() for p in parts)),
            "What is e^1000?",
        ),
        M(
            "−inf − (−inf) at the beginning makes nan",
            lambda parts: _fold(
                parts, lambda m, s, x, top: (top, s * np.exp(m - top) + np.exp(x - top).sum())
            ),
            "While the maximum is still −inf, by what should the sum be rescaled?",
        ),
    ),
    hints=(
        "What must be remembered of the logits so far, so that no earlier one is needed again?",
        "The largest so far, m, and the sum s of e^(z − m). What happens to s when m grows?",
        "With a chunk x: new = max(m, x.max()); s = s·e^(m − new) + Σ e^(x − new); m = new. "
        "While everything is −inf, go on to the next chunk.",
    ),
)


def _exp(x):
    with np.errstate(all="ignore"):
        return np.exp(x)


def _fold(parts, update):
    m, s = -np.inf, 0.0
    for x in parts:
        m, s = update(m, s, x, max(m, x.max()))
    return m + np.log(s)


def _first_max(parts):
    m, s = None, 0.0
    for x in parts:
        m = x.max() if m is None else m
        s += np.exp(x - m).sum()
    return m + np.log(s)


def _without_max(parts):
    z = np.concatenate(list(parts))
    return losses.logsumexp(z) - z.max()


EXERCISES = (LOGSUMEXP, SOFTMAX_EXERCISE, LOG_SOFTMAX, TEMPERATURE_SOFTMAX, ONLINE)
