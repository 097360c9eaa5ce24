"""Label smoothing: the targets in both conventions, and a loss module equal to PyTorch's."""

import numpy as np
import torch
import torch.nn.functional as F

from exercises.bank import drawing
from utils import losses
from utils.grading.model import Case, Exercise, Misconception

SECTION = "chapters/pytorch/label_smoothing"
TITLE = "Label smoothing"


def _targets(rng, convention="pytorch", n=5, k=4):
    y = rng.integers(0, k - 1, n)
    y[0], y[1] = 2, 1
    return y, k, float(np.round(rng.uniform(0.1, 0.4), 2)), convention


def _smooth(y, num_classes, label_smoothing, convention):
    return losses.smooth_targets(y, num_classes, label_smoothing, convention=convention)


def _fill(true, other):
    """Targets from what the true class gets and what the others get, by convention."""

    def wrong(y, k, e, convention):
        hot = losses.one_hot(y, k)
        return hot * true(e, k, convention) + (1 - hot) * other(e, k, convention)

    return wrong


def _share(e, k, convention):
    return e / k if convention == "pytorch" else e / (k - 1)


SMOOTH_TARGETS = Exercise(
    name="smooth_targets",
    topic="label_smoothing",
    section=SECTION,
    title=TITLE,
    signature=(
        "smooth_targets(y, num_classes, label_smoothing, convention)  —  y: class indices (N,); "
        'convention: "pytorch" or "off_class" → (N, K)'
    ),
    points=3,
    reference=_smooth,
    sizes=lambda y, k, e, convention: {"N": len(y), "K": k},
    cases=(
        Case('convention "pytorch": ε is spread over all K classes', _targets, 2),
        Case(
            'convention "off_class": ε is spread over the K − 1 others',
            lambda rng: _targets(rng, "off_class"),
            2,
        ),
        Case("no smoothing", lambda rng: (*_targets(rng)[:2], 0.0, "pytorch")),
        Case("a class that does not occur", lambda rng: (np.array([0, 0, 1]), 5, 0.2, "pytorch")),
    ),
    misconceptions=(
        Misconception(
            "the convention is ignored: ε/K always",
            lambda y, k, e, c: _smooth(y, k, e, "pytorch"),
            "What does the fourth argument change?",
        ),
        Misconception(
            "the convention is ignored: ε/(K−1) always",
            lambda y, k, e, c: _smooth(y, k, e, "off_class"),
            "In PyTorch's convention, how many classes share ε?",
        ),
        Misconception(
            "the two conventions are exchanged",
            lambda y, k, e, c: _smooth(y, k, e, {"pytorch": "off_class"}.get(c, "pytorch")),
            "In which of the two does the true class keep a share of ε?",
        ),
        Misconception(
            "the true class loses its own share ε/K, so that the rows do not add up to 1",
            _fill(lambda e, k, c: 1 - e, _share),
            "What do your rows add up to in the convention “pytorch”?",
        ),
        Misconception(
            "the true class stays at 1 while the others get something too",
            _fill(lambda e, k, c: 1.0, _share),
            "What do your rows add up to?",
        ),
        Misconception(
            "mass is taken from the true class but given to nobody",
            _fill(lambda e, k, c: 1 - e, lambda e, k, c: 0.0),
            "Where does ε go?",
        ),
        Misconception(
            "every other class gets the whole ε",
            _fill(lambda e, k, c: 1 - e, lambda e, k, c: e),
            "Among how many classes must ε be shared?",
        ),
        Misconception(
            "ε and 1 − ε are exchanged",
            lambda y, k, e, c: _smooth(y, k, 1 - e, c),
            "Which class should a target with ε = 0.1 favour?",
        ),
        Misconception(
            "the classes are counted from 1",
            lambda y, k, e, c: _smooth((y - 1) % k, k, e, c),
            "Which column does class 0 have?",
        ),
        Misconception(
            "the number of classes is read off the largest label",
            lambda y, k, e, c: _smooth(y, int(y.max()) + 1, e, c),
            "How many columns are wanted if the last class does not occur in this batch?",
        ),
        Misconception(
            "ε/2 is used, the formula for two classes",
            lambda y, k, e, c: (1 - e) * losses.one_hot(y, k) + e / 2,
            "Two classes share ε in halves. How many classes are there here?",
        ),
    ),
    hints=(
        "Write down one row for K = 4 and ε = 0.2 in both conventions. Does it add up to 1?",
        "“pytorch”: (1 − ε)·one_hot + ε/K everywhere. “off_class”: 1 − ε, and ε/(K−1) elsewhere.",
        "Start from np.full((N, K), share) and set the entries [np.arange(N), y].",
    ),
)

