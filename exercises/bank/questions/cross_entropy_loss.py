"""Questions of the chapter “CrossEntropyLoss, and what its mean divides by”."""

import numpy as np

from utils.grading.questions import Choice, Number

P = np.array([0.8, 0.5, 0.4])  # given to the labels 0, 0, 1
W = np.array([1.0, 1.0, 6.0])  # the weights of these labels; classes weigh (1, 6)
L = -np.log(P)

KEPT = -np.log(np.array([0.5, 0.25]))

SHARES = np.array([0.9, 0.1])
WEIGHTS = np.array([1.0, 9.0 / 2])

QUESTIONS = [
    Number(
        "cross-entropy-loss-weighted-mean",
        "Two classes with weights $(1, 6)$. Three samples with labels 0, 0, 1 get "
        "$p_y = 0.8,\\ 0.5,\\ 0.4$. What does `CrossEntropyLoss(weight)` with its default "
        "reduction return?",
        answer=lambda: (W * L).sum() / W.sum(),
        wrong=[
            (
                lambda: (W * L).mean(),
                "The sum is right, the divisor is not: you divided by the 3 samples. With "
                "class indices, how much do they weigh together?",
            ),
            (
                lambda: (W * L).sum() / 7,
                "You divided by $1 + 6$, the weights of the classes. Class 0 occurs twice "
                "here: add the weight of every sample.",
            ),
            (lambda: L.mean(), "That is the mean without weights."),
            (lambda: (W * L).sum(), "That is the weighted sum. The default is a mean."),
            (
                lambda: (W * L).sum() / W.sum() / np.log(2),
                "The right number in bits. PyTorch’s logarithms are natural.",
            ),
        ],
        hint="Count class-1 samples six times, above and below the fraction bar.",
        solution="The samples weigh $1 + 1 + 6 = 8$ together: "
        "$(0.2231 + 0.6931 + 6 \\cdot 0.9163)/8 = 6.4140/8 = 0.8018$ nats.",
        unit="nats",
    ),
    Number(
        "cross-entropy-loss-ignored",
        "A sentence of five tokens: two words, which get $p_y = 0.5$ and $0.25$, and three "
        "padding tokens labelled $-100$. What is the mean loss?",
        answer=lambda: KEPT.mean(),
        wrong=[
            (
                lambda: KEPT.sum() / 5,
                "You divided by all five tokens. Padding would make every loss smaller; what "
                "does not count in the sum must not count in the divisor.",
            ),
            (lambda: KEPT.sum(), "That is the sum of the two. Divide by the number kept."),
            (
                lambda: KEPT.mean() / np.log(2),
                "That is the right mean in bits. PyTorch’s logarithms are natural.",
            ),
            (
                lambda: -np.log(0.375),
                "You took the logarithm of the mean probability. Average the losses.",
            ),
        ],
        hint="How many tokens count?",
        solution="$(\\ln 2 + \\ln 4)/2 = 1.5 \\ln 2 = 1.040$ nats.",
        unit="nats",
    ),
    Number(
        "cross-entropy-loss-soft-weights",
        "Class weights $(1, 6)$, and one sample with the probability target $(0.5, 0.5)$ and "
        "$p = (0.8, 0.2)$. What does `F.cross_entropy` return?",
        answer=lambda: 0.5 * -np.log(0.8) + 6 * 0.5 * -np.log(0.2),
        wrong=[
            (
                lambda: (0.5 * -np.log(0.8) + 3 * -np.log(0.2)) / 3.5,
                "You divided by the weight of the target, $0.5 \\cdot 1 + 0.5 \\cdot 6$. With "
                "probability targets the divisor is the number of samples.",
            ),
            (
                lambda: (0.5 * -np.log(0.8) + 3 * -np.log(0.2)) / 7,
                "You divided by the sum of the class weights. With probability targets the "
                "divisor is the number of samples.",
            ),
            (
                lambda: 0.5 * -np.log(0.8) + 0.5 * -np.log(0.2),
                "That is the loss without weights.",
            ),
            (
                lambda: -np.log(0.8) - 6 * np.log(0.2),
                "You left out the target: each class also carries its probability 0.5.",
            ),
        ],
        hint="$\\sum_k w_k q_k (-\\ln p_k)$, divided by the number of samples.",
        solution="$-1 \\cdot 0.5 \\ln 0.8 - 6 \\cdot 0.5 \\ln 0.2 = 0.1116 + 4.8283 = 4.9399$ "
        "nats. One sample, so the divisor is 1.",
        unit="nats",
    ),
    Number(
        "cross-entropy-loss-learnt-share",
        "Ten in a hundred patients who look alike are ill. A model is trained with weights "
        "$(1,\\ 4.5)$ for healthy and ill. Which probability of illness does it learn for them?",
        answer=lambda: SHARES[1] * WEIGHTS[1] / (SHARES * WEIGHTS).sum(),
        wrong=[
            (
                0.1,
                "That is the true share, which a model without weights learns. In which "
                "world are the ill 4.5 times as many?",
            ),
            (
                0.45,
                "You multiplied by 4.5 but did not divide: the two must add to 1 again.",
            ),
            (
                0.5,
                "The weight 9 would give one half. Here the weight is 4.5.",
            ),
            (
                lambda: 4.5 / 5.5,
                "That uses the weights only. Multiply each by the share of its class.",
            ),
            (
                lambda: (0.1 / 4.5) / (0.9 + 0.1 / 4.5),
                "You divided by the weight. A heavier class counts as more frequent.",
            ),
        ],
        hint="$p_k$ is proportional to $w_k \\pi_k$.",
        solution="$0.1 \\cdot 4.5 / (0.9 \\cdot 1 + 0.1 \\cdot 4.5) = 0.45 / 1.35 = 1/3$.",
    ),
    Choice(
        "cross-entropy-loss-sequence-shape",
        "A language model returns `out` of shape `(N, L, K)`: N texts, L tokens, K words. The "
        "labels `words` have shape `(N, L)`. Which call is right?",
        options=[
            (
                "`F.cross_entropy(out, words)`",
                False,
                "Axis 1 is taken for the classes. For $L \\ne K$ this is refused; for $L = K$ it "
                "is silently wrong.",
            ),
            (
                "`F.cross_entropy(out.transpose(1, 2), words)`",
                True,
                "Yes: now the classes are on axis 1, and the labels have the remaining axes.",
            ),
            (
                "`F.cross_entropy(out.reshape(N, K, L), words)`",
                False,
                "The shape is right and no error comes, but `reshape` does not exchange axes: it "
                "mixes words and positions. `transpose` exchanges them.",
            ),
            (
                "`F.cross_entropy(torch.softmax(out, -1).transpose(1, 2), words)`",
                False,
                "The axes are right, but the loss applies softmax itself: here it would be "
                "applied twice.",
            ),
        ],
        hint="The classes belong on axis 1. Which operation moves an axis without mixing?",
        solution="Exchange the last two axes, or flatten to `(N * L, K)` and `(N * L,)`.",
    ),
]
