"""Questions of the chapter “Gradients by hand”."""

import numpy as np

from utils.grading.questions import Choice, Number
from utils.losses import grad_cross_entropy, sigmoid, smooth_targets

P = np.array([0.2, 0.7, 0.1])

QUESTIONS = [
    Number(
        "gradients-label-entry",
        "A batch of 4 samples, mean loss. One of them has $p = (0.2,\\ 0.7,\\ 0.1)$ and the true "
        "class is the first. What is the gradient entry of that sample’s first logit?",
        answer=lambda: (P[0] - 1) / 4,
        wrong=[
            (
                lambda: P[0] - 1,
                "That is the gradient of this sample’s own loss. The mean divides by 4.",
            ),
            (
                lambda: (1 - P[0]) / 4,
                "Right size, wrong sign. Raising the right logit makes the loss smaller.",
            ),
            (
                lambda: P[0] / 4,
                "You left out the target: it is $p - 1$ for the true class.",
            ),
            (
                lambda: -1 / P[0] / 4,
                "That is the slope in the probability, $-1/p$. Go on to the logit: multiply by "
                "$p(1 - p)$.",
            ),
            (
                lambda: (P[0] - 1) / 12,
                "You divided by the number of all entries, $4 \\cdot 3$. The mean is over samples.",
            ),
            (lambda: (P[0] - 1) / 3, "You divided by the number of classes; $N$ is 4."),
            (-0.25, "That is $-1/4$: log-sum-exp has a slope too, $p$. It is missing."),
        ],
        hint="$(p - q)/N$.",
        solution="$(0.2 - 1)/4 = -0.2$.",
    ),
    Number(
        "gradients-smoothed-entry",
        "One sample, three classes, $p = (0.2,\\ 0.7,\\ 0.1)$, true class the first, label "
        "smoothing $\\varepsilon = 0.3$ as in PyTorch. What is the "
        "gradient entry of the first logit?",
        answer=lambda: P[0] - smooth_targets(np.array([0]), 3, 0.3)[0, 0],
        wrong=[
            (lambda: P[0] - 1, "That is the entry without smoothing."),
            (
                lambda: P[0] - 0.7,
                "The true class keeps its share of what is spread: $1 - \\varepsilon + "
                "\\varepsilon/K$. (Some code keeps $1 - \\varepsilon$; PyTorch does not.)",
            ),
            (
                lambda: 0.7 * (P[0] - 1),
                "Smoothing is not a factor before the gradient; it changes the target.",
            ),
            (
                lambda: smooth_targets(np.array([0]), 3, 0.3)[0, 0] - P[0],
                "Right size, wrong sign: probability minus target.",
            ),
            (
                lambda: P[0] - 0.1,
                "$\\varepsilon/K$ is the target of the other classes.",
            ),
        ],
        hint="What is the smoothed target of the true class?",
        solution="$q' = 1 - 0.3 + 0.3/3 = 0.8$, so $0.2 - 0.8 = -0.6$.",
    ),
    Number(
        "gradients-weighted-entry",
        "Two samples, mean loss, classes 0 and 1 with weights $w = (1,\\ 3)$. The first sample has "
        "true class 1 (weight 3) and $p = (0.6,\\ 0.4)$; the second has true class 0. What is the "
        "gradient entry of the first sample’s logit of class 1?",
        answer=lambda: grad_cross_entropy(
            np.log([[0.6, 0.4], [0.5, 0.5]]), np.array([1, 0]), weight=np.array([1.0, 3.0])
        )[0, 1],
        wrong=[
            (
                lambda: 3 * (0.4 - 1) / 2,
                "You divided by $N = 2$. With class indices and weights, PyTorch’s mean divides by "
                "the sum of the samples’ weights, $3 + 1$.",
            ),
            (lambda: (0.4 - 1) / 2, "That is without weights."),
            (lambda: 3 * (0.4 - 1), "That is for the sum; the mean divides by $3 + 1$."),
            (lambda: (0.4 - 1) / 4, "Divided rightly, but the sample’s own weight 3 is missing."),
            (lambda: 3 * 0.4 / 4, "The target is missing: $p - 1$ for the true class."),
        ],
        hint="$w_y\\,(p - q)$, divided by what?",
        solution="$3\\,(0.4 - 1)/(3 + 1) = -0.45$.",
    ),
    Number(
        "gradients-squared-slope",
        "Squared error behind a sigmoid, $(\\sigma(z) - 1)^2$, at $z = -4$. What is its slope "
        "in $z$?",
        answer=lambda: 2 * (sigmoid(-4.0) - 1) * sigmoid(-4.0) * sigmoid(4.0),
        wrong=[
            (
                lambda: sigmoid(-4.0) - 1,
                "That is the slope of cross-entropy, $p - 1$. The square has the factors "
                "$2\\,p(1-p)$ as well.",
            ),
            (
                lambda: 2 * (sigmoid(-4.0) - 1),
                "That is the slope in $p$. Multiply by the slope of the sigmoid, $p(1-p)$.",
            ),
            (
                lambda: (sigmoid(-4.0) - 1) * sigmoid(-4.0) * sigmoid(4.0),
                "The factor 2 of the square is missing.",
            ),
            (
                lambda: -2 * (sigmoid(-4.0) - 1) * sigmoid(-4.0) * sigmoid(4.0),
                "Right size, wrong sign: raising $z$ makes this loss smaller.",
            ),
        ],
        rtol=0.01,
        hint="$p = 0.01799$.",
        solution="$2 \\cdot (-0.982) \\cdot 0.018 \\cdot 0.982 = -0.0347$: 28 times less than "
        "cross-entropy’s $-0.982$.",
    ),
    Choice(
        "gradients-wrong-but-right",
        "A hand-written loss equals `F.cross_entropy` on every input to the last digit. What does "
        "that say about its gradient in PyTorch?",
        options=[
            (
                "It is right too: equal functions have equal slopes.",
                False,
                "Equal functions do. Autograd differentiates the recorded operations, and a step "
                "outside PyTorch is recorded as a constant.",
            ),
            (
                "Nothing: parts computed outside PyTorch count as constants.",
                True,
                "Yes. Compare gradients as well, by differences or `gradcheck`.",
            ),
            (
                "It is right up to the factor $1/N$.",
                False,
                "That would be a different value too. Think of `.item()` or `math.exp` inside.",
            ),
        ],
        hint="What does autograd see of `math.exp(v.item())`?",
        solution="A value test says nothing about the gradient; `gradcheck` does.",
    ),
]