DRIVER = """
def drive(learner, z, y, label_smoothing):
    import torch

    logits = torch.tensor(z, requires_grad=True)
    loss = learner(label_smoothing)(logits, torch.tensor(y))
    loss.backward()
    return loss.detach().numpy(), logits.grad.numpy()
"""


def _loss_inputs(rng, n=5, k=4, scale=1.5):
    z = drawing.logits(rng, n, k, scale)
    return z, drawing.classes(rng, z), float(np.round(rng.uniform(0.1, 0.35), 2))


def _reference(z, y, label_smoothing):
    loss = losses.cross_entropy(z, y, label_smoothing=label_smoothing)
    return np.asarray(loss), losses.grad_cross_entropy(z, y, label_smoothing=label_smoothing)


def _module(loss):
    """A loss module whose forward is `loss(z, y, label_smoothing)`."""

    class Wrong(torch.nn.Module):
        def __init__(self, label_smoothing):
            super().__init__()
            self.label_smoothing = label_smoothing

        def forward(self, z, y):
            return loss(z, y, self.label_smoothing)

    return Wrong


def _against(target):
    """The loss against a target distribution made by `target(one_hot, eps, k)`."""

    def loss(z, y, e):
        q = target(F.one_hot(y, z.shape[1]).to(z.dtype), e, z.shape[1])
        return -(q * F.log_softmax(z, 1)).sum(1).mean()

    return _module(loss)


def _smoothed(hot, e, k):
    return (1 - e) * hot + e / k


def _naive(z, y, e):
    q = _smoothed(F.one_hot(y, z.shape[1]).to(z.dtype), e, z.shape[1])
    return -(q * torch.log(torch.softmax(z, 1))).sum(1).mean()


def _smoothed_prediction(z, y, e):
    p = (1 - e) * torch.softmax(z, 1) + e / z.shape[1]
    return F.nll_loss(p.log(), y)


def _penalty(z, y, e):
    log_p = F.log_softmax(z, 1)
    return F.nll_loss(log_p, y) + e * (log_p.exp() * log_p).sum(1).mean()


