"""Six training loops that run, print falling numbers, and are wrong.

Each is given to the learner broken. What is asked back are the weights after some steps, so that a
loop is judged by what it learns. The references are NumPy: gradient descent on the right loss.
"""

import numpy as np
import torch
import torch.nn.functional as F

from utils import losses
from utils.grading.model import Case, Exercise, Misconception

TITLE = "Errors, loud and silent"
SECTION = "chapters/pytorch/errors"


def _descend(X, y, steps, lr, columns, gradient):
    """W (D, K) after gradient descent from zero; `gradient(z, y)` is that of the loss in z."""
    W = np.zeros((X.shape[1], columns))
    for _ in range(steps):
        W = W - lr * X.T @ gradient(X @ W, y)
    return W


def _learn(X, y, steps, lr, columns, loss):
    """The same by autograd, for loops that are wrong: `loss(z, y)` in torch."""
    X, y = torch.tensor(X), torch.tensor(y)
    W = torch.zeros(X.shape[-1], columns, dtype=X.dtype, requires_grad=True)
    for _ in range(steps):
        (gradient,) = torch.autograd.grad(loss(X @ W, y), W)
        W = (W - lr * gradient).detach().requires_grad_()
    return W.detach().numpy()


def _multiclass(rng, n=12, d=3, k=4, steps=5):
    X = np.round(rng.normal(0, 1, (n, d)), 2)
    y = rng.integers(0, k, n)
    y[:k] = rng.permutation(k)
    return X, y, steps, 0.8


def _three(rng):
    return _multiclass(rng, 10, 4, 3, 8)


def _digits(X, y, steps, lr):
    return _descend(X, y, steps, lr, int(y.max()) + 1, losses.grad_cross_entropy)


def _digits_wrong(loss):
    return lambda X, y, steps, lr: _learn(X, y, steps, lr, int(y.max()) + 1, loss)


TRAIN_DIGITS = Exercise(
    name="train_digits",
    topic="pytorch",
    section=SECTION,
    title=TITLE,
    signature="train_digits(X, y, steps, lr)  —  X: (N, D), y: class indices (N,) → W (D, K)",
    points=2,
    reference=_digits,
    sizes=lambda X, y, steps, lr: {"N": len(y), "K": int(y.max()) + 1},
    cases=(
        Case("a small batch", _multiclass, 2),
        Case("three classes, more steps", _three),
        Case("one step", lambda rng: _multiclass(rng, 9, 2, 3, 1)),
    ),
    misconceptions=(
        Misconception(
            "softmax is applied to the logits and cross_entropy applies it again",
            _digits_wrong(lambda z, y: F.cross_entropy(torch.softmax(z, 1), y)),
            "The loss stops falling far above 0. What does cross_entropy expect: logits or "
            "probabilities?",
        ),
        Misconception(
            "the logarithm is forgotten: nll_loss receives probabilities",
            _digits_wrong(lambda z, y: F.nll_loss(torch.softmax(z, 1), y)),
            "The loss is negative. What does nll_loss expect as its input?",
        ),
        Misconception(
            "nll_loss receives the bare logits",
            _digits_wrong(lambda z, y: F.nll_loss(z, y)),
            "The loss falls below 0 without end. Which normalisation is missing?",
        ),
        Misconception(
            "softmax is taken over the batch",
            _digits_wrong(lambda z, y: F.nll_loss(torch.log_softmax(z, 0), y)),
            "Which axis of the logits holds the classes?",
        ),
        Misconception(
            "each class gets a binary loss of its own",
            _digits_wrong(
                lambda z, y: F.binary_cross_entropy_with_logits(
                    z, F.one_hot(y, z.shape[1]).to(z.dtype)
                )
            ),
            "Can a digit be a 3 and a 7 at once? Which loss says that it cannot?",
        ),
        Misconception(
            "the squared error to the one-hot label is minimised",
            _digits_wrong(
                lambda z, y: F.mse_loss(torch.softmax(z, 1), F.one_hot(y, z.shape[1]).to(z.dtype))
            ),
            "Which likelihood does the squared error come from, and which the labels?",
        ),
        Misconception(
            "the losses are added up instead of averaged, so that the step is N times as long",
            _digits_wrong(lambda z, y: F.cross_entropy(z, y, reduction="sum")),
            "What should happen to the step if the batch doubles?",
        ),
    ),
    hints=(
        "Print the loss of a perfect model: can it be 0 in this loop?",
        "cross_entropy contains log_softmax. What is left of the logits when softmax comes first?",
        "Hand the logits X @ W to F.cross_entropy, and delete the softmax.",
    ),
)


