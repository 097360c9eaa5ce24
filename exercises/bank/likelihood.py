"""Likelihood and information: what a coin costs, what a distribution has to say."""

import numpy as np

from exercises.bank import drawing
from utils import losses
from utils.grading.model import Case, Exercise
from utils.grading.model import Misconception as M

COIN = ("chapters/foundations/coin_flips", "From coin flips to binary cross-entropy")
SURPRISE = ("chapters/foundations/surprise", "Surprise")


def _flips(rng, n, heads):
    """`heads` ones among `n` flips, shuffled."""
    return rng.permutation((np.arange(n) < heads).astype(np.int64))


def _flips_nll(theta, y):
    return -np.mean(y * np.log(theta) + (1 - y) * np.log(1 - theta))


def _swapped(theta, y):
    y = np.clip(y, 1e-12, 1 - 1e-12)
    return -np.mean(theta * np.log(y) + (1 - theta) * np.log(1 - y))


BERNOULLI_NLL = Exercise(
    name="bernoulli_nll",
    topic="likelihood",
    section=COIN[0],
    title=COIN[1],
    signature="bernoulli_nll(theta, y)  —  theta: one probability, y: (N,) of 0 and 1 → mean, nats",
    points=4,
    forbidden=("torch.nn.functional.binary_cross_entropy",),
    reference=_flips_nll,
    cases=(
        Case("seven flips", lambda rng: (round(rng.uniform(0.6, 0.85), 2), _flips(rng, 7, 4)), 2),
        Case("a rare event", lambda rng: (round(rng.uniform(0.02, 0.06), 3), _flips(rng, 9, 2))),
        Case(
            "2000 flips, whose likelihood is below the smallest number",
            lambda rng: (round(rng.uniform(0.3, 0.4), 2), _flips(rng, 2000, 900)),
        ),
    ),
    misconceptions=(
        M(
            "only the ones contribute",
            lambda theta, y: -np.mean(y * np.log(theta)),
            "What does a zero cost if theta is 0.99? Your formula says nothing.",
        ),
        M(
            "only the ones contribute, and the mean runs over them alone",
            lambda theta, y: -np.sum(y * np.log(theta)) / np.sum(y),
            "How many flips are there, and how many did you use?",
        ),
        M(
            "ones and zeros are exchanged",
            lambda theta, y: -np.mean((1 - y) * np.log(theta) + y * np.log(1 - theta)),
            "Of which outcome is theta the probability?",
        ),
        M(
            "the likelihood itself is returned, without the logarithm",
            lambda theta, y: np.prod(theta**y * (1.0 - theta) ** (1 - y)),
            "What happens to a product of 2000 numbers below 1 in floating point?",
        ),
        M(
            "the logarithm is taken of the whole product, which is 0 in floating point by then",
            lambda theta, y: -np.log(np.prod(theta**y * (1.0 - theta) ** (1 - y))) / len(y),
            "The logarithm of a product is a sum. Which of the two stays representable?",
        ),
        M(
            "the logarithm is taken of the mean probability",
            lambda theta, y: -np.log(np.mean(theta**y * (1.0 - theta) ** (1 - y))),
            "Which comes first for independent flips: the logarithm or the mean?",
        ),
        M(
            "the squared error is computed",
            lambda theta, y: np.mean((theta - y) ** 2),
            "Where is the logarithm?",
        ),
        M(
            "the entropy of theta is returned, which does not look at the flips",
            lambda theta, y: -(theta * np.log(theta) + (1 - theta) * np.log(1 - theta)),
            "Where do the flips enter your formula?",
        ),
        M(
            "flips and probability are exchanged inside and outside the logarithm",
            _swapped,
            "What is the logarithm of a flip that is 0?",
        ),
        M(
            "the share of flips on the wrong side of one half is counted",
            lambda theta, y: np.mean((theta > 0.5) != y),
            "Should theta = 0.51 and theta = 0.99 cost the same?",
        ),
    ),
    hints=(
        "What probability does the coin give to a single flip, for y = 1 and for y = 0?",
        "Take minus the logarithm of it for each flip. How do you write both cases in one line?",
        "Minus the mean of y·ln θ + (1 − y)·ln(1 − θ).",
    ),
)


