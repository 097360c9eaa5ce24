"""At scale: cross-entropy over a vocabulary in chunks, and the perplexity of a language model."""

import numpy as np
import torch

from exercises.bank import drawing
from utils import losses
from utils.grading.model import Case, Exercise, Misconception

SPEED = "chapters/pytorch/speed"

# The largest tensor made on the way is noted, forward and backward; the answer says whether it
# stayed below two chunks of logits (or the inputs' own size, which the gradients need).
DRIVER = """
def drive(learner, h, E, y, chunk):
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Largest(TorchDispatchMode):
        size = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            for part in out if isinstance(out, (tuple, list)) else [out]:
                if isinstance(part, torch.Tensor):
                    Largest.size = max(Largest.size, part.numel())
            return out

    h, E = torch.tensor(h, requires_grad=True), torch.tensor(E, requires_grad=True)
    y = torch.tensor(y)
    with Largest():
        loss = learner.apply(h, E, y, chunk)
        (3 * loss).backward()
    allowed = max(2 * chunk * len(E), h.numel(), E.numel())
    within = np.float64(Largest.size <= allowed)
    return loss.detach().numpy(), h.grad.numpy() / 3, E.grad.numpy() / 3, within
"""


def _vocabulary(rng, n=12, d=3, v=40, chunk=4, scale=1.0):
    h = np.round(scale * rng.normal(0, 1, (n, d)), 2)
    E = np.round(rng.normal(0, 1, (v, d)), 2)
    return h, E, rng.integers(0, v, n), chunk


def _chunked_reference(h, E, y, chunk):
    z = h @ E.T
    g = losses.grad_cross_entropy(z, y)
    return np.asarray(losses.cross_entropy(z, y)), g @ E, g.T @ h, np.float64(1.0)


def _function(
    chunked=True,
    mean_of_means=False,
    divide=True,
    use_grad_output=True,
    sign=1,
    overwrite=False,
    label=True,
    shift=True,
    sum_forward=False,
    last=True,
):
    """An autograd.Function that computes cross-entropy in chunks, with mistakes to choose from."""

    class Chunked(torch.autograd.Function):
        @staticmethod
        def forward(ctx, h, E, y, chunk):
            n = len(h)
            size = chunk if chunked else n
            total, grad_h, grad_E = 0.0, torch.zeros_like(h), torch.zeros_like(E)
            starts = range(0, n, size) if last else range(0, n - n % size, size)
            for i in starts:
                piece, labels = h[i : i + size], y[i : i + size]
                z = piece @ E.T
                m = z.max(1, keepdim=True).values if shift else torch.zeros_like(z[:, :1])
                e = torch.exp(z - m)
                lse = (m + e.sum(1, keepdim=True).log())[:, 0]
                part = (lse - z[torch.arange(len(labels)), labels]).sum()
                total = total + (part / len(labels) / len(starts) if mean_of_means else part / n)
                g = e / e.sum(1, keepdim=True)
                if label:
                    g[torch.arange(len(labels)), labels] -= 1
                g = sign * (g / n if divide else g)
                grad_h[i : i + size] = g @ E
                grad_E = g.T @ piece if overwrite else grad_E + g.T @ piece
            ctx.save_for_backward(grad_h, grad_E)
            return total * n if sum_forward else total

        @staticmethod
        def backward(ctx, grad_output):
            grad_h, grad_E = ctx.saved_tensors
            scale = grad_output if use_grad_output else 1.0
            return scale * grad_h, scale * grad_E, None, None

    return Chunked


CHUNKED_CROSS_ENTROPY = Exercise(
    name="ChunkedCrossEntropy",
    topic="at_scale",
    section=SPEED,
    title="Speed and memory",
    signature=(
        "ChunkedCrossEntropy(h, E, y, chunk)  —  a torch.autograd.Function, called by .apply; h: "
        "(N, D), E: (V, D), y: (N,) → mean cross-entropy of the logits h @ E.T, never more than "
        "`chunk` rows of them at once"
    ),
    points=4,
    reference=_chunked_reference,
    driver=DRIVER,
    framework="torch",
    sizes=lambda h, E, y, chunk: {"N": len(y), "K": len(E)},
    cases=(
        Case("pieces of equal length", _vocabulary, 2),
        Case("a shorter last piece", lambda rng: _vocabulary(rng, 13, 3, 40, 5), 2),
        Case("logits in the thousands", lambda rng: _vocabulary(rng, 12, 3, 40, 3, 400.0)),
    ),
    misconceptions=(
        Misconception(
            "all logits are formed at once: the values are right, the memory is not",
            _function(chunked=False),
            "How many rows of h @ E.T exist at the same time in your forward pass?",
        ),
        Misconception(
            "the pieces' means are averaged, although the last piece is shorter",
            _function(mean_of_means=True),
            "By what should each piece's sum be divided?",
        ),
        Misconception(
            "the gradient is that of the sum: 1/N is missing",
            _function(divide=False),
            "The value is a mean. What does that do to the gradient?",
        ),
        Misconception(
            "backward ignores grad_output",
            _function(use_grad_output=False),
            "If somebody trains on 3·loss, which gradient must come back?",
        ),
        Misconception(
            "the gradient's sign is flipped",
            _function(sign=-1),
            "softmax minus one-hot, or the reverse?",
        ),
        Misconception(
            "the gradient of E is overwritten by each piece instead of added up",
            _function(overwrite=True),
            "Every row of E meets every row of h. Which pieces contribute to its gradient?",
        ),
        Misconception(
            "the label is forgotten in the gradient",
            _function(label=False),
            "Which part of the loss is not log-sum-exp?",
        ),
        Misconception(
            "the maximum is not subtracted, and the exponential overflows",
            _function(shift=False),
            "What is e^1000 in float64?",
        ),
        Misconception(
            "the sum is returned, while the gradient belongs to the mean",
            _function(sum_forward=True),
            "Which of value and gradient is divided by N?",
        ),
        Misconception(
            "the shorter last piece is dropped",
            _function(last=False),
            "13 rows in pieces of 5: which rows have you not seen?",
        ),
    ),
    hints=(
        "In forward, go through the rows in pieces: one piece's logits are enough for its loss.",
        "Form the gradients in forward too, piece by piece, while the logits are there; save only "
        "grad_h (N, D) and grad_E (V, D).",
        "g = (softmax(z) − one_hot)/N for a piece; grad_h[piece] = g @ E and "
        "grad_E += g.T @ h[piece]; in backward multiply both by grad_output.",
    ),
)


