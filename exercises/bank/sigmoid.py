"""The sigmoid family: one logit, from the sigmoid to binary cross-entropy with pos_weight."""

import numpy as np

from exercises.bank import drawing
from utils import losses
from utils.grading.model import Case, Exercise, Misconception

STABLE = "chapters/from_scratch/sigmoid"
COIN = "chapters/foundations/coin_flips"


def _sigmoid(z):
    return losses.sigmoid(np.asarray(z, dtype=float))


def _softplus(z):
    return losses.softplus(np.asarray(z, dtype=float))


def _extreme(rng):
    return np.array([-1000.0, -720.0, -40.0, 40.0, 720.0, 1000.0]) + rng.integers(0, 5)


SIGMOID = Exercise(
    name="sigmoid",
    topic="sigmoid",
    section=STABLE,
    title="Sigmoid and softplus",
    signature="sigmoid(z)  —  z: array of any shape → array of the same shape and dtype",
    points=4,
    forbidden=(
        "scipy.special.expit",
        "torch.sigmoid",
        "torch.Tensor.sigmoid",
        "torch.special.expit",
    ),
    reference=losses.sigmoid,
    cases=(
        Case("ordinary logits", lambda rng: (drawing.logits(rng, 5),), 2),
        Case("a table of logits", lambda rng: (drawing.logits(rng, 2, 3),)),
        Case(
            "logits of ±1000",
            lambda rng: (_extreme(rng),),
            2,
            atol=1e-300,  # below that, libraries differ
        ),
        Case(
            "float32 logits, float32 out",
            lambda rng: (drawing.logits(rng, 4).astype(np.float32),),
            dtype=True,
            rtol=1e-5,
        ),
    ),
    misconceptions=(
        Misconception(
            "the exponent has the wrong sign, which gives σ(−z)",
            lambda z: 1 / (1 + np.exp(z)),
            "Should a large positive logit mean a probability near 1 or near 0?",
        ),
        Misconception(
            "the numerator is e^(−z) where 1 should stand",
            lambda z: np.exp(-z) / (1 + np.exp(-z)),
            "Put in z = 5: is your fraction nearer to 0 or to 1?",
        ),
        Misconception(
            "1/1 is divided first: `1/1 + np.exp(-z)` is `1 + np.exp(-z)`",
            lambda z: 1 / 1 + np.exp(-z),
            "Which of the two, division or addition, does Python do first without brackets?",
        ),
        Misconception(
            "tanh stands for the sigmoid (they are related, not equal: σ(z) = (1 + tanh(z/2))/2)",
            lambda z: np.tanh(z),
            "Between which two values does your function lie, and between which two should it?",
        ),
        Misconception(
            "tanh(z) stands where tanh(z/2) is needed",
            lambda z: (1 + np.tanh(z)) / 2,
            "How steep is the sigmoid at 0, and how steep is your function there?",
        ),
        Misconception(
            "powers of 2 are taken instead of powers of e",
            lambda z: 1 / (1 + 2.0 ** (-z)),
            "Which base makes the log-odds of σ(z) equal to z?",
        ),
        Misconception(
            "a straight line with ends cut off (the “hard sigmoid”) replaces the curve",
            lambda z: np.clip(z / 6 + 0.5, 0, 1),
            "Can a logit of 4 mean exactly probability 1?",
        ),
        Misconception(
            "the derivative σ(z)(1 − σ(z)) is returned instead of σ(z)",
            lambda z: _sigmoid(z) * (1 - _sigmoid(z)),
            "What should come out at z = 0: one half or one quarter?",
        ),
        Misconception(
            "the entries are normalised against each other: that is a softmax over the array",
            lambda z: np.exp(z) / np.sum(np.exp(z)),
            "If one logit changes, should the other samples' probabilities change?",
        ),
        Misconception(
            "the logit is only compared with 0",
            lambda z: (z > 0).astype(float),
            "Which information about z is lost in your answer?",
        ),
        Misconception(
            "e^z / (1 + e^z) is used for large z as well, where it is inf/inf",
            lambda z: np.exp(z) / (1 + np.exp(z)),
            "What is e^1000 in float64? Which form never raises e to a large positive power?",
        ),
        Misconception(
            "z is clipped to ±30 first, which changes right answers",
            lambda z: 1 / (1 + np.exp(-np.clip(z, -30, 30))),
            "σ(−40) is 4.2e−18, not 9.4e−14. Can overflow be avoided without touching z?",
        ),
    ),
    hints=(
        "For z ≥ 0 the textbook form is safe. What goes wrong for z = −1000?",
        "Multiply numerator and denominator by e^z: which form do you get, and when is it safe?",
        "Compute e = np.exp(-np.abs(z)), which never overflows. Then σ(z) is 1/(1+e) where z ≥ 0 "
        "and e/(1+e) elsewhere: np.where chooses.",
    ),
)