def _inside(q):
    """q without its zeros, for wrong answers that would only say nan."""
    return np.where(q > 0, q, 1)


ENTROPY = Exercise(
    name="entropy",
    topic="likelihood",
    section=SURPRISE[0],
    title=SURPRISE[1],
    signature="entropy(q)  —  q: (K,) probabilities, adding up to 1 → one number, nats",
    points=4,
    forbidden=("scipy.stats.entropy", "scipy.special.entr", "torch.special.entr"),
    reference=losses.entropy,
    sizes=lambda q: {"K": len(q)},
    cases=(
        Case("four outcomes", lambda rng: (drawing.distribution(rng, 4),), 2),
        Case("seven outcomes", lambda rng: (drawing.distribution(rng, 7),)),
        Case(
            "an outcome that never happens",
            lambda rng: (rng.permutation(np.r_[drawing.distribution(rng, 4), 0.0]),),
            2,
        ),
        Case("certainty", lambda rng: (rng.permutation([1.0, 0.0, 0.0]),)),
    ),
    misconceptions=(
        M(
            "the surprises are added up without their probabilities",
            lambda q: -np.sum(np.log(_inside(q))),
            "How often does each surprise happen?",
        ),
        M(
            "the mean over the outcomes is taken instead of the expectation",
            lambda q: -np.mean(np.where(q > 0, q * np.log(_inside(q)), 0)),
            "The probabilities are weights already. What does another division by K do?",
        ),
        M(
            "the result is divided by ln K, which makes 1 of a uniform distribution",
            lambda q: -np.sum(np.where(q > 0, q * np.log(_inside(q)), 0)) / np.log(len(q)),
            "How many nats does a fair die have?",
        ),
        M(
            "the perplexity exp(H) is returned",
            lambda q: np.exp(-np.sum(np.where(q > 0, q * np.log(_inside(q)), 0))),
            "What should certainty give, 0 or 1?",
        ),
        M(
            "a term (1 − q) ln(1 − q) is added for each outcome",
            lambda q: (
                -np.sum(
                    np.where(q > 0, q * np.log(_inside(q)), 0)
                    + np.where(q < 1, (1 - q) * np.log(np.where(q < 1, 1 - q, 1)), 0)
                )
            ),
            "Two outcomes need both terms. With four, which outcomes does 1 − q stand for?",
        ),
        M(
            "1 − Σq² is computed, the Gini impurity",
            lambda q: 1 - np.sum(q**2),
            "Where is the logarithm?",
        ),
        M(
            "only the most probable outcome counts",
            lambda q: -np.log(np.max(q)),
            "An expectation is over all outcomes. Which did you use?",
        ),
        M(
            "the probabilities are squared as weights",
            lambda q: -np.sum(np.where(q > 0, q**2 * np.log(_inside(q)), 0)),
            "With which weight does the surprise −ln q happen?",
        ),
        M(
            "0 · ln 0 is left to floating point, which says nan",
            lambda q: -np.sum(q * np.log(q)),
            "What does an outcome that never happens add to an average?",
        ),
        M(
            "a small number is added inside the logarithm, which changes right answers",
            lambda q: -np.sum(q * np.log(q + 1e-3)),
            "How large is your entropy of certainty? It should be exactly 0.",
        ),
    ),
    hints=(
        "The entropy is the mean of −ln q. Mean with which weights?",
        "Σ q·(−ln q). Which term is a problem when an outcome has probability 0?",
        "Leave the zeros out: q = q[q > 0], then −Σ q·ln q.",
    ),
)


def _log(q):
    with np.errstate(all="ignore"):
        return np.log(q)


def _kl(q, p):
    return losses.kl_divergence(q, p)


def _two(rng, k):
    return drawing.distribution(rng, k), drawing.distribution(rng, k)


def _middle(q, p):
    m = (q + p) / 2
    return 0.5 * _kl(q, m) + 0.5 * _kl(p, m)


