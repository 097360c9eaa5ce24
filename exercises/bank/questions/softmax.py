"""Questions of the chapter “Softmax and log-sum-exp”."""

import numpy as np

from utils.grading.questions import Choice, Number, Order
from utils.losses import logsumexp, sigmoid, softmax

Z = np.array([0.5, 2.0, -1.0])

QUESTIONS = [
    Number(
        "softmax-first-class",
        "Logits $(0.5,\\ 2,\\ -1)$. How probable is the first class?",
        answer=lambda: softmax(Z)[0],
        wrong=[
            (
                lambda: Z[0] / Z.sum(),
                "You divided the logit by the sum of the logits. Exponentiate first.",
            ),
            (lambda: np.exp(Z[0]), "That is $e^{0.5}$: divide it by the sum of all three."),
            (
                lambda: sigmoid(Z[0]),
                "That is $\\sigma(0.5)$, which ignores the other classes. They compete for the "
                "same probability.",
            ),
            (
                lambda: np.exp(Z[0]) / np.exp(Z[1:]).sum(),
                "You divided by the other terms only: those are the odds. The sum runs over "
                "all classes.",
            ),
            (
                lambda: np.exp(Z[0] - Z[1]),
                "That is $e^{0.5 - 2}$, the ratio to the largest. Divide by the sum of the "
                "shifted exponentials.",
            ),
            (
                lambda: 2 ** Z[0] / (2**Z).sum(),
                "You used powers of 2. Softmax uses powers of $e$.",
            ),
            (lambda: softmax(softmax(Z))[0], "You applied softmax twice."),
        ],
        hint="Three exponentials: 1.649, 7.389, 0.368. And then?",
        solution="$1.649 / (1.649 + 7.389 + 0.368) = 1.649 / 9.406 = 0.175$.",
    ),
    Number(
        "softmax-temperature-2",
        "Two classes with logits $(2, 0)$ and temperature $T = 2$. How probable is the first?",
        answer=lambda: softmax(np.array([2.0, 0.0]) / 2)[0],
        wrong=[
            (
                lambda: softmax(np.array([2.0, 0.0]) * 2)[0],
                "You multiplied by $T$. Logits are divided by it: a high temperature makes the "
                "distribution flatter.",
            ),
            (lambda: softmax(np.array([2.0, 0.0]))[0], "That is the answer for $T = 1$."),
            (
                lambda: softmax(np.array([2.0, 0.0]))[0] / 2,
                "You divided the probability by $T$; then the two no longer add to 1. Divide the "
                "logits.",
            ),
        ],
        hint="Divide the logits first; then two classes are a sigmoid of the difference.",
        solution="$\\sigma((2 - 0)/2) = \\sigma(1) = 0.731$.",
    ),
    Number(
        "softmax-jacobian-entry",
        "Three classes with $p = (0.5,\\ 0.3,\\ 0.2)$. At which rate does the first probability "
        "change when the second logit is raised?",
        answer=lambda: -0.5 * 0.3,
        wrong=[
            (
                0.15,
                "Right size, wrong sign. When the second logit rises, its own class gains; what "
                "do the others do?",
            ),
            (
                0.25,
                "That is $0.5\\,(1 - 0.5)$, on the diagonal: how the first probability moves with "
                "its own logit.",
            ),
            (
                0.21,
                "That is $0.3\\,(1 - 0.3)$: how the second probability moves with its own logit.",
            ),
            (
                lambda: -0.3 * 0.2,
                "That is the second probability against the third logit. The first of the three "
                "is 0.5.",
            ),
            (
                -0.3,
                "That is the slope of the first probability’s logarithm. Multiply by the "
                "probability itself.",
            ),
            (
                0.35,
                "$0.5\\,(1 - 0.3)$ mixes the two cases: $[k = j]$ is 1 only for a class and its "
                "own logit; here it is 0.",
            ),
        ],
        hint="$p_k\\,([k = j] - p_j)$, with $k$ the first class and $j$ the second.",
        solution="$0.5\\,(0 - 0.3) = -0.15$: what the second class gains, the others lose.",
    ),
    Number(
        "softmax-lse-shifted",
        "$\\mathrm{lse}(1, 2, 0) = 2.408$. How large is $\\mathrm{lse}(101, 102, 100)$?",
        answer=lambda: logsumexp(np.array([101.0, 102.0, 100.0])),
        wrong=[
            (
                lambda: logsumexp(np.array([1.0, 2.0, 0.0])),
                "Softmax does not change under a shift; log-sum-exp does. Pull $e^{100}$ out of "
                "the sum.",
            ),
            (
                102.0,
                "That is the largest logit: a lower bound. The other two still count.",
            ),
            (
                303.0,
                "That is the sum of the logits. The logarithm of a sum is not the sum of "
                "logarithms.",
            ),
            (
                lambda: logsumexp(np.array([1.0, 2.0, 0.0])) + 300,
                "All three logits grew by 100, but the sum is only multiplied once by $e^{100}$.",
            ),
        ],
        rtol=0.0005,
        hint="What comes out of $\\ln(e^{100} \\cdot \\text{sum})$?",
        solution="$\\ln(e^{100} \\sum_j e^{z_j}) = 100 + 2.408 = 102.408$.",
    ),
    Choice(
        "softmax-which-shift",
        "`z` has shape `(N, K)`, one sample a row. What is safe to subtract before `np.exp`?",
        options=[
            (
                "`z.max()`",
                False,
                "One number for all rows: a row that lies 1000 below the largest underflows to "
                "zeros only, and $0/0$ is `nan`.",
            ),
            (
                "`z.max(axis=1, keepdims=True)`",
                True,
                "Yes: every row gets its own maximum, so one exponential of each row is 1.",
            ),
            (
                "`z.max(axis=1)`",
                False,
                "Right numbers, wrong shape: `(N,)` is lined up with the columns. It fails, or for "
                "$N = K$ silently subtracts from the wrong rows.",
            ),
            (
                "`z.mean(axis=1, keepdims=True)`",
                False,
                "A shift by the mean is allowed, but the row $(0, 0, 3000)$ still overflows.",
            ),
        ],
        hint="Each row must keep at least one exponential of 1, and none above 1.",
        solution="The maximum of each row, with the axis kept so that it lines up with the rows.",
    ),
    Order(
        "softmax-online-step",
        "One step of the one-pass log-sum-exp: a new logit $x$ arrives. Put the steps in order.",
        steps=[
            "Compare $x$ with the maximum $m$ so far and take the larger as\u00a0$m'$",
            "Multiply the old sum by $e^{m - m'}$, so that it is measured against\u00a0$m'$",
            "Add the new term $e^{x - m'}$",
            "Store $m'$ as the maximum",
        ],
        feedback="The old sum is measured against the old maximum. When must it be converted?",
        hint="Terms can be added only when they are measured against the same maximum.",
        solution="First the new maximum, then the old sum brought to it, then the new term.",
    ),
]
