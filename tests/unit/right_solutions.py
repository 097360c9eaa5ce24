"""Two more right ways to write each function of the exercises, as learners might: with loops, with
scipy, with torch inside, by another formula. Ours stand in exercises/bank/solutions.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy import special, stats
from torch import nn

WAYS = {}
RULED_OUT = []  # right numbers, made by a call that the task forbids: (name, function, call)


def way(name):
    """One more right way to write the function `name`."""

    def keep(function):
        WAYS.setdefault(name, []).append(function)
        return function

    return keep


def ruled_out(name, call):
    """A way to get the right numbers that the task's text rules out."""

    def keep(function):
        RULED_OUT.append((name, function, call))
        return function

    return keep


# --- likelihood and information ------------------------------------------------------------------


@way("bernoulli_nll")
def _loop(theta, y):
    total = 0.0
    for flip in y:
        total -= math.log(theta if flip == 1 else 1 - theta)
    return total / len(y)


@way("bernoulli_nll")
def _counts(theta, y):
    heads = y.mean()
    return -(heads * math.log(theta) + (1 - heads) * math.log1p(-theta))


@ruled_out("entropy", "scipy.stats.entropy")
def _scipy_stats(q):
    return stats.entropy(q)


@ruled_out("entropy", "scipy.special.entr")
def _entr(q):
    return special.entr(q).sum()


@way("entropy")
def _entropy_loop(q):
    return sum(-p * math.log(p) for p in q if p > 0)


@way("entropy")
def _entropy_xlogy(q):
    return -special.xlogy(q, q).sum()


@ruled_out("entropy", "torch.special.entr")
def _torch_entr(q):
    return torch.special.entr(torch.tensor(q)).sum().item()


@ruled_out("kl_divergence", "scipy.special.rel_entr")
def _rel_entr(q, p):
    return special.rel_entr(q, p).sum()


@way("kl_divergence")
def _kl_where(q, p):
    there = q > 0
    with np.errstate(divide="ignore"):
        return np.sum(q[there] * (np.log(q[there]) - np.log(p[there])))


@ruled_out("kl_divergence", "torch.nn.functional.kl_div")
def _torch_kl(q, p):
    q, p = torch.tensor(q), torch.tensor(p)
    return F.kl_div(p.log(), q, reduction="sum").item()


@ruled_out("bernoulli_nll", "torch.nn.functional.binary_cross_entropy")
def _torch_nll(theta, y):
    y = torch.tensor(y, dtype=torch.float64)
    return F.binary_cross_entropy(torch.full_like(y, theta), y).item()


@way("kl_divergence")
def _kl_loop(q, p):
    total = 0.0
    for a, b in zip(q, p, strict=True):
        if a > 0:
            if b == 0:
                return math.inf
            total += a * math.log(a / b)
    return total


# --- the sigmoid family --------------------------------------------------------------------------


@ruled_out("sigmoid", "scipy.special.expit")
def _expit(z):
    return special.expit(z)


@way("sigmoid")
def _masked(z):
    out = np.empty_like(z)
    up = z >= 0
    out[up] = 1 / (1 + np.exp(-z[up]))
    e = np.exp(z[~up])
    out[~up] = e / (1 + e)
    return out


@way("sigmoid")
def _by_logaddexp(z):
    return np.exp(-np.logaddexp(0, -z))


@ruled_out("sigmoid", "torch.sigmoid")
def _torch_sigmoid(z):
    return torch.sigmoid(torch.from_numpy(z)).numpy()


@ruled_out("sigmoid", "torch.Tensor.sigmoid")
def _sigmoid_of_tensor(z):
    return torch.from_numpy(z).sigmoid().numpy()


@ruled_out("softplus", "scipy.special.softplus")
def _scipy_softplus(z):
    return special.softplus(z)


@ruled_out("softplus", "torch.nn.functional.softplus")
def _module_softplus(z):
    return nn.Softplus(threshold=1000)(torch.from_numpy(z)).numpy()


@way("softplus")
def _logaddexp(z):
    return np.logaddexp(0, z)


@way("softplus")
def _softplus_loop(z):
    flat = [max(x, 0.0) + math.log1p(math.exp(-abs(x))) for x in z.ravel()]
    return np.array(flat).reshape(z.shape)


@ruled_out("log_sigmoid", "scipy.special.log_expit")
def _log_expit(z):
    return special.log_expit(z)


