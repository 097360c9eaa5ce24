"""The one matplotlib style of the book.

Figures are drawn once, as SVG on a transparent ground, in the light colours of `PALETTE`. The
site build (`utils.site`) makes the dark twin of each by exchanging exactly these colours, so a
figure that is to be legible in both themes takes its colours from here and from nowhere else.
"""

import matplotlib as mpl
from cycler import cycler

# name: (light, dark). Each colour has at least 4.5:1 contrast against the page of its theme
# (white, and #14181e); `grid` alone is fainter on purpose. The order of the cycle keeps
# neighbours apart for colour-blind readers, and the line styles change along with it.
PALETTE = {
    "ink": ("#1f2328", "#e6e9ee"),
    "muted": ("#57606a", "#a8b1bb"),
    "grid": ("#d8dee4", "#3a424c"),
    "blue": ("#0b5cad", "#6cb2ff"),
    "orange": ("#a85300", "#f2a65a"),
    "green": ("#1a7f4b", "#63d297"),
    "red": ("#c0362c", "#ff8a80"),
    "purple": ("#7a3fb0", "#c9a0ff"),
}

INK, MUTED, GRID, BLUE, ORANGE, GREEN, RED, PURPLE = (light for light, _ in PALETTE.values())

STYLE = {
    # As wide as lets letters of 11 points stay legible on a phone.
    "figure.figsize": (5.4, 3.4),
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.bbox": "tight",
    "axes.facecolor": "none",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE])
    + cycler(linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1))]),
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "font.size": 11,
    "lines.linewidth": 2,
    "legend.frameon": False,
    "patch.edgecolor": INK,
    # Text as outlines: the figure looks the same where the font is missing.
    "svg.fonttype": "path",
    # Same input, same bytes: the file name of a picture is the hash of its content.
    "svg.hashsalt": "cross-entropy-from-scratch",
}


def use_style():
    """Draw every later figure in the book's style, and as SVG when in a notebook."""
    mpl.rcParams.update(STYLE)
    try:
        from IPython import get_ipython
    except ImportError:
        return
    shell = get_ipython()
    if shell is not None and hasattr(shell, "kernel"):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})