SOFTPLUS = Exercise(
    name="softplus",
    topic="sigmoid",
    section=STABLE,
    title="Sigmoid and softplus",
    signature="softplus(z)  —  z: array of any shape → ln(1 + e^z), same shape",
    points=3,
    forbidden=("scipy.special.softplus", "torch.nn.functional.softplus"),
    reference=losses.softplus,
    cases=(
        Case("ordinary logits", lambda rng: (drawing.logits(rng, 5),), 2),
        Case(
            "logits of ±800",
            lambda rng: (0.8 * _extreme(rng),),
            atol=0,
        ),
        Case(
            "tiny results kept",
            lambda rng: (np.array([-40.0, -30.0, -20.0]) - rng.integers(0, 3),),
            atol=0,
        ),
    ),
    misconceptions=(
        Misconception(
            "the sign of z is flipped: that is −ln σ(z)",
            lambda z: np.log1p(np.exp(-z)),
            "Should the function grow to the right or to the left?",
        ),
        Misconception(
            "ln σ(z) is returned: sign of z and sign of the result are both flipped",
            lambda z: -np.log1p(np.exp(-z)),
            "Can ln(1 + something positive) be negative?",
        ),
        Misconception(
            "max(z, 0) alone is returned: the corner is not rounded off",
            lambda z: np.maximum(z, 0),
            "What is ln(1 + e^0)?",
        ),
        Misconception(
            "the part max(z, 0) is forgotten",
            lambda z: np.log1p(np.exp(-np.abs(z))),
            "For z = 1000 the result should be about 1000. Where does that come from?",
        ),
        Misconception(
            "the absolute value in the exponent is missing",
            lambda z: np.maximum(z, 0) + np.log1p(np.exp(-z)),
            "Which correction do you add for z = −3, and how large should it be?",
        ),
        Misconception(
            "the exponent is +|z| where −|z| is meant",
            lambda z: np.maximum(z, 0) + np.log1p(np.exp(np.abs(z))),
            "Is the correction to max(z, 0) large or small for large |z|?",
        ),
        Misconception(
            "min stands where max is meant",
            lambda z: np.minimum(z, 0) + np.log1p(np.exp(-np.abs(z))),
            "Which of z and 0 does ln(1 + e^z) approach for large z?",
        ),
        Misconception(
            "the logarithm is to base 2",
            lambda z: np.log2(1 + np.exp(z)),
            "Which logarithm undoes e^z?",
        ),
        Misconception(
            "e^z itself is formed, which overflows from z = 710 on",
            lambda z: np.log1p(np.exp(z)),
            "ln(1 + e^z) for z = 800 is 800. Which factor can you pull out of 1 + e^z?",
        ),
        Misconception(
            "1 + e^z is formed and its logarithm taken: overflow on one side, 0 on the other",
            lambda z: np.log(1 + np.exp(z)),
            "What is 1 + 1e−18 in float64? NumPy has a function for ln(1 + u) with tiny u.",
        ),
        Misconception(
            "1 + e^−|z| is formed before the logarithm, which rounds tiny results to 0",
            lambda z: np.maximum(z, 0) + np.log(1 + np.exp(-np.abs(z))),
            "NumPy has a function for ln(1 + u) that never adds 1 to a tiny u. Which?",
        ),
    ),
    hints=(
        "For which z does e^z overflow, and for which is 1 + e^z rounded to 1?",
        "1 + e^z = e^z (e^−z + 1). Take the logarithm: for which z is this the better form?",
        "Both forms are max(z, 0) + ln(1 + e^−|z|); np.log1p computes ln(1 + u).",
    ),
)

