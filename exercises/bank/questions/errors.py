"""Questions of the chapter “Errors, loud and silent”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import bce, cross_entropy, softmax

SURE = np.array([[40.0] + [0.0] * 19])  # a model that is sure of the right one of 20 classes
P, T = np.array([0.9, 0.2]), np.array([1.0, 0.0])

QUESTIONS = [
    Number(
        "errors-floor",
        "A network for 20 classes ends in a softmax, and its outputs go into "
        "`F.cross_entropy`. How small can the loss get, in nats?",
        answer=lambda: cross_entropy(softmax(SURE), [0]),
        wrong=[
            (
                0.0,
                "That is the least loss for logits. Which is the largest number that a softmax "
                "puts out, and which the smallest?",
            ),
            (
                lambda: np.log(20),
                "That is the loss at the start, when all classes are equally probable. The floor "
                "is somewhat lower.",
            ),
            (
                lambda: np.log(1 + 20 / np.e),
                "Nearly. How many of the 20 classes are wrong ones?",
            ),
            (
                lambda: np.log(np.e + 19),
                "That is the largest loss: all probability on a wrong class. Give the right class "
                "the 1 and the others the 0.",
            ),
            (
                lambda: np.log(1 + 19 * np.e),
                "Check the sign in the exponent: dividing numerator and denominator by $e^1$ "
                "leaves $e^{-1}$ for each wrong class.",
            ),
        ],
        unit="nats",
        hint="The best inputs are 1 for the right class and 0 for the 19 others. Take the softmax "
        "of these.",
        solution="As logits, 1 and nineteen times 0 give the right class the probability "
        "$e/(e+19)$. Its surprise is $\\ln(1 + 19/e) \\approx 2.078$ nats, and no training gets "
        "below it.",
    ),
    Choice(
        "errors-which-target",
        "The logits have the shape `(8, 3, 16, 16)`: eight images, three classes. Which target is "
        "accepted as class indices?",
        options=[
            (
                "Long, `(8, 16, 16)`",
                True,
                "The shape of the logits without axis 1, integers: one class for each pixel.",
            ),
            (
                "Long, `(8, 1, 16, 16)`",
                False,
                "A mask with a channel axis, as image libraries load it. The class axis is to be "
                "left out, not to have length 1: message 14.",
            ),
            (
                "Long, `(8, 3, 16, 16)`",
                False,
                "This shape means probabilities, and these are floating: message 4.",
            ),
            (
                "Float, `(8, 16, 16)`",
                False,
                "The shape is right, but one cannot look something up with a float: message 1.",
            ),
        ],
        solution="Leave out the class axis, keep all others, use Long: `(8, 16, 16)`.",
    ),
    Number(
        "errors-start",
        "A classifier of 10 classes has small random weights. Which loss do you expect, in nats, "
        "before the first step of training?",
        answer=lambda: cross_entropy(np.zeros((1, 10)), [0]),
        wrong=[
            (
                0.0,
                "That would be a model that is sure and right. This one knows nothing yet: what "
                "probability does it give to each class?",
            ),
            (
                lambda: np.log2(10),
                "Right in bits; PyTorch’s losses are in nats.",
            ),
            (
                lambda: np.log(2),
                "That is the start for two classes. Here there are ten.",
            ),
            (0.1, "That is the probability of each class. What is its surprise?"),
            (0.9, "That is the expected error rate. The loss is the surprise of the right class."),
        ],
        unit="nats",
        hint="All logits are nearly equal, so all probabilities are nearly $1/10$.",
        solution="$-\\ln\\frac{1}{10} = \\ln 10 \\approx 2.303$ nats.",
    ),
    Number(
        "errors-pairs",
        "Probabilities $(0.9,\\ 0.2)$ as a column, labels $(1,\\ 0)$ as a row, and a mean over "
        "what broadcasting makes of them. Which loss comes out, in nats?",
        answer=lambda: bce(np.repeat(P, 2), np.tile(T, 2)),
        wrong=[
            (
                lambda: bce(P, T),
                "That is the right loss, of each probability with its own label. The shapes "
                "`(2, 1)` and `(2,)` make four pairs.",
            ),
            (
                lambda: bce(np.repeat(P, 2), np.tile(T, 2), reduction="sum"),
                "The four pairs are right. Take their mean.",
            ),
            (
                lambda: bce(P, 1 - T),
                "These are the two wrong pairs only. The mean is over all four.",
            ),
        ],
        unit="nats",
        hint="Four pairs: 0.9 with label 1, 0.9 with 0, 0.2 with 1, 0.2 with 0.",
        solution="$-\\frac14(\\ln 0.9 + \\ln 0.1 + \\ln 0.2 + \\ln 0.8) \\approx 1.060$ nats, "
        "instead of 0.164.",
    ),
]
