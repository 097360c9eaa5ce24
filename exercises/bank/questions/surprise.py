"""Questions of the chapter “Surprise”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import entropy, kl_divergence

Q = np.array([0.5, 0.3, 0.2])
P = np.array([0.2, 0.2, 0.6])
FLOOR = entropy(np.array([0.7, 0.3]))


def ce(q, p):
    return -(q * np.log(p)).sum()


QUESTIONS = [
    Number(
        "surprise-bits",
        "One of 32 equally likely things happened. How many bits of surprise is that?",
        answer=lambda: np.log2(32),
        wrong=[
            (
                lambda: np.log(32),
                "That is right in nats. One bit is $\\ln 2$ nats: divide.",
            ),
            (
                lambda: np.log10(32),
                "That is the logarithm to base 10. Bits belong to base 2.",
            ),
            (32, "32 is the number of possibilities. How many yes-or-no answers tell them apart?"),
            (1 / 32, "That is the probability. The surprise is minus its logarithm."),
            (
                lambda: np.log2(32) / 32,
                "That is what this one outcome adds to the entropy. The question is about the "
                "outcome that happened, not about the mean.",
            ),
        ],
        unit="bits",
        hint="How often must one halve 32 to get to 1?",
        solution="$\\log_2 32 = 5$ bits.",
    ),
    Number(
        "surprise-cross-entropy",
        "The truth is $q = (0.5, 0.3, 0.2)$, the model says $p = (0.2, 0.2, 0.6)$. What is the "
        "cross-entropy $H(q, p)$?",
        answer=lambda: ce(Q, P),
        wrong=[
            (
                lambda: ce(P, Q),
                "That is $H(p, q)$. Which of the two says how often things happen, and which is "
                "inside the logarithm?",
            ),
            (lambda: entropy(Q), "That is $H(q)$, the surprise of somebody who knows the truth."),
            (
                lambda: entropy(P),
                "That is $H(p)$. The weights are the truth’s: how often do things happen?",
            ),
            (
                lambda: kl_divergence(Q, P),
                "That is the divergence, the cross-entropy without the entropy of $q$.",
            ),
            (lambda: ce(Q, P) / np.log(2), "Right in bits. With $\\ln$ the unit is the nat."),
            (
                lambda: ce(Q, P) / 3,
                "That divides by the number of outcomes. The weights $q_k$ add up to 1 already: "
                "the sum is the mean.",
            ),
            (
                lambda: -np.log(P).sum(),
                "All three surprises are added as if each were certain. Weight each by how often "
                "it is felt.",
            ),
            (lambda: -ce(Q, P), "Right but for the sign. Can a mean surprise be negative?"),
        ],
        unit="nats",
        hint="Things happen with $q$; the surprise at each is $-\\ln p_k$.",
        solution=f"$-0.5\\ln 0.2 - 0.3\\ln 0.2 - 0.2\\ln 0.6 = {ce(Q, P):.4f}$ nats.",
    ),
    Number(
        "surprise-kl-one-hot",
        "The label is one-hot on the second of three classes, and the model says "
        "$p = (0.3, 0.6, 0.1)$. What is $\\mathrm{KL}(q\\Vert p)$?",
        answer=lambda: -np.log(0.6),
        wrong=[
            (
                lambda: -np.log(0.6) / np.log(2),
                "Right in bits. In nats it is smaller by the factor $\\ln 2$.",
            ),
            (lambda: np.log(0.6), "Right but for the sign: a divergence is never negative."),
            (
                lambda: -np.log(0.3) - np.log(0.6) - np.log(0.1),
                "The zeros of the one-hot row switch the other two terms off.",
            ),
            (
                lambda: -np.log(0.6) - np.log(0.7) - np.log(0.9),
                "That sums three binary losses. Only the term of the right class is left.",
            ),
            (
                lambda: entropy(np.array([0.3, 0.6, 0.1])),
                "That is the entropy of the model. Which distribution weights the sum?",
            ),
            (0.6, "That is the probability of the label. What is the surprise at it?"),
            (0.4, "That is $1 - p_y$. What is the surprise at the label?"),
        ],
        unit="nats",
        hint="The entropy of a one-hot distribution is 0. What does that make of KL?",
        solution=f"$-\\ln 0.6 = {-np.log(0.6):.4f}$ nats: with one-hot labels, KL, cross-entropy "
        "and the surprise at the label are the same number.",
    ),
    Choice(
        "surprise-floor",
        "A model is trained with cross-entropy on labels that are really random: given the "
        "features, the classes come as 70 to 30. The mean loss stops falling at about "
        f"{FLOOR:.2f} nats. What follows?",
        options=[
            (
                "The model may be perfect: the least mean loss is the entropy of the labels.",
                True,
                f"Yes. $-0.7\\ln 0.7 - 0.3\\ln 0.3 \\approx {FLOOR:.4f}$: the model says 70 to "
                "30, and nothing can do better.",
            ),
            (
                "The model is not good yet, since a perfect model has loss 0.",
                False,
                "Loss 0 would need certainty about every label, and these labels are random. What "
                "does Gibbs’ inequality give as the least value?",
            ),
            (
                "The loss is computed wrongly, since it must end at $\\ln 2$.",
                False,
                "$\\ln 2$ is the entropy of a fair coin. This coin is not fair.",
            ),
            (
                f"The divergence of model and truth is {FLOOR:.2f}.",
                False,
                "Cross-entropy is entropy plus divergence. How large is the entropy here?",
            ),
        ],
        solution=f"The least cross-entropy is the entropy of the truth, here {FLOOR:.4f} nats; the "
        "divergence is then 0.",
    ),
]