LOG_SIGMOID = Exercise(
    name="log_sigmoid",
    topic="sigmoid",
    section=STABLE,
    title="Sigmoid and softplus",
    signature="log_sigmoid(z)  —  z: array of any shape → ln σ(z), same shape",
    points=3,
    forbidden=("scipy.special.log_expit", "torch.nn.functional.logsigmoid"),
    reference=losses.log_sigmoid,
    cases=(
        Case("ordinary logits", lambda rng: (drawing.logits(rng, 5),), 2),
        Case(
            "logits of ±800",
            lambda rng: (0.8 * _extreme(rng),),
            atol=0,
        ),
        Case(
            "sure and right: −e^−z kept",
            lambda rng: (np.array([38.0, 45.0]) + rng.random(),),
            atol=0,
        ),
    ),
    misconceptions=(
        Misconception(
            "the sigmoid is returned without its logarithm",
            lambda z: _sigmoid(z),
            "Can the logarithm of a probability be positive?",
        ),
        Misconception(
            "the minus is missing: that is −ln σ(z)",
            lambda z: np.log1p(np.exp(-z)),
            "A probability is at most 1. Which sign has its logarithm?",
        ),
        Misconception(
            "softplus(z) stands where −softplus(−z) is needed",
            lambda z: _softplus(z),
            "Two signs separate softplus from ln σ. Which?",
        ),
        Misconception(
            "ln σ(−z) = ln(1 − σ(z)) is computed",
            lambda z: -_softplus(z),
            "Which of the two outcomes does σ(z) stand for?",
        ),
        Misconception(
            "the logarithm is to base 2",
            lambda z: np.log2(_sigmoid(z)),
            "Which unit is wanted, nats or bits?",
        ),
        Misconception(
            "the derivative σ(−z) of ln σ(z) is returned",
            lambda z: _sigmoid(-z),
            "Value or slope: which did the task ask for?",
        ),
        Misconception(
            "the logarithm is taken of σ(z), which is 0 for very negative z and 1 for large z",
            lambda z: np.log(_sigmoid(z)),
            "ln σ(−800) is −800. Can you get it without ever forming σ(−800)?",
        ),
        Misconception(
            "a small constant is added inside the logarithm",
            lambda z: np.log(_sigmoid(z) + 1e-12),
            "What does your function say for z = −100, and what should it say?",
        ),
    ),
    hints=(
        "ln σ(z) = −ln(1 + e^−z). Which function have you just written?",
        "It is softplus with two signs changed.",
        "ln σ(z) = −softplus(−z): −(max(−z, 0) + log1p(e^−|z|)).",
    ),
)


def _bce(p, y):
    p, y = np.asarray(p, float), np.asarray(y, float)
    with np.errstate(all="ignore"):
        terms = np.where(y > 0, y * np.log(p), 0) + np.where(y < 1, (1 - y) * np.log(1 - p), 0)
    return -terms.mean()


def _clipped(p, y, low):
    q = np.clip(p, low, 1 - low)
    return -np.mean(y * np.log(q) + (1 - y) * np.log(1 - q))


def _raw(p, y):
    return y * np.log(p) + (1 - y) * np.log(1 - p)


