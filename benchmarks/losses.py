"""Time of utils.losses divided by PyTorch's, for the same numbers and the same threads.

Run `python -m benchmarks.losses` (or `make bench`). Each line is the median of runs that take
turns, ours and PyTorch's, so that a busy machine slows both alike.
"""

import os
import statistics
import time

import numpy as np
import torch
import torch.nn.functional as F

from utils import losses

AIMS = {"bce_with_logits": 1.5, "cross_entropy": 2.0}
RUNS = 15


def cases():
    """(name, what, ours, PyTorch's) with the inputs made once."""
    rng = np.random.default_rng(0)
    z = rng.normal(0, 3, 3_000_000).astype(np.float32)
    y = (rng.random(z.shape) < 0.5).astype(np.float32)
    rows = rng.normal(0, 3, (30_000, 100)).astype(np.float32)
    index = rng.integers(0, 100, len(rows))
    for name, ours, theirs, x, t in [
        ("bce_with_logits", losses.bce_with_logits, F.binary_cross_entropy_with_logits, z, y),
        ("cross_entropy", losses.cross_entropy, F.cross_entropy, rows, index),
    ]:
        grad = getattr(losses, f"grad_{name}")
        tx, tt = torch.tensor(x), torch.tensor(t)
        leaf = tx.clone().requires_grad_()
        yield (
            name,
            x.shape,
            "value",
            lambda o=ours, x=x, t=t: o(x, t),
            lambda f=theirs, x=tx, t=tt: f(x, t),
        )
        yield (
            name,
            x.shape,
            "value and gradient",
            lambda o=ours, g=grad, x=x, t=t: (o(x, t), g(x, t)),
            lambda f=theirs, x=leaf, t=tt: torch.autograd.grad(f(x, t), x),
        )


def medians(*functions):
    """Median seconds of each function, called in turn."""
    times = [[] for _ in functions]
    for run in range(RUNS + 2):
        for f, ts in zip(functions, times, strict=True):
            time.sleep(0.01)  # PyTorch's threads go on spinning for a while when they are done
            start = time.perf_counter()
            f()
            if run >= 2:
                ts.append(time.perf_counter() - start)
    return [statistics.median(ts) for ts in times]


def measure():
    """Rows (loss, shape, what, threads, ours in ms, PyTorch's in ms, ratio, aim or None)."""
    before = losses.THREADS, torch.get_num_threads()
    every = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    rows = []
    try:
        for threads in sorted({1, every}):
            losses.THREADS = threads
            torch.set_num_threads(threads)
            for name, shape, what, ours, theirs in cases():
                a, b = medians(ours, theirs)
                aim = AIMS[name] if what == "value" else None
                rows.append((name, shape, what, threads, a * 1e3, b * 1e3, a / b, aim))
    finally:
        losses.THREADS = before[0]
        torch.set_num_threads(before[1])
    return rows


def table(rows):
    lines = [
        f"{'loss':<16} {'float32 logits':<15} {'what':<19} {'threads':>7} "
        f"{'ours ms':>8} {'torch ms':>8} {'ratio':>6} {'aim':>6}"
    ]
    for name, shape, what, threads, a, b, ratio, aim in rows:
        aim = f"≤ {aim}" if aim else ""
        lines.append(
            f"{name:<16} {shape!s:<15} {what:<19} {threads:>7} "
            f"{a:>8.2f} {b:>8.2f} {ratio:>6.2f} {aim:>6}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(measure()))
