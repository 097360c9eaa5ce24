"""Mutants of our solutions that no allowed input refuses: the changed line, and why it is right.

`python -m tests.unit.exercise_mutants` makes the mutants. A test holds this list to be exactly
those that survive, so a new survivor has to be refused by another case or argued here.
"""

LAST = "z has two axes here, so axis 1 is axis −1: the same numbers are added or compared"
REST = "NumPy takes every negative length in reshape for “the rest”: −2 does what −1 does"

ARGUED = {
    "entropy": {
        "return -np.sum(q * np.log(q)) - 0.0": "a sure outcome gives −0 instead of 0, and "
        "−0 == 0; every other entropy keeps its value",
    },
    "bce": {
        "log_p = np.log(np.where(y > 0, p, 2))": "the 2 stands only where y = 0, and there its "
        "logarithm is multiplied by y",
        "log_rest = np.log(np.where(y < 1, 1 - p, 2))": "the 2 stands only where y = 1, and there "
        "its logarithm is multiplied by 1 − y",
    },
    "logsumexp": {
        "m = z.max(axis=+1, keepdims=True)": LAST,
        "m = np.where(np.isfinite(m), m, 1.0)": "only a row of −inf is shifted by it: "
        "e^(−inf − 1) is 0 as well, and ln 0 + 1 is −inf as well",
        "m = np.where(np.isfinite(m), m, -1.0)": "only a row of −inf is shifted by it: "
        "e^(−inf + 1) is 0 as well, and ln 0 − 1 is −inf as well",
        "return np.log(np.exp(z - m).sum(axis=+1)) + m[..., 0]": LAST,
        "return np.log(np.exp(z - m).sum(axis=-1)) + m[..., -1]": "the last axis of m has length 1 "
        "(keepdims): its first entry is its last",
    },
    "log_softmax": {
        "shifted = z - z.max(axis=+1, keepdims=True)": LAST,
        "return shifted - np.log(np.exp(shifted).sum(axis=+1, keepdims=True))": LAST,
    },
    "temperature_softmax": {
        "e = np.exp((z - z.max(axis=+1, keepdims=True)) / T)": LAST,
        "return e / e.sum(axis=+1, keepdims=True)": LAST,
    },
    "online_logsumexp": {
        "m, s = (-np.inf, 1.0)": "the first finite logit multiplies this s by e^(−inf) = 0; "
        "without any, −inf + ln s is −inf for s = 0 and for s = 1",
    },
    "cross_entropy_nd": {
        "rows = np.moveaxis(z, 1, -1).reshape(-2, z.shape[1])": REST,
        "return cross_entropy(rows, y.reshape(-2))": REST,
    },
    "LabelSmoothingLoss": {
        "of_label = F.cross_entropy(log_p, y)": "a second log-softmax subtracts ln Σ p = ln 1 = 0 "
        "and changes nothing",
        "of_uniform = -log_p.mean(dim=0).mean()": "all rows have K entries and all columns N: the "
        "mean of the columns' means is that of the rows' means",
    },
    "train_churn": {
        "return w.detach().numpy()[:, -1]": "w has one column: its first is its last",
    },
}
