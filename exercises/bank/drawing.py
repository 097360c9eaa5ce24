"""Inputs for the cases, drawn so that mistakes show.

Avoided is what makes wrong answers right: one sample, two classes, hard labels only, constant or
zero logits, labels that are the arg max, as many samples as classes.
"""

import numpy as np


def logits(rng, n, k=None, scale=1.5):
    """Logits of one sign and the other, none near zero, none equal."""
    shape = (n,) if k is None else (n, k)
    z = rng.normal(0, scale, shape)
    return np.round(np.where(np.abs(z) < 0.1, z + 0.3, z), 2)


def probabilities(rng, n):
    """Probabilities well inside (0, 1)."""
    return np.round(rng.uniform(0.08, 0.92, n), 2)


def soft_labels(rng, n):
    """Labels between 0 and 1, unbalanced, hard ones among them."""
    y = np.round(rng.uniform(0.05, 0.6, n), 1)
    y[0], y[-1] = 1.0, 0.0
    return y


def hard_labels(rng, n):
    """0s and 1s as floats, both present, not balanced."""
    y = np.zeros(n)
    y[: max(1, n // 3)] = 1
    return rng.permutation(y)


def classes(rng, z):
    """A class for each row, neither always the arg max nor each class once; one class twice."""
    n, k = z.shape[:2]
    y = rng.integers(0, k, n)
    best = z.argmax(1) if z.ndim == 2 else None
    if best is not None:
        y[0] = (best[0] + 1) % k
        if n > 1:
            y[1] = best[1]
    if n > 2:
        y[2] = y[0]
    return y


def distribution(rng, *shape):
    """Rows of probabilities without zeros, no two entries nearly equal."""
    q = rng.dirichlet(np.full(shape[-1], 1.2), shape[:-1] or None)
    return (q + 0.03) / (1 + 0.03 * shape[-1])