def _binary(rng, n=10, d=3, steps=6, scale=1.0):
    X = np.round(scale * rng.normal(0, 1, (n, d)), 2)
    y = np.zeros(n)
    y[: n // 3] = 1
    return X, rng.permutation(y), steps, 0.7


def _saturated(rng):
    """A start so far out that sigmoid says exactly 0 or 1: probabilities teach nothing there."""
    return _binary(rng, 8, 2, 3, 200.0)


def _flat(W):
    return W[:, 0]


def _spam(X, y, steps, lr):
    return _flat(_descend(X, y[:, None], steps, lr, 1, losses.grad_bce_with_logits))


def _spam_wrong(loss):
    return lambda X, y, steps, lr: _flat(_learn(X, y[:, None], steps, lr, 1, loss))


TRAIN_SPAM = Exercise(
    name="train_spam",
    topic="pytorch",
    section=SECTION,
    title=TITLE,
    signature="train_spam(X, y, steps, lr)  —  X: (N, D), y: 0.0 or 1.0 (N,) → w (D,)",
    points=2,
    reference=_spam,
    cases=(
        Case("a small batch", _binary, 2),
        Case("features in the hundreds, where the sigmoid saturates", _saturated, 2),
        Case("one step", lambda rng: _binary(rng, 7, 2, 1)),
    ),
    misconceptions=(
        Misconception(
            "the logits go into BCELoss, which wants probabilities",
            _spam_wrong(lambda z, y: F.binary_cross_entropy(z, y)),
            "After the first step it complains about values outside [0, 1]. What is missing, and "
            "which loss needs nothing?",
        ),
        Misconception(
            "a sigmoid in front of BCELoss: it runs, but where the sigmoid saturates nothing is "
            "learnt",
            _spam_wrong(lambda z, y: F.binary_cross_entropy(torch.sigmoid(z), y)),
            "At logit 500 and label 0, which gradient reaches w through BCELoss?",
        ),
        Misconception(
            "a sigmoid in front of the loss that contains one",
            _spam_wrong(lambda z, y: F.binary_cross_entropy_with_logits(torch.sigmoid(z), y)),
            "Does the loss get near 0 for a model that is always right?",
        ),
        Misconception(
            "the logits are clipped into (0, 1) instead of going through a sigmoid",
            _spam_wrong(lambda z, y: F.binary_cross_entropy(z.clamp(1e-6, 1 - 1e-6), y)),
            "Which gradient does a clipped value pass on?",
        ),
        Misconception(
            "the squared error behind a sigmoid is minimised",
            _spam_wrong(lambda z, y: F.mse_loss(torch.sigmoid(z), y)),
            "How fast does it learn from a sample that is confidently wrong?",
        ),
        Misconception(
            "input and target are exchanged",
            _spam_wrong(lambda z, y: F.binary_cross_entropy_with_logits(y, torch.sigmoid(z))),
            "Which comes first in PyTorch's losses?",
        ),
        Misconception(
            "cross_entropy runs over a single column of logits: its softmax is always 1",
            _spam_wrong(lambda z, y: F.cross_entropy(z, y)),
            "The loss is exactly 0 from the start. Over how many classes does the softmax run?",
        ),
        Misconception(
            "the losses are added up instead of averaged",
            _spam_wrong(lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="sum")),
            "What should happen to the step if the batch doubles?",
        ),
    ),
    hints=(
        "What range do the values have that this loss receives?",
        "Adding a sigmoid makes it run. Try features in the hundreds: does it still learn?",
        "F.binary_cross_entropy_with_logits(z, y) takes the logits as they are.",
    ),
)


def _prices(rng, n=9, d=3, steps=6):
    X, y, steps, lr = _binary(rng, n, d, steps)
    return X, y, steps, lr


def _broadcast(loss):
    """Logits (N, 1) against labels (N,): the loss sees all N·N pairs."""

    def wrong(X, y, steps, lr):
        labels = y

        def all_pairs(z, _):
            return loss(z, torch.tensor(labels))

        return _flat(_learn(X, y[:, None], steps, lr, 1, all_pairs))

    return wrong


def _softplus_loss(z, y):
    return (F.softplus(z) - y * z).mean()