@way("log_sigmoid")
def _minus_logaddexp(z):
    return -np.logaddexp(0, -z)


@way("log_sigmoid")
def _log_sigmoid_by_sign(z):
    return np.minimum(z, 0) - np.log1p(np.exp(-np.abs(z)))


@ruled_out("log_sigmoid", "torch.nn.functional.logsigmoid")
def _torch_logsigmoid(z):
    return nn.LogSigmoid()(torch.from_numpy(z)).numpy()


@ruled_out("bce", "torch.nn.functional.binary_cross_entropy")
def _module_bce(p, y):
    return nn.BCELoss()(torch.tensor(p), torch.tensor(y)).item()


@ruled_out("bce_with_logits", "torch.nn.functional.binary_cross_entropy_with_logits")
def _torch_bce(z, y, pos_weight=1.0):
    weight = torch.tensor(pos_weight)
    z, y = torch.tensor(z), torch.tensor(y)
    return F.binary_cross_entropy_with_logits(z, y, pos_weight=weight).item()


@way("bce")
def _xlogy(p, y):
    return -(special.xlogy(y, p) + special.xlog1py(1 - y, -p)).mean()


@way("bce")
def _bce_loop(p, y):
    total = 0.0
    for a, b in zip(p.ravel(), y.ravel(), strict=True):
        for weight, chance in ((b, a), (1 - b, 1 - a)):
            if weight > 0:
                total += -weight * math.log(chance) if chance > 0 else math.inf
    return total / y.size


@way("bce_with_logits")
def _two_softplus(z, y, pos_weight=1.0):
    loss = pos_weight * y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    return loss.sum() / y.size


@way("bce_with_logits")
def _log_probabilities(z, y, pos_weight=1.0):
    return -np.average(pos_weight * y * special.log_expit(z) + (1 - y) * special.log_expit(-z))


# --- the softmax family --------------------------------------------------------------------------


@ruled_out("logsumexp", "scipy.special.logsumexp")
def _scipy_lse(z):
    return special.logsumexp(z, axis=-1)


@way("logsumexp")
def _reduce(z):
    return np.logaddexp.reduce(z, axis=-1)


@way("logsumexp")
def _sorted_lse(z):
    z = np.sort(z, axis=-1)
    top = np.where(np.isfinite(z[:, -1]), z[:, -1], 0.0)
    with np.errstate(divide="ignore"):
        return top + np.log(np.exp(z - top[:, None]).sum(-1))


@ruled_out("logsumexp", "torch.Tensor.logsumexp")
def _torch_lse(z):
    return torch.tensor(z).logsumexp(-1).numpy()


@ruled_out("softmax", "scipy.special.softmax")
def _scipy_softmax(z, axis=-1):
    return special.softmax(z, axis=axis)


@way("softmax")
def _moved(z, axis=-1):
    rows = np.moveaxis(z, axis, -1)
    e = np.exp(rows - rows.max(-1)[..., None])
    return np.moveaxis(e / e.sum(-1)[..., None], -1, axis)


@way("softmax")
def _softmax_by_lse(z, axis=-1):
    z64 = z.astype(np.float64)
    return np.exp(z64 - special.logsumexp(z64, axis=axis, keepdims=True)).astype(z.dtype)


@ruled_out("softmax", "torch.nn.functional.softmax")
def _module_softmax(z, axis=-1):
    return nn.Softmax(dim=axis)(torch.from_numpy(z)).numpy()


@ruled_out("log_softmax", "scipy.special.log_softmax")
def _scipy_log_softmax(z):
    return special.log_softmax(z, axis=1)


@way("log_softmax")
def _by_rows(z):
    return np.stack([row - special.logsumexp(row) for row in z])


@way("log_softmax")
def _shifted(z):
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@ruled_out("log_softmax", "torch.log_softmax")
def _torch_log_softmax(z):
    return torch.log_softmax(torch.from_numpy(z), -1).numpy()


@way("temperature_softmax")
def _scipy_tempered(z, T):
    return special.softmax(z / T, axis=-1)


@way("temperature_softmax")
def _powers(z, T):
    log_p = special.log_softmax(z, axis=-1) / T
    return np.exp(log_p - special.logsumexp(log_p, axis=-1, keepdims=True))


@way("online_logsumexp")
def _fold(stream):
    total = -np.inf
    for part in stream:
        total = np.logaddexp(total, special.logsumexp(part))
    return total


