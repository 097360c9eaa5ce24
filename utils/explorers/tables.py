"""The numbers that explorers show but must not compute: what NumPy itself gives in low precision.

JavaScript knows float64 alone. What a figure says about float16 and float32 is therefore computed
here, by NumPy, at every step of the figure's slider, and written into `*_data.mjs`:

    python -m utils.explorers.tables
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


def numbers(values, digits):
    """The values as one string that JavaScript reads back with split and Number."""

    def show(v):
        if np.isnan(v):
            return "NaN"
        if np.isinf(v):
            return "Infinity" if v > 0 else "-Infinity"
        text = f"{float(v):.{digits}g}".replace("e-0", "e-").replace("e+0", "e")
        return "0" if text == "-0" else text.removeprefix("0") if text.startswith("0.") else text

    return " ".join(map(show, values))


def bce_table():
    return {
        f"{dtype.__name__}_{y}": numbers(naive_bce(BCE_LOGITS, y, dtype), digits)
        for dtype, digits in ((np.float16, 5), (np.float32, 7), (np.float64, 7))
        for y in (0, 1)
    }


def module(names):
    """JavaScript source: one exported constant a name; a dict becomes an object of strings."""
    lines = ["// Made by `python -m utils.explorers.tables`; do not edit."]
    for name, table in names.items():
        if isinstance(table, dict):
            lines.append(f"export const {name} = {{")
            lines += [f'  {key}: "{text}",' for key, text in table.items()]
            lines.append("};")
        else:
            lines.append(f'export const {name} = "{table}";')
    return "\n".join(lines) + "\n"


def modules():
    """File name -> source, for all tables."""
    return {"bce_data.mjs": module({"NAIVE_BCE": bce_table()})}


def main():
    for name, source in modules().items():
        (HERE / name).write_text(source, encoding="utf-8")
        print(f"{name}: {len(source)} bytes")


if __name__ == "__main__":
    main()