LABEL_SMOOTHING_LOSS = Exercise(
    name="LabelSmoothingLoss",
    topic="label_smoothing",
    section=SECTION,
    title=TITLE,
    signature=(
        "LabelSmoothingLoss(label_smoothing)  —  an nn.Module; forward(z, y) with z: (N, K), "
        "y: (N,) → mean loss, equal to PyTorch's in value and gradient"
    ),
    points=3,
    forbidden=("torch.nn.functional.cross_entropy(label_smoothing)",),
    reference=_reference,
    driver=DRIVER,
    framework="torch",
    sizes=lambda z, y, e: {"N": len(y), "K": z.shape[1]},
    cases=(
        Case("ordinary logits, value and gradient", _loss_inputs, 2),
        Case("another batch", lambda rng: _loss_inputs(rng, 7, 3)),
        Case("no smoothing", lambda rng: (*_loss_inputs(rng)[:2], 0.0)),
        Case(
            "logits of ±1000",
            lambda rng: (
                np.array([[1000.0, 0.0, -1000.0], [-900.0, 800.0, 0.0]]) + rng.random(),
                np.array([0, 2]),
                0.1,
            ),
        ),
    ),
    misconceptions=(
        Misconception(
            "the true class gets 1 − ε and the others ε/(K−1): the other convention",
            _against(lambda hot, e, k: hot * (1 - e) + (1 - hot) * e / (k - 1)),
            "In PyTorch, does the true class keep a share of ε?",
        ),
        Misconception(
            "the true class loses its own share ε/K, so that the targets do not add up to 1",
            _against(lambda hot, e, k: hot * (1 - e) + (1 - hot) * e / k),
            "What do your targets add up to?",
        ),
        Misconception(
            "ε/K is added without taking ε away from the true class",
            _against(lambda hot, e, k: hot + e / k),
            "What do your targets add up to?",
        ),
        Misconception(
            "mass is taken from the true class but given to nobody",
            _against(lambda hot, e, k: hot * (1 - e)),
            "Where does ε go?",
        ),
        Misconception(
            "ε and 1 − ε are exchanged",
            _against(lambda hot, e, k: e * hot + (1 - e) / k),
            "Which part belongs to the one-hot target?",
        ),
        Misconception(
            "no smoothing happens: the plain cross-entropy",
            _module(lambda z, y, e: F.cross_entropy(z, y)),
            "Where does self.label_smoothing enter?",
        ),
        Misconception(
            "the prediction is smoothed instead of the target",
            _module(_smoothed_prediction),
            "Which of the two does label smoothing change: q or p?",
        ),
        Misconception(
            "an entropy bonus is subtracted (the confidence penalty, a relative of smoothing)",
            _module(_penalty),
            "Label smoothing adds the cross-entropy from the uniform distribution to p. Which way "
            "round is yours?",
        ),
        Misconception(
            "softmax is applied before a loss that applies it again",
            _module(lambda z, y, e: F.cross_entropy(torch.softmax(z, 1), y, label_smoothing=e)),
            "Are the z logits or probabilities when they reach log_softmax?",
        ),
        Misconception(
            "log_softmax runs over the samples",
            _module(
                lambda z, y, e: (
                    -(
                        _smoothed(F.one_hot(y, z.shape[1]).to(z.dtype), e, z.shape[1])
                        * F.log_softmax(z, 0)
                    )
                    .sum(1)
                    .mean()
                )
            ),
            "Which axis holds the classes?",
        ),
        Misconception(
            "the logarithm is taken of a softmax that is 0: 0 weight or not, the loss is infinite",
            _module(_naive),
            "Which function gives ln p without forming p?",
        ),
        Misconception(
            "the mean is taken over samples and classes",
            _module(
                lambda z, y, e: (
                    -(
                        _smoothed(F.one_hot(y, z.shape[1]).to(z.dtype), e, z.shape[1])
                        * F.log_softmax(z, 1)
                    ).mean()
                )
            ),
            "The loss of one sample is a sum over classes. What is left to average?",
        ),
        Misconception(
            "the graph is cut: the gradient does not reach the logits through log_softmax's sum",
            _module(
                lambda z, y, e: (
                    -(
                        _smoothed(F.one_hot(y, z.shape[1]).to(z.dtype), e, z.shape[1])
                        * (z - torch.logsumexp(z, 1, keepdim=True).detach())
                    )
                    .sum(1)
                    .mean()
                )
            ),
            "The value is right, the gradient is not. Which part was detached, or computed outside "
            "of torch?",
        ),
    ),
    hints=(
        "Smooth the target, then take the cross-entropy against it.",
        "(1 − ε)·(−ln p_y) + ε·(mean over classes of −ln p_k): two terms, no one-hot needed.",
        "log_p = F.log_softmax(z, 1); (1−ε)·F.nll_loss(log_p, y) − ε·log_p.mean(1).mean().",
    ),
)

EXERCISES = (SMOOTH_TARGETS, LABEL_SMOOTHING_LOSS)