@way("online_logsumexp")
def _one_by_one(stream):
    m, s = -math.inf, 0.0
    for part in stream:
        for x in part:
            if x > m:
                s = s * (math.exp(m - x) if m > -math.inf else 0.0) + 1.0
                m = x
            elif x > -math.inf:
                s += math.exp(x - m)
    return m + (math.log(s) if s else -math.inf)


# --- cross-entropy -------------------------------------------------------------------------------


@way("one_hot")
def _eye(y, num_classes):
    return np.eye(num_classes)[y]


@way("one_hot")
def _one_hot_loop(y, num_classes):
    out = np.zeros((len(y), num_classes))
    for row, label in enumerate(y):
        out[row, label] = 1
    return out


@ruled_out("one_hot", "torch.nn.functional.one_hot")
def _torch_one_hot(y, num_classes):
    return F.one_hot(torch.tensor(y), num_classes).double().numpy()


@way("nll")
def _take(log_p, y):
    return -np.take_along_axis(log_p, y[:, None], axis=1).mean()


@way("nll")
def _nll_loop(log_p, y):
    return -sum(row[label] for row, label in zip(log_p, y, strict=True)) / len(y)


@ruled_out("nll", "torch.nn.functional.nll_loss")
def _module_nll(log_p, y):
    return nn.NLLLoss()(torch.tensor(log_p), torch.tensor(y)).item()


@way("cross_entropy")
def _lse_minus(z, y):
    return np.mean(special.logsumexp(z, axis=1) - z[np.arange(len(y)), y])


@way("cross_entropy")
def _ce_loop(z, y):
    return sum(np.logaddexp.reduce(r) - r[k] for r, k in zip(z, y, strict=True)) / len(y)


@ruled_out("cross_entropy", "torch.nn.functional.cross_entropy")
def _torch_ce(z, y):
    return F.cross_entropy(torch.tensor(z), torch.tensor(y)).item()


@ruled_out("cross_entropy_probs", "torch.nn.functional.cross_entropy")
def _torch_soft(z, q):
    return F.cross_entropy(torch.tensor(z), torch.tensor(q)).item()


@ruled_out("cross_entropy_nd", "torch.nn.functional.cross_entropy")
def _module_nd(z, y):
    return nn.CrossEntropyLoss()(torch.tensor(z), torch.tensor(y)).item()


@ruled_out("cross_entropy_ignore", "torch.nn.functional.cross_entropy")
def _torch_ignore(z, y, ignore_index=-100):
    return F.cross_entropy(torch.tensor(z), torch.tensor(y), ignore_index=ignore_index).item()


@way("cross_entropy_probs")
def _einsum(z, q):
    return -np.einsum("nk,nk->", q, special.log_softmax(z, axis=1)) / len(z)


@way("cross_entropy_probs")
def _split(z, q):
    return np.mean(special.logsumexp(z, axis=1) * q.sum(1) - (q * z).sum(1))


@way("cross_entropy_nd")
def _along(z, y):
    log_p = special.log_softmax(z, axis=1)
    return -np.take_along_axis(log_p, np.expand_dims(y, 1), axis=1).mean()


@way("cross_entropy_nd")
def _places(z, y):
    losses = []
    for place in np.ndindex(*y.shape):
        row = z[(place[0], slice(None), *place[1:])]
        losses.append(special.logsumexp(row) - row[y[place]])
    return np.mean(losses)


@way("cross_entropy_ignore")
def _where(z, y, ignore_index=-100):
    keep = y != ignore_index
    log_p = special.log_softmax(np.where(keep[:, None], z, 0.0), axis=1)
    picked = log_p[np.arange(len(y)), np.where(keep, y, 0)]
    with np.errstate(invalid="ignore"):
        return -np.sum(np.where(keep, picked, 0.0)) / np.float64(keep.sum())


@way("cross_entropy_ignore")
def _ignore_loop(z, y, ignore_index=-100):
    kept = [special.logsumexp(r) - r[k] for r, k in zip(z, y, strict=True) if k != ignore_index]
    return sum(kept) / len(kept) if kept else float("nan")


@way("weighted_cross_entropy")
def _average(z, y, w):
    loss = special.logsumexp(z, axis=1) - z[np.arange(len(y)), y]
    return np.average(loss, weights=w[y])


