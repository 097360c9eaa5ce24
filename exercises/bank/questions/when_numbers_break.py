"""Questions of the chapter “When numbers break”."""

import numpy as np

from utils.grading.questions import Choice, Number

LN2 = np.log(2)

QUESTIONS = [
    Number(
        "when-numbers-break-float32-absorbs",
        "`float32` has 24 significant bits. From which logit $z$ on is $1 + e^{-z}$ rounded to 1?",
        answer=lambda: 24 * LN2,
        wrong=[
            (
                lambda: 23 * LN2,
                "Nearly: $2^{-23}$ is the gap after 1. A sum is rounded down when the addend is "
                "at most half the gap.",
            ),
            (24.0, "Right number of bits; now turn them into a logit: $e^{-z} = 2^{-24}$."),
            (
                lambda: 128 * LN2,
                "That is where $e^z$ overflows. Here the addend gets lost beside 1.",
            ),
            (
                lambda: 150 * LN2,
                "That is where $e^{-z}$ itself becomes 0. Beside 1 it is lost much earlier.",
            ),
            (
                lambda: 24 / LN2,
                "Multiply by $\\ln 2$, not divide: $e^{-z} = 2^{-24}$ means $z = 24 \\ln 2$.",
            ),
            (
                lambda: 24 * np.log(10),
                "The bits are powers of 2, so $\\ln 2$ is the factor, not $\\ln 10$.",
            ),
        ],
        hint="Solve $e^{-z} = 2^{-24}$.",
        solution="$z = 24 \\ln 2 = 16.64$. This is where the naive loss of label 0 becomes "
        "infinite.",
    ),
    Number(
        "when-numbers-break-float8",
        "The 8-bit format E4M3 has 4 significant bits. If the naive sigmoid were computed in it, "
        "from which logit on would it say exactly 1?",
        answer=lambda: 4 * LN2,
        wrong=[
            (
                lambda: 3 * LN2,
                "The gap after 1 is $2^{-3}$, and half of it is enough for rounding down.",
            ),
            (4.0, "Right number of bits; now $e^{-z} = 2^{-4}$."),
            (
                lambda: 8 * LN2,
                "Not all 8 bits are significant: sign and exponent take the others.",
            ),
        ],
        hint="The same rule with 4 instead of 24.",
        solution="$4 \\ln 2 = 2.77$: a probability of 0.94 would be rounded to certainty. Losses "
        "are not computed in such formats.",
    ),
    Number(
        "when-numbers-break-clip",
        "Probabilities are clipped into $[10^{-6},\\ 1 - 10^{-6}]$ before the logarithm. How large "
        "can the loss of a sample be at most?",
        answer=lambda: -np.log(1e-6),
        wrong=[
            (6.0, "That is in powers of ten. $-\\ln 10^{-6} = 6 \\ln 10$."),
            (lambda: 6 * LN2, "Six powers of ten: the factor is $\\ln 10$."),
            (100.0, "100 is PyTorch’s limit in `BCELoss`. Here the clip sets the limit."),
            (1e6, "That is $1/\\delta$; the loss is a logarithm."),
            (1e-6, "That is the least loss, $-\\ln(1 - 10^{-6})$."),
        ],
        hint="Which probability of the truth is the smallest that can occur?",
        solution="$-\\ln 10^{-6} = 6 \\ln 10 = 13.8$ nats, and beyond that the gradient is 0.",
        unit="nats",
    ),
    Choice(
        "when-numbers-break-float64-helps",
        "`BCELoss(sigmoid(z))`, label 1, at $z = -40$ in `float64`. What is the gradient in $z$?",
        options=[
            (
                "$-1$, as it should be: `float64` is fine up to 709.",
                False,
                "The value is fine. The backward pass divides by at least $10^{-12}$, and "
                "$p(1-p)$ is far below.",
            ),
            (
                "About $-4 \\cdot 10^{-6}$.",
                True,
                "Yes: $-e^{-40} \\cdot 10^{12}$. The value is right and the gradient gone.",
            ),
            (
                "`nan`, because the logarithm of 0 is taken.",
                False,
                "$p = 4 \\cdot 10^{-18}$ is an ordinary `float64`, and so is its logarithm.",
            ),
            (
                "Exactly 0, because $p$ is 0.",
                False,
                "$p$ is small but not 0: near 0 `float64` is very fine.",
            ),
        ],
        hint="What does `BCELoss` divide by in its backward pass?",
        solution="$p(1-p) = 4.2 \\cdot 10^{-18}$ is divided by $10^{-12}$ instead of by itself.",
    ),
    Choice(
        "when-numbers-break-nan-to-num",
        "A network’s outputs have all become `nan`, and so has the log-likelihood of every "
        "sample. The loss is computed as `-np.nan_to_num(log_likelihood).mean()`. What does it "
        "report?",
        options=[
            ("`nan`", False, "`nan_to_num` is there to remove `nan`, and it does."),
            ("0, a perfect score", True, "Yes. That is why it must not be used to mend a loss."),
            (
                "A huge number",
                False,
                "That is what infinities become: $1.8 \\cdot 10^{308}$. `nan` becomes "
                "something else.",
            ),
        ],
        hint="What does `nan_to_num` put in the place of `nan`?",
        solution="`nan` becomes 0, so a dead network looks perfect.",
    ),
    Number(
        "when-numbers-break-tail",
        "Two classes, the right one ahead by 17. In `float32`, `F.cross_entropy` says 0. What is "
        "the true loss, in units of $10^{-8}$ nats?",
        answer=lambda: np.log1p(np.exp(-17.0)) * 1e8,
        wrong=[
            (0.0, "That is what `float32` says. The true loss is $\\ln(1 + e^{-17})$."),
            (
                lambda: np.log1p(np.exp(-17.0)),
                "That is the loss. In units of $10^{-8}$ nats, the power of ten is left out.",
            ),
            (17e8, "That would be the loss if the other class were right."),
            (
                lambda: np.exp(-17.0) / LN2 * 1e8,
                "That is in bits. In nats it is smaller by the factor $\\ln 2$.",
            ),
        ],
        hint="$\\ln(1 + u) \\approx u$ for tiny $u$.",
        solution="$\\ln(1 + e^{-17}) \\approx e^{-17} = 4.14 \\cdot 10^{-8}$ nats.",
        unit="· 10⁻⁸ nats",
    ),
]
