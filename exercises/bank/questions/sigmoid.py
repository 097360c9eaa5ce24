"""Questions of the chapter “Sigmoid and softplus”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import sigmoid, softplus

QUESTIONS = [
    Number(
        "sigmoid-probability",
        "A model’s logit for “spam” is $z = -1.5$. How probable does it think spam is?",
        answer=lambda: sigmoid(-1.5),
        wrong=[
            (
                lambda: sigmoid(1.5),
                "That is $\\sigma(1.5)$, the probability of the other outcome. A negative logit "
                "means odds below 1, so a probability below one half.",
            ),
            (
                lambda: np.exp(-1.5),
                "That is $e^{-1.5}$, the odds. A probability is odds divided by 1 + odds.",
            ),
            (
                lambda: np.tanh(-1.5),
                "That is $\\tanh(-1.5)$, which runs from $-1$ to 1. The sigmoid is "
                "$(1 + \\tanh(z/2))/2$.",
            ),
            (
                lambda: (1 + np.tanh(-1.5)) / 2,
                "Nearly: $\\tanh$ needs $z/2$, not $z$. This is $\\sigma(-3)$.",
            ),
        ],
        hint="What are the odds, and how do odds become a probability?",
        solution="$\\sigma(-1.5) = 1/(1 + e^{1.5}) = 1/5.482 = 0.182$.",
    ),
    Number(
        "sigmoid-slope-at-2",
        "How steep is the sigmoid at $z = 2$?",
        answer=lambda: sigmoid(2.0) * sigmoid(-2.0),
        wrong=[
            (
                lambda: sigmoid(2.0),
                "That is $\\sigma(2)$ itself, the slope of softplus. What is the slope of "
                "$\\sigma$?",
            ),
            (0.25, "$1/4$ is the slope at $z = 0$, the steepest point. At 2 it is less."),
            (
                lambda: sigmoid(2.0) * (1 + sigmoid(2.0)),
                "The second factor is $1 - \\sigma(z)$, not $1 + \\sigma(z)$.",
            ),
            (
                lambda: np.exp(-2.0) / (1 + np.exp(-2.0)),
                "That is only $\\sigma(-2)$; multiply it by $\\sigma(2)$.",
            ),
            (
                lambda: -sigmoid(2.0) * sigmoid(-2.0),
                "The size is right, but the sigmoid rises everywhere: two minus signs cancel.",
            ),
        ],
        hint="$\\sigma' = p(1 - p)$. What is $p$ at $z = 2$?",
        solution="$p = \\sigma(2) = 0.8808$, so the slope is $0.8808 \\cdot 0.1192 = 0.105$.",
    ),
    Number(
        "sigmoid-softplus-at-minus-3",
        "How large is $\\mathrm{softplus}(-3) = \\ln(1 + e^{-3})$?",
        answer=lambda: softplus(-3.0),
        wrong=[
            (
                lambda: softplus(3.0),
                "That is $\\mathrm{softplus}(3)$. The two differ by exactly 3: "
                "$\\mathrm{softplus}(z) = z + \\mathrm{softplus}(-z)$.",
            ),
            (
                lambda: -softplus(-3.0),
                "Right size, wrong sign: softplus is the logarithm of a number above 1, so it "
                "is positive.",
            ),
            (
                lambda: softplus(-3.0) / np.log(2),
                "That is in bits (base 2). This book uses the natural logarithm.",
            ),
            (
                lambda: np.log10(1 + np.exp(-3.0)),
                "That is the logarithm to base 10. Here $\\ln$ is meant.",
            ),
            (
                lambda: np.exp(-3.0),
                "That is $e^{-3}$: close for very negative $z$, but the logarithm takes a "
                "little off.",
            ),
        ],
        rtol=0.003,
        hint="$e^{-3} \\approx 0.0498$.",
        solution="$\\ln(1.0498) = 0.0486$: slightly less than $e^{-3}$, as $\\ln(1+u) < u$.",
    ),
    Choice(
        "sigmoid-which-form",
        "In `float64`, which expression gives $-\\ln\\sigma(40) \\approx 4.2 \\cdot 10^{-18}$ with "
        "all its digits?",
        options=[
            (
                "`-np.log(1 / (1 + np.exp(-40.0)))`",
                False,
                "$1 + e^{-40}$ is rounded to 1 (absorption), so this is $-\\ln 1 = 0$.",
            ),
            (
                "`np.log(1 + np.exp(-40.0))`",
                False,
                "Better arranged, but $1 + e^{-40}$ is still rounded to 1: the result is 0.",
            ),
            (
                "`np.log1p(np.exp(-40.0))`",
                True,
                "Yes: `log1p` never forms the sum $1 + e^{-40}$.",
            ),
            (
                "`np.log1p(np.exp(40.0)) - 40.0`",
                False,
                "Equal in mathematics, but it subtracts 40 from 40: cancellation, and 0 remains.",
            ),
        ],
        hint="What happens when $4 \\cdot 10^{-18}$ is added to 1?",
        solution="`log1p(u)` computes $\\ln(1 + u)$ without adding 1 to a tiny $u$.",
    ),
]
