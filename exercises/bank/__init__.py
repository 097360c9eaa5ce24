"""The bank: what is asked, what is right, and the mistakes that are known by name.

One module a topic, each with a tuple `EXERCISES`; a topic's notebook has the module's name. Inputs
are drawn (`drawing`), never written down, and away from degenerate ones: one sample, two classes,
hard labels only, constant logits, labels that are the arg max make wrong answers right.
"""

from functools import cache
from importlib import import_module

TOPICS = (
    "likelihood",
    "sigmoid",
    "softmax",
    "cross_entropy",
    "gradients",
    "label_smoothing",
    "pytorch",
    "at_scale",
)


def of_topic(topic):
    """The exercises of one notebook."""
    return import_module(f"{__name__}.{topic}").EXERCISES


@cache
def functions():
    """All exercises, in the order of the notebooks."""
    return tuple(e for topic in TOPICS for e in of_topic(topic))


def find(name):
    """The exercise of this name."""
    for topic in TOPICS:  # one after the other: the later ones import torch
        for exercise in of_topic(topic):
            if exercise.name == name:
                return exercise
    known = ", ".join(e.name for e in functions())
    raise KeyError(f"There is no exercise {name!r}; there are {known}.")