KL_DIVERGENCE = Exercise(
    name="kl_divergence",
    topic="likelihood",
    section=SURPRISE[0],
    title=SURPRISE[1],
    signature="kl_divergence(q, p)  —  q, p: (K,) probabilities → KL(q‖p), one number, nats",
    points=4,
    forbidden=(
        "scipy.stats.entropy",
        "scipy.special.rel_entr",
        "scipy.special.kl_div",
        "torch.nn.functional.kl_div",
    ),
    reference=_kl,
    sizes=lambda q, p: {"K": len(q)},
    cases=(
        Case("three outcomes", lambda rng: _two(rng, 3), 2),
        Case("five outcomes", lambda rng: _two(rng, 5)),
        Case(
            "an outcome that q never gives",
            lambda rng: (np.r_[drawing.distribution(rng, 3), 0.0], drawing.distribution(rng, 4)),
            2,
        ),
        Case(
            "an outcome that p holds impossible: infinite",
            lambda rng: (drawing.distribution(rng, 3), np.r_[drawing.distribution(rng, 2), 0.0]),
        ),
    ),
    misconceptions=(
        M(
            "q and p are exchanged: that is KL(p‖q)",
            lambda q, p: _kl(p, q),
            "Which of the two distributions generates the outcomes, and so is the weight?",
        ),
        M(
            "the cross-entropy H(q, p) is returned, without taking the entropy of q off",
            lambda q, p: -np.sum(np.where(q > 0, q * _log(p), 0)),
            "What should come out when p equals q?",
        ),
        M(
            "the mean over the outcomes is taken, as PyTorch's reduction='mean' does it",
            lambda q, p: _kl(q, p) / len(q),
            "q weighs the terms already. What does another division by K do?",
        ),
        M(
            "both directions are added",
            lambda q, p: _kl(q, p) + _kl(p, q),
            "Is the divergence you are asked for symmetric?",
        ),
        M(
            "the mean of both directions is taken",
            lambda q, p: (_kl(q, p) + _kl(p, q)) / 2,
            "Is the divergence you are asked for symmetric?",
        ),
        M(
            "both are compared with their mean (the Jensen–Shannon divergence)",
            _middle,
            "Which two distributions stand in the ratio?",
        ),
        M(
            "the difference of the two entropies is computed",
            lambda q, p: losses.entropy(p) - losses.entropy(q),
            "Both logarithms are weighed with the same distribution. Which one?",
        ),
        M(
            "the absolute value of each log-ratio is taken",
            lambda q, p: np.sum(np.where(q > 0, q * np.abs(_log(q) - _log(p)), 0)),
            "May a single term be negative?",
        ),
        M(
            "the logarithm of p is forgotten, as when F.kl_div is given probabilities",
            lambda q, p: np.sum(np.where(q > 0, q * (_log(q) - p), 0)),
            "The ratio q/p becomes a difference of two logarithms. Did you take both?",
        ),
        M(
            "the log-ratios are added up without their weights",
            lambda q, p: np.sum(_log(q / p)),
            "How often does each log-ratio happen under q?",
        ),
        M(
            "the distance Σ|q − p| is computed",
            lambda q, p: np.sum(np.abs(q - p)),
            "Where is the logarithm?",
        ),
        M(
            "0 · ln 0 is left to floating point, which says nan",
            lambda q, p: np.sum(q * np.log(q / p)),
            "What does an outcome that q never gives add to an average over q?",
        ),
        M(
            "nan_to_num turns the infinite divergence into a finite number",
            lambda q, p: np.sum(np.nan_to_num(q * np.log(q / p))),
            "If p holds impossible what q gives, how large is the surprise?",
        ),
    ),
    hints=(
        "It is the mean, under q, of how much more surprised p is than q. Write that difference.",
        "Σ q·(ln q − ln p). Which terms may be left out, which may not?",
        "Keep the entries with q > 0 only: q, p = q[q > 0], p[q > 0]. ln 0 = −inf then does right.",
    ),
)

EXERCISES = (BERNOULLI_NLL, ENTROPY, KL_DIVERGENCE)