@way("weighted_cross_entropy")
def _weighted_loop(z, y, w):
    total = sum(w[k] * (special.logsumexp(row) - row[k]) for row, k in zip(z, y, strict=True))
    return total / sum(w[k] for k in y)


@ruled_out("weighted_cross_entropy", "torch.nn.functional.cross_entropy")
def _torch_weighted(z, y, w):
    return F.cross_entropy(torch.tensor(z), torch.tensor(y), torch.tensor(w)).numpy()


# --- gradients -----------------------------------------------------------------------------------


@way("grad_bce_with_logits")
def _grad_expit(z, y):
    return (special.expit(z) - y) / y.size


@way("grad_bce_with_logits")
def _grad_logaddexp(z, y):
    return (np.exp(-np.logaddexp(0, -z)) - y) / len(z)


@ruled_out("grad_cross_entropy", "torch.autograd.grad")
def _autograd_grad(z, y):
    z = torch.tensor(z, requires_grad=True)
    (grad,) = torch.autograd.grad(F.cross_entropy(z, torch.tensor(y)), z)
    return grad.numpy()


@ruled_out("grad_bce_with_logits", "torch.Tensor.backward")
def _autograd_bce(z, y):
    z = torch.tensor(z, requires_grad=True)
    F.binary_cross_entropy_with_logits(z, torch.tensor(y)).backward()
    return z.grad.numpy()


@way("grad_cross_entropy")
def _grad_eye(z, y):
    return (special.softmax(z, axis=1) - np.eye(z.shape[1])[y]) / z.shape[0]


@way("grad_cross_entropy")
def _jacobian(z, y):
    out = np.zeros_like(z)
    for i, label in enumerate(y):
        p = special.softmax(z[i])
        for k in range(z.shape[1]):
            out[i, k] = (p[k] - (k == label)) / len(y)
    return out


@ruled_out("grad_smoothed", "torch.Tensor.backward")
def _autograd_smoothed(z, y, label_smoothing, weight):
    z = torch.tensor(z, requires_grad=True)
    weight = torch.tensor(np.asarray(weight, dtype=float))
    y = torch.tensor(y)
    F.cross_entropy(z, y, weight, label_smoothing=float(label_smoothing)).backward()
    return z.grad.numpy()


@way("grad_smoothed")
def _two_parts(z, y, label_smoothing, weight):
    p, hot = special.softmax(z, axis=1), np.eye(z.shape[1])[y]
    hard = weight[y][:, None] * (p - hot)
    even = (weight.sum() * p - weight) / z.shape[1]
    return ((1 - label_smoothing) * hard + label_smoothing * even) / weight[y].sum()


@way("grad_smoothed")
def _each_smoothed_sample(z, y, label_smoothing, weight):
    out, K = [], z.shape[1]
    for row, k in zip(z, y, strict=True):
        q = np.full(K, label_smoothing / K)
        q[k] += 1 - label_smoothing
        out.append((weight * q).sum() * special.softmax(row) - weight * q)
    return np.array(out) / weight[y].sum()


@ruled_out("training_step", "torch.Tensor.backward")
def _autograd_step(W, b, X, y, lr):
    W, b = torch.tensor(W, requires_grad=True), torch.tensor(b, requires_grad=True)
    F.cross_entropy(torch.tensor(X) @ W + b, torch.tensor(y)).backward()
    with torch.no_grad():
        return (W - lr * W.grad).numpy(), (b - lr * b.grad).numpy()


@way("training_step")
def _one_step(W, b, X, y, lr):
    error = (special.softmax(X @ W + b, axis=1) - np.eye(len(b))[y]) / len(y)
    return W - lr * X.T @ error, b - lr * error.sum(0)


@way("training_step")
def _sample_by_sample(W, b, X, y, lr):
    W_new, b_new = W.copy(), b.copy()
    for x, label in zip(X, y, strict=True):
        error = special.softmax(x @ W + b)
        error[label] -= 1
        W_new -= lr / len(y) * np.outer(x, error)
        b_new -= lr / len(y) * error
    return W_new, b_new


# --- label smoothing -----------------------------------------------------------------------------


@way("smooth_targets")
def _mixture(y, num_classes, label_smoothing, convention):
    hot = np.eye(num_classes)[y]
    if convention == "pytorch":
        return (1 - label_smoothing) * hot + label_smoothing / num_classes
    return (1 - label_smoothing) * hot + label_smoothing * (1 - hot) / (num_classes - 1)


