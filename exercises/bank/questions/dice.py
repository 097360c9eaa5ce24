"""Questions of the chapter “From dice to cross-entropy”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import bce, cross_entropy

P = np.array([0.2, 0.7, 0.1])
HOT = np.array([0.0, 1.0, 0.0])
SOFT = np.array([0.25, 0.5, 0.25])
TABLE = np.array([[0.5, 0.3, 0.2], [0.1, 0.6, 0.3]])

QUESTIONS = [
    Number(
        "dice-one-sample",
        "Three classes, $p = (0.2, 0.7, 0.1)$, and the second is right. What is the cross-entropy?",
        answer=lambda: -np.log(0.7),
        wrong=[
            (
                lambda: bce(P, HOT, reduction="sum"),
                "You added the binary losses of all classes. One die, not three coins: only the "
                "right class counts.",
            ),
            (
                lambda: bce(P, HOT),
                "That is the mean of three binary losses. One die, not three coins.",
            ),
            (lambda: -np.log(0.7) / np.log(2), "Right in bits; the book counts in nats."),
            (
                lambda: -np.log(0.7) / 3,
                "One sample has one loss: nothing is divided by the number of classes.",
            ),
            (lambda: np.log(0.7), "Right but for the sign."),
            (lambda: -np.log(0.2), "That is the loss if the first class were right."),
            (
                lambda: cross_entropy(P[None], np.array([1])),
                "You put the probabilities through a softmax again, as if they were logits.",
            ),
            (0.3, "That is $1 - p_y$. The loss is the negative logarithm of $p_y$."),
        ],
        unit="nats",
        hint="The exponents of the other classes are 0, and their factors are 1.",
        solution=f"$-\\ln 0.7 = {-np.log(0.7):.4f}$ nats. How the rest is shared plays no part.",
    ),
    Number(
        "dice-batch",
        "The model gives two samples the rows $(0.5, 0.3, 0.2)$ and $(0.1, 0.6, 0.3)$; their class "
        "indices, counted from 0, are 2 and 1. What is the mean cross-entropy?",
        answer=lambda: -np.log(TABLE[[0, 1], [2, 1]]).mean(),
        wrong=[
            (
                lambda: -np.log(TABLE[[0, 1], [2, 1]]).sum(),
                "That is the sum of the two losses. The mean divides by the number of samples.",
            ),
            (
                lambda: -np.log(TABLE[[0, 1], [1, 0]]).mean(),
                "You counted the classes from 1. In code the first class has index 0.",
            ),
            (
                lambda: -np.log(TABLE[[0, 1], [2, 1]]).sum() / 6,
                "That divides by all six entries of the table. There are two samples.",
            ),
            (
                lambda: -np.log(TABLE.max(axis=1)).mean(),
                "That takes the most probable class of each row instead of the right one.",
            ),
            (
                lambda: -np.log(TABLE[[0, 1], [2, 1]].mean()),
                "That is the logarithm of the mean probability. The mean comes after the "
                "logarithm, because the likelihoods multiply.",
            ),
            (
                lambda: -np.log(TABLE[[0, 1], [2, 1]]).mean() / np.log(2),
                "Right in bits; the book counts in nats.",
            ),
        ],
        unit="nats",
        hint="Index 2 is the third entry of the first row.",
        solution="$-\\frac12(\\ln 0.2 + \\ln 0.6) = "
        f"{-np.log(TABLE[[0, 1], [2, 1]]).mean():.4f}$ nats.",
    ),
    Number(
        "dice-two-logits",
        "Two classes with the logits $z_1 = 1$ and $z_2 = 3$. What probability does the softmax "
        "give to the second class?",
        answer=lambda: 1 / (1 + np.exp(-2.0)),
        wrong=[
            (
                lambda: 1 / (1 + np.exp(-3.0)),
                "That is $\\sigma(z_2)$. The other logit counts too: what is the sigmoid taken of?",
            ),
            (lambda: 1 / (1 + np.exp(2.0)), "That is the probability of the first class."),
            (
                lambda: 3 / 4,
                "That divides the logits by their sum. The exponential comes first.",
            ),
            (
                lambda: 1 / (1 + np.exp(-4.0)),
                "That is the sigmoid of the sum of the logits. Which combination is unchanged "
                "when both grow by the same amount?",
            ),
            (
                lambda: np.exp(2.0),
                "That is $e^{z_2 - z_1}$, the odds. A probability is below 1.",
            ),
        ],
        hint="Divide numerator and denominator by $e^{z_2}$.",
        solution=f"$\\sigma(3 - 1) = \\sigma(2) = {1 / (1 + np.exp(-2.0)):.4f}$.",
    ),
    Choice(
        "dice-which-loss",
        "A picture can show a cat, a dog, both, or neither. A model is to say which of the two "
        "animals are there. Which loss fits?",
        options=[
            (
                "A softmax over two classes and cross-entropy",
                False,
                "Softmax probabilities sum to 1: this model could never say “both” or “neither”.",
            ),
            (
                "A sigmoid for each animal and the binary loss of each",
                True,
                "Yes: two coins, each with its own probability. This is multi-label.",
            ),
            (
                "A sigmoid for each animal and cross-entropy over the two",
                False,
                "Cross-entropy of a one-hot row has no term for an animal that is absent; with "
                "separate sigmoids, saying “yes” to everything would cost nothing.",
            ),
            (
                "The index of the animal as a number, and squared error",
                False,
                "Numbering animals puts an order on them that is not there, and one number cannot "
                "say “both”.",
            ),
        ],
        solution="Any number of right answers: one sigmoid and one binary loss for each.",
    ),
]


def soft_loss():
    return -(SOFT * np.log(P)).sum()


QUESTIONS.append(
    Number(
        "dice-soft-target",
        "Annotators disagree: the target is $q = (0.25, 0.5, 0.25)$. The model says "
        "$p = (0.2, 0.7, 0.1)$. What is the loss?",
        answer=soft_loss,
        wrong=[
            (
                lambda: -np.log(0.7),
                "That is the loss for the most probable class of the target. The other half of "
                "the target is thrown away.",
            ),
            (
                lambda: soft_loss() + (SOFT * np.log(SOFT)).sum(),
                "That is the divergence $\\mathrm{KL}(q\\Vert p)$: the entropy of the target has "
                "been taken off.",
            ),
            (
                lambda: -(P * np.log(SOFT)).sum(),
                "Target and model are exchanged. Which of them is inside the logarithm?",
            ),
            (lambda: soft_loss() / 3, "That divides by the number of classes."),
            (
                lambda: bce(P, SOFT, reduction="sum"),
                "You added the binary losses of all classes.",
            ),
            (
                lambda: -np.log((SOFT * P).sum()),
                "That is the logarithm of a mean of probabilities. The logarithm comes first.",
            ),
            (lambda: soft_loss() / np.log(2), "Right in bits; the book counts in nats."),
            (lambda: -(SOFT * np.log(SOFT)).sum(), "That is the entropy of the target."),
        ],
        unit="nats",
        hint="Three terms, each a share of the target times the surprise of the model.",
        solution=f"$-0.25\\ln 0.2 - 0.5\\ln 0.7 - 0.25\\ln 0.1 = {soft_loss():.4f}$ nats.",
    )
)
