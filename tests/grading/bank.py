"""Two small exercises with exact points, so that tests of the marker can name marks."""

import numpy as np

from utils import losses
from utils.grading.model import Case, Exercise, Misconception


def _common(name, points, forbidden, reference, cases, misconceptions):
    return Exercise(
        name=name,
        topic=name,
        section="chapters/from_scratch/softmax",
        title="Softmax",
        signature=f"{name}(z)",
        points=points,
        forbidden=forbidden,
        reference=reference,
        cases=cases,
        misconceptions=misconceptions,
        hints=("Look at the shapes.", "Which axis holds the classes?", "Use axis=-1."),
    )


def naive(z):
    """Softmax that overflows."""
    with np.errstate(all="ignore"):
        return np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)


def by_column(z):
    """Softmax over the wrong axis."""
    return losses.softmax(z, axis=0)


def exercises():
    """softmax (4 points, 4 cases) and sigmoid (2 points, 2 cases)."""
    softmax = _common(
        "softmax",
        4,
        ("scipy.special.softmax", "torch.softmax", "torch.Tensor.softmax"),
        lambda z: losses.softmax(z),
        (
            Case("One row, one sample", lambda rng: (rng.normal(size=(3, 4)),)),
            Case("Two classes", lambda rng: (rng.normal(size=(5, 2)),)),
            Case("One sample", lambda rng: (rng.normal(size=(1, 6)),)),
            Case("Large logits", lambda rng: (rng.normal(size=(3, 4)) * 1e4,)),
        ),
        (
            Misconception("Not shifted by the maximum", naive, "What is exp(1000)?"),
            Misconception("Over the wrong axis", by_column, "Which axis holds the classes?"),
        ),
    )
    sigmoid = _common(
        "sigmoid",
        2,
        ("scipy.special.expit", "torch.sigmoid"),
        lambda z: losses.sigmoid(z),
        (
            Case("Ordinary logits", lambda rng: (rng.normal(size=7),)),
            Case("Large logits", lambda rng: (rng.normal(size=7) * 1e4,)),
        ),
        (
            Misconception("The sign is turned", lambda z: losses.sigmoid(-z), "Try z = 10."),
            Misconception("Two classes' softmax", lambda z: losses.sigmoid(2 * z), "Try z = 1."),
        ),
    )
    return [softmax, sigmoid]