TRAIN_CHURN = Exercise(
    name="train_churn",
    topic="pytorch",
    section=SECTION,
    title=TITLE,
    signature=(
        "train_churn(X, y, steps, lr)  —  X: (N, D), y: (N,), the loss written by hand → w (D,)"
    ),
    points=1,
    reference=_spam,
    cases=(
        Case("a small batch", _prices, 2),
        Case("other sizes", lambda rng: _prices(rng, 12, 2, 9)),
        Case("one step", lambda rng: _prices(rng, 8, 4, 1)),
    ),
    misconceptions=(
        Misconception(
            "logits (N, 1) meet labels (N,): the loss averages all N·N pairs",
            _broadcast(_softplus_loss),
            "What is the shape of softplus(z) − y·z before the mean?",
        ),
        Misconception(
            "the pairs are broadcast and only their diagonal's sum is divided by N·N",
            _spam_wrong(lambda z, y: (F.softplus(z) - y * z).sum() / len(z) ** 2),
            "How many samples are there, and by what is the sum divided?",
        ),
        Misconception(
            "the labels are averaged away: every sample is compared with the mean label",
            _spam_wrong(lambda z, y: (F.softplus(z) - y.mean() * z).mean()),
            "Which label belongs to which logit?",
        ),
        Misconception(
            "the labels are reversed when they are reshaped",
            _spam_wrong(lambda z, y: _softplus_loss(z, y.flip(0))),
            "Does row i of the logits meet label i?",
        ),
        Misconception(
            "the logits are multiplied by 1 − y instead of y",
            _spam_wrong(lambda z, y: _softplus_loss(z, 1 - y)),
            "With label 1, should a large logit cost much or little?",
        ),
        Misconception(
            "the term y·z is forgotten",
            _spam_wrong(lambda z, y: F.softplus(z).mean()),
            "Where do the labels enter?",
        ),
        Misconception(
            "the losses are added up instead of averaged",
            _spam_wrong(lambda z, y: (F.softplus(z) - y * z).sum()),
            "What should happen to the step if the batch doubles?",
        ),
    ),
    hints=(
        "Print the shape of the loss before .mean().",
        "(N, 1) and (N,) broadcast to (N, N). Which of the two should change its shape?",
        "z = (X @ w).squeeze(1), or y[:, None]; either way both are (N,) or both (N, 1).",
    ),
)


def _sequences(rng, n=4, length=3, d=3, k=3, steps=4):
    X = np.round(rng.normal(0, 1, (n, length, d)), 2)
    y = rng.integers(0, k, (n, length))
    y.flat[:k] = rng.permutation(k)
    return X, y, steps, 0.8


def _tagger(X, y, steps, lr):
    k = int(y.max()) + 1
    return _descend(X.reshape(-1, X.shape[-1]), y.ravel(), steps, lr, k, losses.grad_cross_entropy)


def _tagger_wrong(loss):
    return lambda X, y, steps, lr: _learn(X, y, steps, lr, int(y.max()) + 1, loss)


TRAIN_TAGGER = Exercise(
    name="train_tagger",
    topic="pytorch",
    section=SECTION,
    title=TITLE,
    signature=(
        "train_tagger(X, y, steps, lr)  —  X: (N, L, D), y: a class for each of L tokens (N, L) → "
        "W (D, K)"
    ),
    points=2,
    reference=_tagger,
    sizes=lambda X, y, steps, lr: {"N": len(y), "K": int(y.max()) + 1},
    cases=(
        Case("sentences as long as there are tags", _sequences, 2),
        Case("longer sentences", lambda rng: _sequences(rng, 4, 5, 2, 3)),
        Case("one step", lambda rng: _sequences(rng, 3, 4, 3, 4, 1)),
    ),
    misconceptions=(
        Misconception(
            "the class axis is last, and cross_entropy normalises over the tokens",
            _tagger_wrong(lambda z, y: F.cross_entropy(z, y)),
            "z has shape (N, L, K). Which axis does cross_entropy take for the classes?",
        ),
        Misconception(
            "view or reshape puts K where it should be, but shuffles logits among tokens",
            _tagger_wrong(
                lambda z, y: F.cross_entropy(z.reshape(z.shape[0], z.shape[2], z.shape[1]), y)
            ),
            "reshape keeps the order of the memory. Which call exchanges two axes?",
        ),
        Misconception(
            "the batch axis is taken for the classes",
            _tagger_wrong(lambda z, y: F.nll_loss(torch.log_softmax(z, 0).movedim(-1, 1), y)),
            "Over which axis must the probabilities add up to 1?",
        ),
        Misconception(
            "only the first token of each sentence is used",
            _tagger_wrong(lambda z, y: F.cross_entropy(z[:, 0], y[:, 0])),
            "How many tokens have a label?",
        ),
        Misconception(
            "only the last token of each sentence is used",
            _tagger_wrong(lambda z, y: F.cross_entropy(z[:, -1], y[:, -1])),
            "How many tokens have a label?",
        ),
        Misconception(
            "the tokens' losses are added up in each sentence and only averaged over sentences",
            _tagger_wrong(
                lambda z, y: F.cross_entropy(z.movedim(-1, 1), y, reduction="none").sum(1).mean()
            ),
            "What does cross_entropy divide by for targets (N, L)?",
        ),
        Misconception(
            "the labels are flattened in another order than the logits",
            _tagger_wrong(lambda z, y: F.cross_entropy(z.reshape(-1, z.shape[-1]), y.T.ravel())),
            "Token j of sentence i: at which place does it stand in both flattened arrays?",
        ),
    ),
    hints=(
        "For which sizes does this loop not complain? Try L different from K.",
        "cross_entropy wants (N, K, L) with targets (N, L), or (N·L, K) with (N·L,).",
        "z.transpose(1, 2), or z.reshape(-1, K) together with y.reshape(-1).",
    ),
)


