"""Questions of the chapter “The losses in NumPy”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import cross_entropy, logsumexp, softmax

P = np.array([0.1, 0.8, 0.1])
Q = np.array([0.0, 1.0, 0.0])
Z = np.array([[2.0, 0.5, 1.0]])

QUESTIONS = [
    Number(
        "losses-one-choice",
        "A model gives three classes the probabilities $(0.1,\\ 0.8,\\ 0.1)$. The second one is "
        "true. How large is the cross-entropy?",
        answer=lambda: -np.log(P[1]),
        wrong=[
            (
                lambda: -(Q * np.log(P) + (1 - Q) * np.log(1 - P)).sum(),
                "You added the binary losses of all classes. One choice among three is one "
                "event: only the probability of the true class counts.",
            ),
            (lambda: np.log(P[1]), "Right size, wrong sign: a loss is minus the logarithm."),
            (
                lambda: -np.log2(P[1]),
                "That is in bits. PyTorch and this book use the natural logarithm.",
            ),
            (
                lambda: -np.log(P[1]) / 3,
                "You averaged over the three classes. The mean is over samples, and there "
                "is one here.",
            ),
            (
                lambda: cross_entropy(P[None], np.array([1])),
                "You treated the probabilities as logits: softmax was applied twice.",
            ),
            (lambda: 1 - P[1], "That is $1 - p$, the missing probability. Take $-\\ln p$."),
        ],
        hint="Minus the logarithm of the probability given to what is true.",
        solution="$-\\ln 0.8 = 0.223$ nats.",
        unit="nats",
    ),
    Number(
        "losses-from-logits",
        "Logits $(2,\\ 0.5,\\ 1)$; the true class is the last, index 2. How large is the loss?",
        answer=lambda: cross_entropy(Z, np.array([2])),
        wrong=[
            (
                lambda: cross_entropy(Z, np.array([1])),
                "You took the second class. Index 2 is the third: code counts from 0.",
            ),
            (
                lambda: cross_entropy(Z, np.array([0])),
                "You took the first class, the one with the largest logit. The loss asks for the "
                "true class.",
            ),
            (
                lambda: logsumexp(Z)[0],
                "That is the log-sum-exp; subtract the logit of the true class.",
            ),
            (
                lambda: -softmax(Z)[0, 2],
                "That is $-p$; the logarithm is missing.",
            ),
            (
                lambda: softmax(Z)[0, 2],
                "That is the probability of the true class. Take minus its logarithm.",
            ),
            (
                lambda: cross_entropy(softmax(Z), np.array([2])),
                "You applied softmax twice.",
            ),
            (
                lambda: cross_entropy(Z, np.array([2])) / np.log(2),
                "That is in bits; in nats it is smaller by the factor $\\ln 2$.",
            ),
        ],
        hint="$e^2 + e^{0.5} + e^1 = 11.756$.",
        solution="$\\ln 11.756 - 1 = 2.464 - 1 = 1.464$ nats.",
        unit="nats",
    ),
    Number(
        "losses-mean-with-ignored",
        "Four words, the last one padding: losses $1.2,\\ 0.6,\\ 0.3,\\ 2.9$, labels "
        "$5,\\ 1,\\ 7,\\ -100$ with `ignore_index=-100`. What is the mean loss?",
        answer=lambda: np.mean([1.2, 0.6, 0.3]),
        wrong=[
            (
                lambda: np.mean([1.2, 0.6, 0.3, 2.9]),
                "The ignored word is still in. Leave its loss out.",
            ),
            (
                lambda: np.sum([1.2, 0.6, 0.3]) / 4,
                "The sum is right, but the mean divides by the words that count, which are 3.",
            ),
            (lambda: np.sum([1.2, 0.6, 0.3]), "That is the sum. Divide by the words that count."),
        ],
        hint="What does the mean divide by?",
        solution="$(1.2 + 0.6 + 0.3)/3 = 0.7$ nats.",
        unit="nats",
    ),
    Number(
        "losses-knows-nothing",
        "A freshly made network for 10 classes gives all of them the same logit. What is its loss?",
        answer=lambda: np.log(10),
        wrong=[
            (0.0, "Equal logits are not a perfect answer: each class gets probability $1/10$."),
            (0.1, "That is the probability of the true class. Take minus its logarithm."),
            (0.9, "That is the missing probability, $1 - 1/10$. Take $-\\ln(1/10)$."),
            (lambda: np.log2(10), "That is in bits; $\\ln 10$ is asked."),
            (1.0, "That is the logarithm to base 10. The natural logarithm is meant."),
            (
                lambda: -10 * (0.1 * np.log(0.1) + 0.9 * np.log(0.9)),
                "You added binary losses over all classes.",
            ),
        ],
        hint="How probable is each class?",
        solution="$-\\ln(1/10) = \\ln 10 = 2.303$ nats. A first loss far from $\\ln K$ is a "
        "warning.",
        unit="nats",
    ),
    Choice(
        "losses-segmentation-shapes",
        "A network labels each pixel of 8 pictures, 32\u00a0×\u00a048 each, with one of 21 "
        "classes. Which shapes do logits and class indices have?",
        options=[
            (
                "logits `(8, 21, 32, 48)`, labels `(8, 32, 48)`",
                True,
                "Yes: classes on axis 1, and the labels have every axis but that one.",
            ),
            (
                "logits `(8, 32, 48, 21)`, labels `(8, 32, 48)`",
                False,
                "Here the classes are last. Move them to axis 1 first: `permute(0, 3, 1, 2)`.",
            ),
            (
                "logits `(8, 21, 32, 48)`, labels `(8, 1, 32, 48)`",
                False,
                "Index labels lose the class axis altogether; drop it with `squeeze(1)`.",
            ),
            (
                "logits `(8, 21, 32, 48)`, labels `(8, 21, 32, 48)`",
                False,
                "That shape is for probabilities, one distribution a pixel, not for indices.",
            ),
        ],
        hint="An index replaces the class axis.",
        solution="Logits `(N, K, d1, d2)`, labels `(N, d1, d2)`.",
    ),
    Choice(
        "losses-fancy-index",
        "`log_p` has shape `(4, 3)` and `y` has shape `(4,)`. What does `log_p[:, y]` give?",
        options=[
            (
                "A `(4,)` array, one entry a row.",
                False,
                "That is `log_p[np.arange(4), y]`. A colon means “all rows”, for every label.",
            ),
            (
                "A `(4, 4)` array: for every row, the columns named by all four labels.",
                True,
                "Yes, and its mean is a plausible number: nothing warns.",
            ),
            (
                "An error, since 4 labels do not fit 3 classes.",
                False,
                "Four labels are four requests for a column; repeating a column is allowed.",
            ),
        ],
        hint="The colon keeps all rows. How many columns are asked for?",
        solution="Each sample is judged by everybody’s labels; only the diagonal is right.",
    ),
]
