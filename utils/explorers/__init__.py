"""Figures that move: on the website with no kernel, in Jupyter as widgets.

    from utils import explorers
    explorers.BCE(z=-2.0, y=1.0)

Each explorer is one JavaScript module (`bce.mjs`), drawn and computed in the browser by `core.mjs`,
and one class here, whose traits are the figure's controls: what the reader moves changes the trait,
and what Python sets moves the figure. The numbers that a figure shows are read-only traits,
computed by `utils.losses`, with or without a browser. In a built book the widget's text/html is
`<ce-explorer module="bce" state="…">`, which `element.mjs` brings to life.
"""

from utils.explorers import widgets
from utils.explorers.joining import MODULES, classic_script, style, widget_module
from utils.explorers.widgets import *  # noqa: F403

__all__ = ["MODULES", "classic_script", "style", "widget_module", *widgets.__all__]