def _votes(rng, n=8, d=3, k=3, steps=5):
    X = np.round(rng.normal(0, 1, (n, d)), 2)
    counts = rng.integers(1, 6, (n, k)).astype(float)
    counts[:, 0] += rng.integers(0, 5, n)
    return X, counts, steps, 0.8


def _share(counts):
    return counts / counts.sum(1, keepdims=True)


def _votes_reference(X, counts, steps, lr):
    return _descend(X, _share(counts), steps, lr, counts.shape[1], losses.grad_cross_entropy)


def _votes_wrong(loss):
    return lambda X, counts, steps, lr: _learn(X, counts, steps, lr, counts.shape[1], loss)


def _normal(counts):
    return counts / counts.sum(1, keepdim=True)


TRAIN_VOTES = Exercise(
    name="train_votes",
    topic="pytorch",
    section=SECTION,
    title=TITLE,
    signature=(
        "train_votes(X, counts, steps, lr)  —  counts: how many annotators chose each class (N, K) "
        "→ W (D, K), learnt from their shares"
    ),
    points=2,
    reference=_votes_reference,
    cases=(
        Case("a small batch", _votes, 2),
        Case("four classes", lambda rng: _votes(rng, 10, 2, 4)),
        Case("one step", lambda rng: _votes(rng, 6, 4, 3, 1)),
    ),
    misconceptions=(
        Misconception(
            "counts are handed over as if they were probabilities: rows with many votes count more",
            _votes_wrong(lambda z, c: F.cross_entropy(z, c)),
            "What must a row of float targets add up to? Did PyTorch say a word?",
        ),
        Misconception(
            "only the majority's class is used",
            _votes_wrong(lambda z, c: F.cross_entropy(z, c.argmax(1))),
            "Three votes against two: is that the same as five against none?",
        ),
        Misconception(
            "the counts go through a softmax instead of being divided by their sum",
            _votes_wrong(lambda z, c: F.cross_entropy(z, torch.softmax(c, 1))),
            "Which shares does a row of 3, 1 and 1 votes have?",
        ),
        Misconception(
            "the counts are divided by the sum over samples",
            _votes_wrong(lambda z, c: F.cross_entropy(z, c / c.sum(0))),
            "Which sums must be 1: the rows' or the columns'?",
        ),
        Misconception(
            "the counts are divided by the largest count",
            _votes_wrong(lambda z, c: F.cross_entropy(z, c / c.max(1, keepdim=True).values)),
            "What do your rows add up to?",
        ),
        Misconception(
            "each class gets a binary loss of its own",
            _votes_wrong(lambda z, c: F.binary_cross_entropy_with_logits(z, _normal(c))),
            "Do the classes exclude each other here?",
        ),
        Misconception(
            "kl_div averages over all entries (reduction “mean” instead of “batchmean”)",
            _votes_wrong(
                lambda z, c: F.kl_div(F.log_softmax(z, 1), _normal(c), reduction="none").mean()
            ),
            "By what does kl_div's default reduction divide?",
        ),
        Misconception(
            "softmax is applied to the logits first",
            _votes_wrong(lambda z, c: F.cross_entropy(torch.softmax(z, 1), _normal(c))),
            "Are the inputs of cross_entropy logits or probabilities?",
        ),
    ),
    hints=(
        "What does cross_entropy do with targets of the logits' own shape?",
        "Float targets are probabilities; their rows must add up to 1, and nobody checks it.",
        "Divide counts by counts.sum(1, keepdim=True) before the loop.",
    ),
)


