"""Questions of the chapter “BCELoss and BCEWithLogitsLoss”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import sigmoid

P = np.array([0.8, 0.9, 0.4])  # given to what happened; labels 0, 0, 1; pos_weight 5
C = np.array([1.0, 1.0, 5.0])
L = -np.log(P)

QUESTIONS = [
    Number(
        "binary-losses-pos-weight-mean",
        "Three samples with labels 0, 0, 1 get the probabilities $p = 0.2,\\ 0.1,\\ 0.4$. What "
        "does `BCEWithLogitsLoss` with `pos_weight=5` return?",
        answer=lambda: (C * L).mean(),
        wrong=[
            (
                lambda: (C * L).sum() / C.sum(),
                "You divided by $1 + 1 + 5$. That is what `CrossEntropyLoss` does with class "
                "weights; the binary losses divide by the number of elements.",
            ),
            (lambda: L.mean(), "That is the mean without `pos_weight`."),
            (lambda: (C * L).sum(), "That is the sum. The default reduction is the mean."),
            (lambda: (5 * L).mean(), "You multiplied all samples. Which label is positive?"),
            (
                lambda: (np.array([5, 5, 1]) * L).mean(),
                "You weighted the negatives. `pos_weight` belongs to label 1.",
            ),
            (
                lambda: (-C * np.log([0.2, 0.1, 0.4])).mean(),
                "For label 0 the probability of what happened is $1 - p$.",
            ),
        ],
        hint="Multiply one loss by 5, add, and count the samples.",
        solution="$(0.2231 + 0.1054 + 5 \\cdot 0.9163)/3 = 4.9100/3 = 1.6367$ nats.",
        unit="nats",
    ),
    Number(
        "binary-losses-clamped",
        "Four samples with label 0 have logits $0,\\ 0,\\ 50,\\ 50$ in `float32`. Which mean does "
        "`F.binary_cross_entropy(torch.sigmoid(z), y)` return?",
        answer=lambda: (2 * np.log(2) + 200) / 4,
        wrong=[
            (
                lambda: (2 * np.log(2) + 100) / 4,
                "Right for a loss from logits, about 50 each. Here the sigmoid is rounded to 1, "
                "and what does `BCELoss` make of $\\ln 0$?",
            ),
            (
                lambda: np.log(2) / 2,
                "The two large logits are wrong answers: their loss is not 0.",
            ),
            (
                lambda: 2 * np.log(2) + 200,
                "That is the sum. The default reduction is the mean.",
            ),
            (
                100.0,
                "That is the loss of one saturated sample. The two at even odds cost "
                "$\\ln 2$ each.",
            ),
        ],
        hint="$\\sigma(50)$ is 1 in `float32`, and the logarithm is clamped at $-100$.",
        solution="$(\\ln 2 + \\ln 2 + 100 + 100)/4 = 50.347$ nats. From logits it would be 25.347.",
        unit="nats",
    ),
    Number(
        "binary-losses-shift-back",
        "A model trained with `pos_weight=4` gives a case $p = 0.5$. Which probability should "
        "be reported for it?",
        answer=0.2,
        wrong=[
            (
                0.125,
                "You divided the probability by 4. It is the odds that are divided.",
            ),
            (0.8, "The wrong way round: the model was made to overrate positives."),
            (0.25, "1 to 4 are the odds. The probability is one part of five."),
            (0.5, "That is what the model says, for a world with four times as many positives."),
            (
                lambda: sigmoid(-4.0),
                "You subtracted 4 from the logit. Subtract $\\ln 4$.",
            ),
        ],
        hint="Odds of 1 to 1, divided by 4.",
        solution="Odds $1/4$, so $p = \\frac{1}{1 + 4} = 0.2$; the same as $\\sigma(0 - \\ln 4)$.",
    ),
    Choice(
        "binary-losses-which",
        "A network tags pictures: any number of 20 tags may apply at once. It ends with "
        "`nn.Linear(512, 20)`. Which loss fits?",
        options=[
            (
                "`BCEWithLogitsLoss` on the outputs",
                True,
                "Yes: 20 separate yes-or-no questions, answered by logits.",
            ),
            (
                "`BCELoss` on the outputs",
                False,
                "The outputs are any real numbers; `BCELoss` refuses everything outside $[0, 1]$.",
            ),
            (
                "`CrossEntropyLoss` on the outputs",
                False,
                "Its softmax makes the tags compete: it fits when exactly one of them applies.",
            ),
            (
                "`BCELoss` on a softmax of the outputs",
                False,
                "It runs, but the 20 probabilities add to 1, so two tags can never both be "
                "certain.",
            ),
        ],
        hint="May two answers be yes at the same time? And are the outputs probabilities?",
        solution="Independent tags: one sigmoid each, and that sigmoid belongs inside the loss.",
    ),
]
