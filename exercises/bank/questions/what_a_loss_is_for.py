"""Questions of the chapter “What a loss is for”."""

import numpy as np

from utils.grading.questions import Choice, Number, Order

MU = np.array([2.0, 4.0, 3.0])
Y = np.array([1.0, 7.0, 5.0])

QUESTIONS = [
    Number(
        "what-a-loss-is-for-mse",
        "Predictions $(2, 4, 3)$, measurements $(1, 7, 5)$. What is the mean squared error?",
        answer=lambda: ((MU - Y) ** 2).mean(),
        wrong=[
            (lambda: ((MU - Y) ** 2).sum(), "That is the sum. The mean divides by three samples."),
            (
                lambda: np.sqrt(((MU - Y) ** 2).mean()),
                "That is its square root. It has the same minimum, but it is another number.",
            ),
            (lambda: np.abs(MU - Y).mean(), "That is the mean of the absolute errors: no square."),
            (
                lambda: ((MU - Y) ** 2).mean() / 2,
                "There is a factor of one half too many. It stands in the Gaussian, but not in "
                "the MSE.",
            ),
            (
                lambda: (MU - Y).mean() ** 2,
                "You squared the mean error. Errors of opposite sign cancel there; square each "
                "one first.",
            ),
            (
                lambda: ((MU[:, None] - Y) ** 2).mean(),
                "That is the mean over all nine pairs, as a shape `(3, 1)` against `(3,)` would "
                "give.",
            ),
        ],
        hint="Three errors: 1, 3 and 2.",
        solution=f"$(1 + 9 + 4)/3 = {((MU - Y) ** 2).mean():.4f}$.",
    ),
    Number(
        "what-a-loss-is-for-slope",
        "For the same predictions and measurements: what is the derivative of the mean squared "
        "error with respect to the second prediction, the 4?",
        answer=lambda: 2 * (MU[1] - Y[1]) / 3,
        wrong=[
            (
                lambda: 2 * (MU[1] - Y[1]),
                "That is the slope of the sum. Which factor does the mean bring?",
            ),
            (
                lambda: -2 * (MU[1] - Y[1]) / 3,
                "Right but for the sign. The prediction is too small: does raising it make the "
                "loss larger or smaller?",
            ),
            (lambda: (MU[1] - Y[1]) / 3, "The factor 2 from the square is missing."),
            (lambda: MU[1] - Y[1], "That is the error. Its square is what is differentiated."),
            (
                lambda: 2 * (MU - Y).sum() / 3,
                "That is the slope when all three predictions move together.",
            ),
        ],
        hint="Only one term of the mean contains this prediction.",
        solution=f"$2\\,(4 - 7)/3 = {2 * (MU[1] - Y[1]) / 3:g}$.",
    ),
    Choice(
        "what-a-loss-is-for-accuracy",
        "Why can gradient descent not make accuracy large directly?",
        options=[
            (
                "Because its derivative is 0 almost everywhere.",
                True,
                "Yes: a small change of the parameters changes no decision, so there is no "
                "direction to follow.",
            ),
            (
                "Because accuracy is a number between 0\u00a0and\u00a01.",
                False,
                "So is a probability, and it can be followed very well. What happens to accuracy "
                "when a parameter moves a little?",
            ),
            (
                "Because accuracy is to be made large, and gradient descent makes things small.",
                False,
                "A minus sign would mend that.",
            ),
            (
                "Because accuracy is slow to compute.",
                False,
                "Counting is fast. Look at the shape of its curve in the first figure.",
            ),
        ],
        solution="Accuracy is a staircase: flat, with jumps.",
    ),
    Choice(
        "what-a-loss-is-for-batch",
        "Training with the sum of the losses works well with batches of 32 and a learning rate of "
        "0.01. The batch is doubled to 64. Which change keeps the steps about as long as before?",
        options=[
            (
                "The rate becomes 0.02.",
                False,
                "The sum is already twice as large, and so is its slope.",
            ),
            (
                "The rate becomes 0.005.",
                True,
                "Yes: twice as many terms make the slope of the sum about twice as large. With the "
                "mean nothing would have to change.",
            ),
            (
                "No change is needed.",
                False,
                "That would be so for the mean. How does the slope of a sum grow?",
            ),
        ],
        solution="The slope of the sum doubles, so the rate is halved.",
    ),
    Order(
        "what-a-loss-is-for-stages",
        "From features to a slope: bring into order what happens to one sample.",
        steps=[
            "Features\u00a0$x$ go into the model",
            "The model puts out a score, the logit\u00a0$z$",
            "The score becomes a probability\u00a0$p$",
            "The loss compares the probability with the label\u00a0$y$",
            "The slope of the loss says how to change the parameters",
        ],
        feedback="What does each stage need from the one before?",
        solution="Features, score, probability, loss, slope. A decision is made only when the "
        "model is used.",
    ),
]
