"""Questions of the chapter “From coin flips to binary cross-entropy”."""

import numpy as np

from utils.grading.questions import Choice, Number, Order
from utils.losses import bce, bce_with_logits, grad_bce_with_logits, sigmoid

FLIPS = np.array([1.0, 0.0, 1.0, 1.0, 1.0])
THETA = np.full(5, 0.6)
Z = -1.5

QUESTIONS = [
    Number(
        "coin-flips-nll",
        "Five flips show 1, 0, 1, 1, 1. What is the mean negative log-likelihood, in nats, of a "
        "coin with $\\theta = 0.6$?",
        answer=lambda: bce(THETA, FLIPS),
        wrong=[
            (
                lambda: bce(THETA, FLIPS, reduction="sum"),
                "That is the sum over the five flips. The mean has one more step: which?",
            ),
            (
                lambda: bce(THETA, FLIPS) / np.log(2),
                "The size is right, the unit is not: this is in bits, from $\\log_2$. In this book "
                "$\\ln$ is the natural logarithm.",
            ),
            (
                lambda: -bce(THETA, FLIPS),
                "Right but for the sign. A probability below 1 has a negative logarithm; what does "
                "step 4 do about it?",
            ),
            (
                lambda: bce(1 - THETA, FLIPS),
                "Heads and tails are exchanged: this gives the four heads the probability 0.4. "
                "Which outcome does $\\theta$ belong to?",
            ),
            (
                lambda: -np.mean(FLIPS * np.log(THETA)),
                "The heads are right. The tail has a price too: which probability does the coin "
                "give to it?",
            ),
            (
                lambda: np.prod(np.where(FLIPS == 1, THETA, 1 - THETA)),
                "That is the likelihood itself. Take its logarithm, change the sign, divide by "
                "the number of flips.",
            ),
            (
                lambda: bce(THETA, THETA),
                "That is the mean surprise if 60% of the flips were heads. Four of five were.",
            ),
        ],
        unit="nats",
        hint="Four flips had probability 0.6 and one had probability 0.4.",
        solution="Four heads cost $-\\ln 0.6$ each and one tail costs $-\\ln 0.4$: "
        f"$(4 \\cdot {-np.log(0.6):.4f} + {-np.log(0.4):.4f})/5 = {bce(THETA, FLIPS):.4f}$ nats.",
    ),
    Number(
        "coin-flips-loss-from-logit",
        "A sample has the label 1 and the logit $z = -1.5$. What is its binary cross-entropy?",
        answer=lambda: bce_with_logits(np.array(Z), np.array(1.0)),
        wrong=[
            (
                lambda: bce_with_logits(np.array(Z), np.array(0.0)),
                "That is the loss for label 0, $\\mathrm{softplus}(z)$. Which sign does the logit "
                "get for label 1?",
            ),
            (
                lambda: bce_with_logits(np.array(Z), np.array(1.0)) / np.log(2),
                "This is in bits. With the natural logarithm it is smaller by the factor $\\ln 2$.",
            ),
            (
                lambda: (1 - sigmoid(np.array(Z))) ** 2,
                "That is the squared error $(\\sigma(z) - y)^2$, not the cross-entropy.",
            ),
            (
                lambda: sigmoid(np.array(Z)),
                "That is the probability $\\sigma(z)$. The loss is minus its logarithm.",
            ),
            (
                lambda: -np.log(sigmoid(sigmoid(np.array(Z)))),
                "The sigmoid is applied twice here: once to get the probability, once more to it.",
            ),
            (
                lambda: sigmoid(np.array(Z)) - 1,
                "That is the slope $\\sigma(z) - y$. The question asks for the loss itself.",
            ),
            (1.5, "That is $-z$, which is near the loss only for very negative logits."),
        ],
        unit="nats",
        hint="For label 1 the loss is $-\\ln\\sigma(z) = \\ln(1 + e^{-z})$.",
        solution=f"$\\ln(1 + e^{{1.5}}) = {bce_with_logits(np.array(Z), np.array(1.0)):.4f}$ nats.",
    ),
    Number(
        "coin-flips-gradient",
        "A batch of four samples; the loss is the mean. One sample has logit 2 and label 0. What "
        "is the derivative of the loss with respect to this logit?",
        answer=lambda: grad_bce_with_logits(np.full(4, 2.0), np.zeros(4))[0],
        wrong=[
            (
                lambda: sigmoid(np.array(2.0)),
                "$\\sigma(z) - y$ is right for the sum. Which factor does the mean over four "
                "samples bring?",
            ),
            (
                lambda: -sigmoid(np.array(2.0)) / 4,
                "The size is right. Does a larger logit make this sample’s loss larger or smaller?",
            ),
            (
                lambda: (sigmoid(np.array(2.0)) - 1) / 4,
                "That would be the slope for label 1.",
            ),
            (
                lambda: 1 / (1 - sigmoid(np.array(2.0))) / 4,
                "That is the derivative with respect to the probability. The chain rule has one "
                "more factor, $p(1-p)$.",
            ),
            (
                lambda: 2 * sigmoid(np.array(2.0)) ** 2 * (1 - sigmoid(np.array(2.0))) / 4,
                "That is the slope of the squared error behind a sigmoid.",
            ),
            (
                lambda: sigmoid(np.array(2.0)) * (1 - sigmoid(np.array(2.0))) / 4,
                "That is the slope of the sigmoid over four. In the loss this factor cancels.",
            ),
        ],
        hint="Each entry of the gradient of a mean carries the factor $1/N$.",
        solution="$(\\sigma(2) - 0)/4 = "
        f"{grad_bce_with_logits(np.full(4, 2.0), np.zeros(4))[0]:.4f}$.",
    ),
    Choice(
        "coin-flips-stops-teaching",
        "In `float32` a sample with label 0 gets the logit 30, and `BCELoss` gets its sigmoid. "
        "Which loss comes out, and which slope at the logit?",
        options=[
            (
                "The loss 30 and the slope 1.",
                False,
                "That is the true answer, and what `BCEWithLogitsLoss` gives. `BCELoss` sees "
                "only the probability, which has been rounded.",
            ),
            (
                "The loss 100 and the slope 0.",
                True,
                "Yes. $\\sigma(30)$ is rounded to 1, the logarithm of $1 - p = 0$ is held at "
                "$-100$, and the sigmoid has no slope left: the worst samples teach nothing.",
            ),
            (
                "The loss infinity, and the training stops with an error.",
                False,
                "Infinity is what the plain formula gives. PyTorch holds the logarithm at $-100$ "
                "instead, and says nothing.",
            ),
            (
                "The loss 100 and the slope 1.",
                False,
                "The loss is right. But the slope passes through the sigmoid, and a probability "
                "that was rounded to 1 does not move when the logit does.",
            ),
        ],
        solution="Loss 100, slope 0: the reason to give logits to `BCEWithLogitsLoss`.",
    ),
    Order(
        "coin-flips-five-steps",
        "Bring the steps from coin flips to the loss into order.",
        steps=[
            "Write the probability of one flip with exponents: $\\theta^{y}(1-\\theta)^{1-y}$",
            "Multiply over all flips, because they are independent",
            "Take the logarithm: the product becomes a sum",
            "Change the sign, because optimisers minimise",
            "Divide by $N$, so that the size does not depend on the number of flips",
        ],
        feedback="Look at the first step that is out of place: what does it need to be there "
        "already?",
        solution="One flip, product, logarithm, sign, mean.",
    ),
]
