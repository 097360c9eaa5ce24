"""The numbers that explorers show but must not compute: what NumPy itself gives in low precision.

JavaScript knows float64 alone. What a figure says about float16 and float32 is therefore computed
here, by NumPy, at every step of the figure's slider, and written into `*_data.mjs`:

    python -m utils.explorers
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BCE_LOGITS = np.arange(-40, 40.5, 0.5)


def naive_bce(z, y, dtype):
    """-y ln p - (1 - y) ln(1 - p) with p = 1 / (1 + exp(-z)), every step in `dtype`."""
    z, y, one = np.asarray(z, dtype), dtype(y), dtype(1)
    with np.errstate(all="ignore"):
        p = one / (one + np.exp(-z))
        # The term whose factor is 0 is left out, as an author who knows the label would.
        return -np.log(p) if y == 1 else -np.log(one - p)


# How far the logit lies on the wrong side: steps that show where each format gives way.
MISTAKES = np.concatenate(
    [
        np.arange(0, 20, 0.5),
        np.arange(20, 46),
        np.arange(50, 115, 5),
        [
            87,
            88,
            89,
            103,
            104,
            120,
            150,
            200,
            300,
            400,
            500,
            600,
            700,
            709,
            710,
            745,
            746,
            800,
            1000,
        ],
    ]
)
MISTAKES.sort()
FORMULAS = ("naive", "clipped", "probability", "logit")
CLIP = 1e-7


def wrong_side(size, label, dtype, formula):
    """Loss and gradient in z of an answer that is wrong by `size`, every step in `dtype`.

    The logit is +size for label 0 and -size for label 1. naive: -ln of the probability of the
    label, differentiated step by step. clipped: the probability first kept within 1e-7 of 0 and 1.
    probability: as BCELoss computes, logarithms kept above -100 and the gradient's denominator
    above 1e-12. logit: as BCEWithLogitsLoss computes.
    """
    z = np.asarray(size, dtype) * dtype(1 if label == 0 else -1)
    one, y = dtype(1), dtype(label)
    with np.errstate(all="ignore"):
        if formula == "logit":
            e = np.exp(-np.abs(z))
            value = np.maximum(z, dtype(0)) - z * y + np.log1p(e)
            grad = np.where(z >= 0, one, e) / (one + e) - y
            return value, grad
        p = one / (one + np.exp(-z))
        slope = p * (one - p)
        if formula == "naive":
            value = -np.log(p) if label else -np.log(one - p)
            grad = (-one / p if label else one / (one - p)) * slope
        elif formula == "clipped":
            kept = np.clip(p, dtype(CLIP), one - dtype(CLIP))
            value = -np.log(kept) if label else -np.log(one - kept)
            inside = (kept == p).astype(dtype)
            grad = (-one / kept if label else one / (one - kept)) * slope * inside
        else:
            value = -np.maximum(np.log(p) if label else np.log(one - p), dtype(-100))
            grad = (p - y) / np.maximum(slope, dtype(1e-12)) * slope
    return value, grad


def precision_table():
    table = {"mistakes": numbers(MISTAKES, 6)}
    for dtype, digits in ((np.float16, 4), (np.float32, 5), (np.float64, 5)):
        for formula in FORMULAS:
            for label in (0, 1):
                value, grad = wrong_side(MISTAKES, label, dtype, formula)
                key = f"{dtype.__name__}_{formula}_{label}"
                table[f"{key}_value"] = numbers(value, digits)
                table[f"{key}_grad"] = numbers(grad, 3)
    return table


def numbers(values, digits):
    """The values as one string that JavaScript reads back with split and Number.

    Small ones keep three digits, all that the figures show of them.
    """

    def show(v):
        if np.isnan(v):
            return "NaN"
        if np.isinf(v):
            return "Infinity" if v > 0 else "-Infinity"
        text = f"{float(v):.{digits if abs(v) >= 1e-3 else 3}g}".replace("e-0", "e-").replace(
            "e+0", "e"
        )
        return "0" if text == "-0" else text.removeprefix("0") if text.startswith("0.") else text

    return " ".join(map(show, values))


def bce_table():
    return {
        f"{dtype.__name__}_{y}": numbers(naive_bce(BCE_LOGITS, y, dtype), digits)
        for dtype, digits in ((np.float16, 4), (np.float32, 5), (np.float64, 5))
        for y in (0, 1)
    }


def module(names):
    """JavaScript source: one exported constant a name; a dict becomes an object of strings."""
    lines = ["// Made by `python -m utils.explorers`; do not edit."]
    for name, table in names.items():
        if isinstance(table, dict):
            lines.append(f"export const {name} = {{")
            lines += [f'  {key}: "{text}",' for key, text in table.items()]
            lines.append("};")
        else:
            lines.append(f'export const {name} = "{table}";')
    return "\n".join(lines) + "\n"


def training_points():
    """Two clouds of ten points, classes 0 and 1: "x y label", a point after the other."""
    rng = np.random.default_rng(3)
    centres = np.array([[-1.1, -0.7], [1.1, 0.7]])
    points = np.round(np.repeat(centres, 10, axis=0) + rng.normal(0, 0.62, (20, 2)), 1)
    points = points.clip([-2.8, -1.9], [2.8, 1.9])
    return np.column_stack([points, np.repeat([0, 1], 10)])


def modules():
    """File name -> source, for all tables."""
    return {
        "bce_data.mjs": module({"NAIVE_BCE": bce_table()}),
        "precision_data.mjs": module({"PRECISION": precision_table()}),
        "training_data.mjs": module({"CLOUD": numbers(training_points().ravel(), 3)}),
    }


def main():
    for name, source in modules().items():
        (HERE / name).write_text(source, encoding="utf-8")
        print(f"{name}: {len(source)} bytes")