BCE = Exercise(
    name="bce",
    topic="sigmoid",
    section=COIN,
    title="From coin flips to binary cross-entropy",
    signature="bce(p, y)  —  p: probabilities, y: labels in [0, 1], equal shapes → mean",
    points=4,
    forbidden=("torch.nn.functional.binary_cross_entropy", "sklearn.metrics.log_loss"),
    reference=_bce,
    sizes=lambda p, y: {"N": y.size},
    cases=(
        Case(
            "soft labels",
            lambda rng: (drawing.probabilities(rng, 5), drawing.soft_labels(rng, 5)),
            2,
        ),
        Case(
            "a table",
            lambda rng: (
                drawing.probabilities(rng, 6).reshape(2, 3),
                drawing.soft_labels(rng, 6).reshape(2, 3),
            ),
        ),
        Case(
            "perfect predictions: 0 · ln 0 counts as 0",
            lambda rng: (np.array([1.0, 0.0, 0.7]), np.array([1.0, 0.0, rng.integers(0, 2)])),
        ),
        Case(
            "a tiny probability for what happened",
            lambda rng: (np.array([1e-9, 0.5, 1e-12]) * (1 + rng.random()), np.array([1.0, 0, 1])),
        ),
        Case(
            "probability 0 for what happened: infinite",
            lambda rng: (np.array([0.0, 0.5]), np.array([1.0, rng.integers(0, 2)])),
        ),
    ),
    misconceptions=(
        Misconception(
            "only the samples with label 1 contribute",
            lambda p, y: -np.mean(y * np.log(p)),
            "What does a sample with label 0 and p = 0.9 cost in your formula?",
        ),
        Misconception(
            "only the samples with label 0 contribute",
            lambda p, y: -np.mean((1 - y) * np.log(1 - p)),
            "What does a sample with label 1 and p = 0.1 cost in your formula?",
        ),
        Misconception(
            "ln p stands in both terms",
            lambda p, y: -np.mean(y * np.log(p) + (1 - y) * np.log(p)),
            "How probable is label 0, if label 1 has probability p?",
        ),
        Misconception(
            "the labels 0 and 1 are exchanged",
            lambda p, y: -np.mean((1 - y) * np.log(p) + y * np.log(1 - p)),
            "Of which of the two labels is p the probability?",
        ),
        Misconception(
            "labels and probabilities are exchanged",
            lambda p, y: (
                -np.mean(
                    p * np.log(np.clip(y, 1e-12, 1)) + (1 - p) * np.log(np.clip(1 - y, 1e-12, 1))
                )
            ),
            "Which of the two stands inside the logarithm?",
        ),
        Misconception(
            "the second term is subtracted instead of added",
            lambda p, y: -np.mean(y * np.log(p) - (1 - y) * np.log(1 - p)),
            "Both terms are log-probabilities. Why would one count against the other?",
        ),
        Misconception(
            "a sigmoid is applied to what is a probability already",
            lambda p, y: -np.mean(_raw(_sigmoid(p), y)),
            "Are the p you are given logits or probabilities?",
        ),
        Misconception(
            "the mean squared error is computed",
            lambda p, y: np.mean((p - y) ** 2),
            "Where is the logarithm?",
        ),
        Misconception(
            "the logarithm is taken of the mixture y p + (1−y)(1−p)",
            lambda p, y: -np.mean(np.log(y * p + (1 - y) * (1 - p))),
            "For soft labels: is the logarithm of a mean the mean of the logarithms?",
        ),
        Misconception(
            "0 · ln 0 is left to floating point, which says nan",
            lambda p, y: -np.mean(_raw(p, y)),
            "If y = 0, the term y ln p has no say. How do you keep nan out of the sum?",
        ),
        Misconception(
            "nan_to_num replaces the infinite loss by a huge finite number, or by 0",
            lambda p, y: -np.mean(np.nan_to_num(_raw(p, y))),
            "Which of your two special cases is truly 0, and which is truly infinite?",
        ),
        Misconception(
            "p is clipped to [1e−7, 1 − 1e−7], which changes right answers",
            lambda p, y: _clipped(p, y, 1e-7),
            "What is −ln(1e−9)? What do you return for p = 1e−9?",
        ),
        Misconception(
            "1e−7 is added inside the logarithms",
            lambda p, y: -np.mean(y * np.log(p + 1e-7) + (1 - y) * np.log(1 - p + 1e-7)),
            "What do you return for p = 1e−9 and label 1? Is it −ln(1e−9)?",
        ),
        Misconception(
            "the logarithms are limited to −100, as PyTorch's BCELoss does it",
            lambda p, y: (
                -np.mean(
                    y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log(1 - p), -100)
                )
            ),
            "The task wants the mathematical value. How large is −ln 0?",
        ),
    ),
    hints=(
        "Write down the probability that the model gave to what happened, for y = 1 and for y = 0.",
        "Minus the logarithm of that, weighted by y and 1 − y, then the mean over all entries.",
        "Take each logarithm only where its weight is not 0: np.where(y > 0, …) with a harmless 1 "
        "put in for p elsewhere, or scipy.special.xlogy(y, p).",
    ),
)