def _sentences(rng, n=3, length=6, v=5, padding=True):
    z = drawing.logits(rng, n * length, v).reshape(n, length, v)
    tokens = rng.integers(0, v, (n, length))
    if padding:
        tokens[0, 4:] = -100
        tokens[1, 5:] = -100
    return z, tokens


def _token_losses(z, tokens, shift=1):
    """Losses (n, length - 1) of each next token, and which of them count."""
    if shift == 1:
        z, y = z[:, :-1], tokens[:, 1:]
    elif shift == -1:
        z, y = z[:, 1:], tokens[:, :-1]
    else:
        y = tokens
    kept = y != -100
    log_p = losses.log_softmax(z, axis=2)
    picked = np.take_along_axis(log_p, np.where(kept, y, 0)[..., None], 2)[..., 0]
    return np.where(kept, -picked, 0.0), kept


def _mean_nll(z, tokens, shift=1):
    each, kept = _token_losses(z, tokens, shift)
    return each.sum() / kept.sum()


def _perplexity(z, tokens):
    return np.exp(_mean_nll(z, tokens))


def _per_sentence(z, tokens):
    each, kept = _token_losses(z, tokens)
    return np.mean(np.exp(each.sum(1) / kept.sum(1)))


def _far_sentences(rng):
    z, tokens = _sentences(rng)
    z[:, 0, :2] = (800.0, -800.0)  # one place spans more than a float's exponent
    return z + np.resize([1000.0, -1000.0, 0.0], z.shape[:2])[..., None], tokens


PERPLEXITY = Exercise(
    name="perplexity",
    topic="at_scale",
    section="chapters/foundations/surprise",
    title="Surprise",
    signature=(
        "perplexity(z, tokens)  —  z: (N, L, V), z[:, t] scores the token at t + 1; tokens: "
        "(N, L), padded with −100 → one number"
    ),
    points=2,
    reference=_perplexity,
    sizes=lambda z, tokens: {"N": len(tokens), "K": z.shape[2]},
    cases=(
        Case("sentences of equal length", lambda rng: _sentences(rng, padding=False)),
        Case("padded sentences", _sentences, 2),
        Case("a larger vocabulary", lambda rng: _sentences(rng, 4, 7, 11), 1),
        Case("scores around ±1000", _far_sentences),
    ),
    misconceptions=(
        Misconception(
            "the scores at t are compared with the token at t, which the model has already seen",
            lambda z, tokens: np.exp(_mean_nll(z, tokens, 0)),
            "Which token does z[:, t] predict?",
        ),
        Misconception(
            "the shift goes the wrong way: scores at t + 1 are compared with the token at t",
            lambda z, tokens: np.exp(_mean_nll(z, tokens, -1)),
            "Which of the two arrays loses its first column, and which its last?",
        ),
        Misconception(
            "padding is counted in the denominator",
            lambda z, tokens: np.exp(_token_losses(z, tokens)[0].mean()),
            "Over how many tokens is the mean taken?",
        ),
        Misconception(
            "padding is read as token 0",
            lambda z, tokens: _perplexity(z, np.where(tokens == -100, 0, tokens)),
            "Which of the targets are no tokens at all?",
        ),
        Misconception(
            "the exponential is taken of the sum of all losses",
            lambda z, tokens: np.exp(_token_losses(z, tokens)[0].sum()),
            "Does the perplexity of a good model grow with the length of the text?",
        ),
        Misconception(
            "2 is raised to a loss in nats",
            lambda z, tokens: 2 ** _mean_nll(z, tokens),
            "Which base undoes the natural logarithm?",
        ),
        Misconception(
            "each token's perplexity is formed and these are averaged",
            lambda z, tokens: (
                np.sum(np.exp(_token_losses(z, tokens)[0]) * _token_losses(z, tokens)[1])
                / _token_losses(z, tokens)[1].sum()
            ),
            "Mean of exponentials, or exponential of the mean?",
        ),
        Misconception(
            "each sentence's perplexity is formed and these are averaged",
            _per_sentence,
            "Should a token in a short sentence count more than one in a long sentence?",
        ),
        Misconception(
            "the mean loss is returned without the exponential",
            _mean_nll,
            "A model that spreads its bets evenly over V tokens: what is its perplexity?",
        ),
        Misconception(
            "the reciprocal is returned: the geometric mean of the probabilities",
            lambda z, tokens: np.exp(-_mean_nll(z, tokens)),
            "Can a perplexity be smaller than 1?",
        ),
    ),
    hints=(
        "First line up scores and tokens: z[:, :-1] predicts tokens[:, 1:].",
        "Then the mean of −ln p over the tokens that are not −100.",
        "np.exp of that mean.",
    ),
)

EXERCISES = (CHUNKED_CROSS_ENTROPY, PERPLEXITY)
