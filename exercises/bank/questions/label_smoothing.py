"""Questions of the chapter “Label smoothing”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import entropy, smooth_targets

P = np.array([0.6, 0.2, 0.1, 0.1])  # by hand: K = 4, label 0, epsilon = 0.2


def by_hand(on, off):
    return -(np.array([on, off, off, off]) * np.log(P)).sum()


QUESTIONS = [
    Number(
        "label-smoothing-by-hand",
        "Four classes, label 0, $p = (0.6,\\ 0.2,\\ 0.1,\\ 0.1)$. What does "
        "`F.cross_entropy` with `label_smoothing=0.2` return?",
        answer=lambda: by_hand(0.85, 0.05),
        wrong=[
            (
                lambda: by_hand(0.8, 0.2 / 3),
                "That is the other convention, $1 - \\varepsilon$ and $\\varepsilon/(K-1)$. "
                "PyTorch gives every class $\\varepsilon/K$, the right one too.",
            ),
            (
                lambda: by_hand(0.8, 0.05),
                "The target must add to 1: the right class also gets its share $\\varepsilon/K$.",
            ),
            (lambda: -np.log(0.6), "That is the loss without smoothing."),
            (lambda: -0.8 * np.log(0.6), "The wrong classes have a share now, too."),
            (
                lambda: -np.log(0.8 * 0.6 + 0.05),
                "You smoothed the prediction. It is the target that is smoothed.",
            ),
            (lambda: by_hand(0.85, 0.05) / np.log(2), "Right, but in bits."),
            (lambda: by_hand(0.85, 0.05) / 4, "You averaged over the classes. They are added."),
        ],
        hint="The target is $(0.85,\\ 0.05,\\ 0.05,\\ 0.05)$.",
        solution="$0.85 \\cdot 0.511 + 0.05\\,(1.609 + 2.303 + 2.303) = 0.434 + 0.311 = 0.745$ "
        "nats.",
        unit="nats",
    ),
    Number(
        "label-smoothing-gap",
        "Five classes and `label_smoothing=0.4` in PyTorch. By how much should the right logit "
        "lead each of the others?",
        answer=lambda: np.log(1 + 5 * 0.6 / 0.4),
        wrong=[
            (
                lambda: np.log(4 * 0.6 / 0.4),
                "That is the best gap of the other convention, $\\varepsilon/(K-1)$.",
            ),
            (
                lambda: np.log(5 * 0.6 / 0.4),
                "The right class also gets the share $\\varepsilon/K$: the 1 inside the "
                "logarithm is missing.",
            ),
            (
                lambda: np.log(1 + 4 * 0.6 / 0.4),
                "A mixture of the two conventions: $K$ with the 1, or $K - 1$ without it.",
            ),
            (
                8.5,
                "That is the ratio of the two probabilities. The gap is its logarithm.",
            ),
            (
                lambda: np.log(0.68 / 0.32),
                "That is the log-odds of the right class against all others together. The gap "
                "is to one of the four.",
            ),
            (
                lambda: entropy(smooth_targets(0, 5, 0.4)),
                "That is the least loss, the entropy of the target.",
            ),
        ],
        hint="How likely is the right class in the target, and how likely is one wrong class?",
        solution="$\\ln(0.68 / 0.08) = \\ln 8.5 = 2.140$.",
    ),
    Number(
        "label-smoothing-convert",
        "A program gives the right class $1 - \\varepsilon'$ and each other class "
        "$\\varepsilon'/(K-1)$, with $\\varepsilon' = 0.15$ and $K = 4$. Which `label_smoothing` "
        "makes PyTorch’s loss equal?",
        answer=lambda: 0.15 * 4 / 3,
        wrong=[
            (
                lambda: 0.15 * 3 / 4,
                "The wrong way round: PyTorch returns a share to the right class, so its "
                "$\\varepsilon$ must be the larger one.",
            ),
            (0.15, "Equal numbers give different targets: 0.85 here, 0.8875 in PyTorch."),
            (
                0.05,
                "That is the share of one wrong class, $\\varepsilon'/(K-1)$. In PyTorch it is "
                "$\\varepsilon/K$.",
            ),
        ],
        hint="Make the share of one wrong class equal.",
        solution="$\\varepsilon/4 = 0.15/3 = 0.05$, so $\\varepsilon = 0.2$.",
    ),
    Choice(
        "label-smoothing-compare",
        "Ten classes. Model A, trained without smoothing, ends with training loss 0.05. Model B, "
        "trained with `label_smoothing=0.1`, ends with training loss 0.55. What follows?",
        options=[
            (
                "A is better.",
                False,
                "The losses differ in their target. What is the least value that B’s loss can "
                "have?",
            ),
            (
                "B has not been trained enough.",
                False,
                "Its loss cannot fall below the entropy of the smoothed target, 0.500 here. It "
                "is nearly there.",
            ),
            (
                "Nothing: compare them by accuracy and by the plain loss on new data.",
                True,
                "Yes. B’s floor is 0.500, A’s is 0.",
            ),
            (
                "B is better calibrated.",
                False,
                "Its confidence is lower. Whether that is nearer the truth depends on how often "
                "it is right.",
            ),
        ],
        hint="The least smoothed loss is an entropy.",
        solution="The two numbers are measured with different yardsticks.",
    ),
]