@way("smooth_targets")
def _rows(y, num_classes, label_smoothing, convention):
    rows = []
    for label in y:
        others = label_smoothing / (num_classes - (convention != "pytorch"))
        row = [others] * num_classes
        row[label] = 1 - others * (num_classes - 1)
        rows.append(row)
    return np.array(rows)


@ruled_out("LabelSmoothingLoss", "torch.nn.functional.cross_entropy(label_smoothing)")
class _HandedOn(nn.Module):
    def __init__(self, label_smoothing):
        super().__init__()
        self.loss = nn.CrossEntropyLoss(label_smoothing=label_smoothing)

    def forward(self, z, y):
        return self.loss(z, y)


@way("LabelSmoothingLoss")
class _TwoLosses(nn.Module):
    """PyTorch's own loss, but without its smoothing: that much the task allows."""

    def __init__(self, label_smoothing):
        super().__init__()
        self.e = label_smoothing

    def forward(self, z, y):
        even = torch.full_like(z, 1 / z.shape[1])
        return (1 - self.e) * F.cross_entropy(z, y) + self.e * F.cross_entropy(z, even)


@way("LabelSmoothingLoss")
class _Mixed(nn.Module):
    def __init__(self, label_smoothing):
        super().__init__()
        self.e = label_smoothing

    def forward(self, z, y):
        q = F.one_hot(y, z.shape[1]) * (1 - self.e) + self.e / z.shape[1]
        return -(q * torch.log_softmax(z, dim=1)).sum() / len(y)


@way("LabelSmoothingLoss")
class _ByHand(nn.Module):
    def __init__(self, label_smoothing=0.0):
        super().__init__()
        self.e = label_smoothing

    def forward(self, z, y):
        lse = torch.logsumexp(z, dim=1)
        hard = lse - z.gather(1, y[:, None]).squeeze(1)
        even = lse - z.mean(dim=1)
        return torch.lerp(hard, even, self.e).mean()


# --- training loops ------------------------------------------------------------------------------