def _with_logits(z, y, pos_weight=1.0):
    return np.mean(pos_weight * y * _softplus(-z) + (1 - y) * _softplus(z))


BCE_WITH_LOGITS = Exercise(
    name="bce_with_logits",
    topic="sigmoid",
    section=COIN,
    title="From coin flips to binary cross-entropy",
    signature=(
        "bce_with_logits(z, y, pos_weight=1.0)  —  z: logits, y: labels in [0, 1], equal shapes → "
        "mean, one number; pos_weight multiplies the loss of label 1"
    ),
    points=4,
    forbidden=("torch.nn.functional.binary_cross_entropy_with_logits",),
    reference=_with_logits,
    cases=(
        Case(
            "ordinary logits",
            lambda rng: (drawing.logits(rng, 5), drawing.soft_labels(rng, 5)),
            2,
        ),
        Case(
            "pos_weight",
            lambda rng: (drawing.logits(rng, 5), drawing.soft_labels(rng, 5), 3.5),
            2,
        ),
        Case(
            "logits of ±1000 on the wrong side",
            lambda rng: (
                np.array([40.0, -40.0, 1000.0, -1000.0]) + rng.random(),
                np.array([0.0, 1.0, 0.0, 1.0]),
            ),
            2,
            atol=0,
        ),
        Case(
            "sure and right: tiny losses kept",
            lambda rng: (np.array([40.0, -41.0]) + rng.random(), np.array([1.0, 0.0])),
            atol=0,
        ),
    ),
    misconceptions=(
        Misconception(
            "the sigmoid is applied twice",
            lambda z, y, pos_weight=1.0: _with_logits(_sigmoid(z), y, pos_weight),
            "What does your softplus receive: the logit or a probability?",
        ),
        Misconception(
            "the labels 0 and 1 are exchanged",
            lambda z, y, pos_weight=1.0: _with_logits(z, 1 - y, pos_weight),
            "With label 1, should a large logit cost much or little?",
        ),
        Misconception(
            "the sign of y z is flipped",
            lambda z, y, pos_weight=1.0: np.mean(
                _softplus(z) + y * z
                if pos_weight == 1
                else y * pos_weight * _softplus(z) + (1 - y) * _softplus(z)
            ),
            "Softplus(z) − y z or softplus(z) + y z: which is small for z = 5, y = 1?",
        ),
        Misconception(
            "only the samples with label 1 contribute",
            lambda z, y, pos_weight=1.0: np.mean(pos_weight * y * _softplus(-z)),
            "What does a sample with label 0 and logit 3 cost in your formula?",
        ),
        Misconception(
            "the formula ln(1 + e^(−yz)) for labels −1 and 1 is used with labels 0 and 1",
            lambda z, y, pos_weight=1.0: np.mean(np.log1p(np.exp(-y * z))),
            "What does your formula say for y = 0, whatever z is?",
        ),
        Misconception(
            "logits and labels are exchanged",
            lambda z, y, pos_weight=1.0: _with_logits(y, z, pos_weight),
            "Which of the two goes through the sigmoid?",
        ),
        Misconception(
            "the squared error behind a sigmoid is computed",
            lambda z, y, pos_weight=1.0: np.mean((_sigmoid(z) - y) ** 2),
            "Where is the logarithm?",
        ),
        Misconception(
            "pos_weight is ignored",
            lambda z, y, pos_weight=1.0: _with_logits(z, y),
            "Where does the third argument enter?",
        ),
        Misconception(
            "pos_weight weighs label 0 instead of label 1",
            lambda z, y, pos_weight=1.0: np.mean(
                y * _softplus(-z) + pos_weight * (1 - y) * _softplus(z)
            ),
            "Which label is the positive one?",
        ),
        Misconception(
            "pos_weight weighs both labels",
            lambda z, y, pos_weight=1.0: pos_weight * _with_logits(z, y),
            "Should a sample with label 0 cost more when pos_weight grows?",
        ),
        Misconception(
            "the sum is divided by the sum of the weights instead of the number of entries",
            lambda z, y, pos_weight=1.0: (
                np.sum(pos_weight * y * _softplus(-z) + (1 - y) * _softplus(z))
                / np.sum(pos_weight * y + 1 - y)
            ),
            "What does “mean” divide by in BCEWithLogitsLoss?",
        ),
        Misconception(
            "pos_weight multiplies the logit",
            lambda z, y, pos_weight=1.0: _with_logits(pos_weight * z, y),
            "Should pos_weight change the prediction, or what it costs?",
        ),
        Misconception(
            "pos_weight multiplies y in softplus(z) − y z, a form that no longer holds then",
            lambda z, y, pos_weight=1.0: np.mean(_softplus(z) - pos_weight * y * z),
            "Start from y·softplus(−z) + (1−y)·softplus(z). Which term gets the weight?",
        ),
        Misconception(
            "the loss goes through probabilities, which are rounded to 0 and 1",
            lambda z, y, pos_weight=1.0: (
                -np.mean(pos_weight * y * np.log(_sigmoid(z)) + (1 - y) * np.log(1 - _sigmoid(z)))
            ),
            "At logit 40, what is 1 − σ(z) in float64? Which form needs no probability?",
        ),
        Misconception(
            "ln(1 + e^z) is formed directly, which overflows",
            lambda z, y, pos_weight=1.0: np.mean(
                pos_weight * y * np.log(1 + np.exp(-z)) + (1 - y) * np.log(1 + np.exp(z))
            ),
            "You have written a softplus that does not overflow. Where does it fit in?",
        ),
        Misconception(
            "probabilities are clipped to [1e−7, 1 − 1e−7]",
            lambda z, y, pos_weight=1.0: (
                lambda p: -np.mean(pos_weight * y * np.log(p) + (1 - y) * np.log(1 - p))
            )(np.clip(_sigmoid(z), 1e-7, 1 - 1e-7)),
            "At logit 40 and label 0 the loss is 40. What is the largest your formula can say?",
        ),
        Misconception(
            "softplus(z) − y z is used, which cancels for sure and right predictions",
            lambda z, y, pos_weight=1.0: (
                np.mean(_softplus(z) - y * z) if pos_weight == 1 else _with_logits(z, y, pos_weight)
            ),
            "What is 40.000000000000000004 − 40 in float64? Which form adds positive terms only?",
        ),
    ),
    hints=(
        "−ln σ(z) and −ln(1 − σ(z)) are both values of softplus. Of which arguments?",
        "The loss of one sample is y·softplus(−z) + (1 − y)·softplus(z).",
        "pos_weight multiplies the first of the two terms and nothing else; then np.mean.",
    ),
)

EXERCISES = (SIGMOID, SOFTPLUS, LOG_SIGMOID, BCE, BCE_WITH_LOGITS)