def _rare(rng, n=11, d=3, k=3, steps=4, chunk=4):
    X, y, steps, lr = _multiclass(rng, n, d, k, steps)
    weight = np.array([0.5, 3.0, 1.7, 4.1])[:k]
    return X, y, weight, chunk, steps, lr


def _rare_reference(X, y, weight, chunk, steps, lr):
    return _descend(
        X, y, steps, lr, len(weight), lambda z, y: losses.grad_cross_entropy(z, y, weight=weight)
    )


def _rare_wrong(loss):
    def wrong(X, y, weight, chunk, steps, lr):
        w = torch.tensor(weight)
        return _learn(X, y, steps, lr, len(weight), lambda z, y: loss(z, y, w, chunk))

    return wrong


def _chunks(z, y, chunk):
    return list(zip(z.split(chunk), y.split(chunk), strict=True))


def _mean_of_means(z, y, w, chunk):
    parts = [F.cross_entropy(a, b, w) for a, b in _chunks(z, y, chunk)]
    return torch.stack(parts).mean()


def _by_count(z, y, w, chunk):
    return sum(F.cross_entropy(a, b, w) * len(b) for a, b in _chunks(z, y, chunk)) / len(y)


TRAIN_RARE = Exercise(
    name="train_rare",
    topic="pytorch",
    section=SECTION,
    title=TITLE,
    signature=(
        "train_rare(X, y, weight, chunk, steps, lr)  —  weight: class weights (K,); the batch goes "
        "through in pieces of `chunk` rows → W (D, K), as if it went through at once"
    ),
    points=2,
    reference=_rare_reference,
    sizes=lambda X, y, weight, chunk, steps, lr: {"N": len(y), "K": len(weight)},
    cases=(
        Case("three pieces, the last one shorter", _rare, 2),
        Case("pieces of equal length", lambda rng: _rare(rng, 8, 3, 3, 4, 4)),
        Case("one piece", lambda rng: _rare(rng, 7, 2, 4, 5, 100)),
    ),
    misconceptions=(
        Misconception(
            "the pieces' weighted means are averaged, though each has its own denominator",
            _rare_wrong(_mean_of_means),
            "By what does “mean” divide in each piece, and by what for the whole batch?",
        ),
        Misconception(
            "the pieces' weighted means are weighed by their numbers of rows",
            _rare_wrong(_by_count),
            "Is the denominator of a weighted mean the number of rows?",
        ),
        Misconception(
            "the weighted sum is divided by N",
            _rare_wrong(lambda z, y, w, c: F.cross_entropy(z, y, w, reduction="sum") / len(y)),
            "What does PyTorch's weighted “mean” divide by?",
        ),
        Misconception(
            "the weighted sum is divided by the sum of all class weights",
            _rare_wrong(lambda z, y, w, c: F.cross_entropy(z, y, w, reduction="sum") / w.sum()),
            "Whose weights belong into the denominator: the classes' or the samples'?",
        ),
        Misconception(
            "the weights are ignored",
            _rare_wrong(lambda z, y, w, c: F.cross_entropy(z, y)),
            "Where does the third argument enter?",
        ),
        Misconception(
            "the pieces' means are added up, so that the step grows with the number of pieces",
            _rare_wrong(
                lambda z, y, w, c: sum(F.cross_entropy(a, b, w) for a, b in _chunks(z, y, c))
            ),
            "What should happen to the step if the pieces get smaller?",
        ),
        Misconception(
            "only the last piece's gradient is used",
            _rare_wrong(lambda z, y, w, c: F.cross_entropy(*_chunks(z, y, c)[-1], w)),
            "When is the gradient set back to zero: before each piece, or before each step?",
        ),
        Misconception(
            "the mean of the unreduced, weighted losses is taken",
            _rare_wrong(
                lambda z, y, w, c: F.cross_entropy(z, y, w, reduction="none").mean() / w.mean()
            ),
            "Is the mean class weight the mean of the samples' weights?",
        ),
    ),
    hints=(
        "With one piece the loop is right. What changes with the second piece?",
        "Add up numerators and denominators apart: Σ w[y]·ℓ and Σ w[y], each over all pieces.",
        'In each piece use reduction="sum" and divide by weight[y].sum() of the whole batch.',
    ),
)

EXERCISES = (TRAIN_DIGITS, TRAIN_SPAM, TRAIN_CHURN, TRAIN_TAGGER, TRAIN_VOTES, TRAIN_RARE)
