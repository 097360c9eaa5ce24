"""The logits of a real classifier, for the temperature figure.

    python -m utils.explorers digits

trains a small network on 80 of scikit-learn's 8x8 digits, long after it makes no mistake on them,
and writes what it says about 200 others to `temperature_data.mjs`: surer than it is right, as
networks are that fit their training set exactly. The logits are centred (softmax does not see it)
and rounded to halves, so that each is one letter in the file; the rounded logits are the figure's
data, exactly.
"""

import functools
import re
import warnings
from pathlib import Path

import numpy as np

from utils import losses

FILE = Path(__file__).parent / "temperature_data.mjs"
STEP = 0.5
# One letter a logit, from # to ~ without the backslash and the backtick; the middle one is 0.
LETTERS = "".join(chr(c) for c in range(35, 127) if chr(c) not in "\\`")
MIDDLE = len(LETTERS) // 2
TRAIN, TEST = 80, 200


def train():
    """Logits (TEST, 10) of digits the network has not seen, and their labels."""
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier

    x, y = load_digits(return_X_y=True)
    x = x / 16
    order = np.random.default_rng(0).permutation(len(y))
    seen, unseen = order[:TRAIN], order[TRAIN : TRAIN + TEST]
    how = {"learning_rate_init": 0.01, "tol": 0, "n_iter_no_change": 10_000, "random_state": 0}
    network = MLPClassifier((32,), alpha=0, max_iter=1500, **how)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is stopped on purpose before it has converged
        network.fit(x[seen], y[seen])
    hidden = np.maximum(x[unseen] @ network.coefs_[0] + network.intercepts_[0], 0)
    return hidden @ network.coefs_[1] + network.intercepts_[1], y[unseen]


def encode(logits, labels):
    """The file's text."""
    logits = logits - logits.mean(axis=1, keepdims=True)
    level = np.rint(logits / STEP).astype(int) + MIDDLE
    letters = [LETTERS[i] for i in np.clip(level, 0, len(LETTERS) - 1).ravel()]
    return (
        "// Made by `python -m utils.explorers digits`; do not edit.\n"
        f'export const DIGIT_LOGITS = "{"".join(letters)}";\n'
        f'export const DIGIT_LABELS = "{"".join(map(str, labels))}";\n'
    )


@functools.cache
def decode():
    """Logits (TEST, 10) and labels (TEST,), read from the file."""
    text = FILE.read_text(encoding="utf-8")
    letters, labels = re.findall(r'= "([^"]*)";', text)
    level = np.array([LETTERS.index(c) for c in letters])
    return (level - MIDDLE).reshape(-1, 10) * STEP, np.array([int(c) for c in labels])


@functools.cache
def best_temperature():
    """The temperature of least mean loss: where its slope in 1/T, which only grows, crosses 0."""
    z, y = decode()
    target = losses.one_hot(y, 10)
    low, high = 1 / 8, 4.0
    for _ in range(60):
        middle = (low + high) / 2
        if np.sum((losses.softmax(z * middle) - target) * z) > 0:
            high = middle
        else:
            low = middle
    return 2 / (low + high)


def main():
    FILE.write_text(encode(*train()), encoding="utf-8")
    print(f"{FILE.name}: {FILE.stat().st_size} bytes")