def _sgd(loss, X, columns, steps, lr):
    """Gradient descent with torch's own optimizer; `loss(W)` in torch."""
    W = nn.Parameter(torch.zeros(X.shape[-1], *columns, dtype=torch.float64))
    optimizer = torch.optim.SGD([W], lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(W).backward()
        optimizer.step()
    return W.detach().numpy()


def _numpy(gradient, shape, steps, lr):
    """Gradient descent by hand; `gradient(W)` in NumPy."""
    W = np.zeros(shape)
    for _ in range(steps):
        W = W - lr * gradient(W)
    return W


def _hot(y, k):
    return np.eye(k)[y]


@way("train_digits")
def _digits_sgd(X, y, steps, lr):
    t, labels = torch.tensor(X), torch.tensor(y)
    return _sgd(lambda W: F.cross_entropy(t @ W, labels), X, (y.max() + 1,), steps, lr)


@way("train_digits")
def _digits_numpy(X, y, steps, lr):
    k = y.max() + 1
    error = lambda W: special.softmax(X @ W, axis=1) - _hot(y, k)  # noqa: E731
    return _numpy(lambda W: X.T @ error(W) / len(y), (X.shape[1], k), steps, lr)


@way("train_spam")
def _spam_sgd(X, y, steps, lr):
    t, labels = torch.tensor(X), torch.tensor(y)
    loss = nn.BCEWithLogitsLoss()
    return _sgd(lambda w: loss(t @ w, labels), X, (), steps, lr)


@way("train_spam")
def _spam_numpy(X, y, steps, lr):
    return _numpy(lambda w: X.T @ (special.expit(X @ w) - y) / len(y), X.shape[1], steps, lr)


@way("train_churn")
def _churn_sgd(X, y, steps, lr):
    t, labels = torch.tensor(X), torch.tensor(y)[:, None]
    loss = lambda w: F.binary_cross_entropy_with_logits(t @ w, labels)  # noqa: E731
    return _sgd(loss, X, (1,), steps, lr)[:, 0]


@way("train_churn")
def _churn_numpy(X, y, steps, lr):
    return _spam_numpy(X, y, steps, lr)


@way("train_tagger")
def _tagger_sgd(X, y, steps, lr):
    t, labels = torch.tensor(X), torch.tensor(y)
    loss = lambda W: F.cross_entropy((t @ W).transpose(1, 2), labels)  # noqa: E731
    return _sgd(loss, X, (y.max() + 1,), steps, lr)


@way("train_tagger")
def _tagger_numpy(X, y, steps, lr):
    return _digits_numpy(X.reshape(-1, X.shape[-1]), y.ravel(), steps, lr)


@way("train_votes")
def _votes_sgd(X, counts, steps, lr):
    t, q = torch.tensor(X), torch.tensor(counts / counts.sum(1, keepdims=True))
    loss = lambda W: -(q * torch.log_softmax(t @ W, 1)).sum(1).mean()  # noqa: E731
    return _sgd(loss, X, (counts.shape[1],), steps, lr)


@way("train_votes")
def _votes_numpy(X, counts, steps, lr):
    q = counts / counts.sum(1, keepdims=True)
    error = lambda W: special.softmax(X @ W, axis=1) - q  # noqa: E731
    return _numpy(lambda W: X.T @ error(W) / len(X), (X.shape[1], q.shape[1]), steps, lr)


@way("train_rare")
def _rare_whole(X, y, weight, chunk, steps, lr):
    t, labels, w = torch.tensor(X), torch.tensor(y), torch.tensor(weight)
    return _sgd(lambda W: F.cross_entropy(t @ W, labels, w), X, (len(weight),), steps, lr)


@way("train_rare")
def _rare_numpy(X, y, weight, chunk, steps, lr):
    v = weight[y][:, None] / weight[y].sum()
    error = lambda W: v * (special.softmax(X @ W, axis=1) - _hot(y, len(weight)))  # noqa: E731
    return _numpy(lambda W: X.T @ error(W), (X.shape[1], len(weight)), steps, lr)


# --- at scale ------------------------------------------------------------------------------------


@way("ChunkedCrossEntropy")
class _Recomputing(torch.autograd.Function):
    """Forms each piece's logits again on the way back."""

    @staticmethod
    def forward(ctx, h, E, y, chunk):
        ctx.save_for_backward(h, E, y)
        ctx.chunk = chunk
        total = 0.0
        for x, label in zip(h.split(chunk), y.split(chunk), strict=True):
            total += F.cross_entropy(x @ E.T, label, reduction="sum")
        return total / len(y)

    @staticmethod
    def backward(ctx, grad_output):
        h, E, y = ctx.saved_tensors
        grad_h, grad_E = [], torch.zeros_like(E)
        for x, label in zip(h.split(ctx.chunk), y.split(ctx.chunk), strict=True):
            g = torch.softmax(x @ E.T, dim=1)
            g[torch.arange(len(x)), label] -= 1
            g *= grad_output / len(y)
            grad_h.append(g @ E)
            grad_E += g.T @ x
        return torch.cat(grad_h), grad_E, None, None


@way("ChunkedCrossEntropy")
class _Nested(torch.autograd.Function):
    """Lets autograd differentiate each piece inside forward."""

    @staticmethod
    def forward(ctx, h, E, y, chunk):
        total, grads, grad_E = h.new_zeros(()), [], torch.zeros_like(E)
        with torch.enable_grad():
            for x, label in zip(h.split(chunk), y.split(chunk), strict=True):
                x = x.detach().requires_grad_()
                table = E.detach().requires_grad_()
                loss = F.cross_entropy(x @ table.T, label, reduction="sum") / len(y)
                a, b = torch.autograd.grad(loss, (x, table))
                grads.append(a)
                grad_E += b
                total = total + loss.detach()
        ctx.save_for_backward(torch.cat(grads), grad_E)
        return total

    @staticmethod
    def backward(ctx, grad_output):
        grad_h, grad_E = ctx.saved_tensors
        return grad_output * grad_h, grad_output * grad_E, None, None


@way("perplexity")
def _perplexity_torch(z, tokens):
    z, y = torch.tensor(z[:, :-1]), torch.tensor(tokens[:, 1:])
    return math.exp(F.cross_entropy(z.transpose(1, 2), y))


@way("perplexity")
def _perplexity_loop(z, tokens):
    losses = []
    for scores, text in zip(z, tokens, strict=True):
        for t in range(len(text) - 1):
            if text[t + 1] != -100:
                losses.append(special.logsumexp(scores[t]) - scores[t, text[t + 1]])
    return np.exp(np.mean(losses))
