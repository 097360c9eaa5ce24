"""Mathematics as HTML and MathML at build time: nothing is typeset in the reader's browser.

KaTeX runs in one Node process for the whole build, and renders each formula once however often it
occurs. A formula that it refuses is a warning that names its place. Wide equations sit in a box of
their own that scrolls, and the equation's number stays outside that box.

(sphinxcontrib-katex can prerender too. Its server outlives a build that fails, which leaves the
caller waiting, and its style sheet and its script may come from different versions.)
"""

import re
from functools import cache
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

from utils.grading.questions import in_html
from utils.site.node import LineService

logger = logging.getLogger(__name__)
NAME = "prerendered"
service = LineService(Path(__file__).with_name("katex.mjs"))


class FormulaError(ValueError):
    """KaTeX cannot read a formula."""


def setup(app):
    app.add_html_math_renderer(
        NAME, inline_renderers=(visit_inline, None), block_renderers=(visit_block, None)
    )
    app.connect("config-inited", use_this_renderer)
    app.connect("build-finished", lambda app, exception: service.close())


def use_this_renderer(app, config):
    config.html_math_renderer = NAME


@cache
def render(latex, display=False):
    """HTML (for the eye) and MathML (for screen readers and copying) of one formula."""
    answer = service.ask({"latex": latex, "display": display})
    if "error" in answer:
        raise FormulaError(answer["error"])
    return answer["html"]


def render_at(node, display):
    """As `render`, but a formula that does not parse becomes a warning with file and line."""
    latex = node.astext()
    try:
        return render(latex, display)
    except FormulaError as error:
        logger.warning("KaTeX cannot read a formula: %s", error, location=node)
        return f"<code>{escape(latex)}</code>"


def render_text(text):
    """Plain text with formulas between dollar signs and code between backticks, as HTML.

    What is a formula and nothing else gets its LaTeX as a name: it may have to name a control.
    (Code names one by itself: it is text.)
    """
    html = in_html(text, render)
    if alone := re.fullmatch(r"\s*\$([^$]+)\$\s*", text):
        html = html.replace("<math", f'<math aria-label="{escape(alone[1])}"', 1)
    return html


def visit_inline(translator, node):
    formula = f'<span class="math">{render_at(node, display=False)}</span>'
    before = translator.body[-1]
    if before[-1:] in ("(", "“"):  # no line ends with these
        translator.body[-1] = before[:-1]
        formula = f'<span class="whole-word">{before[-1]}{formula}</span>'
    translator.body.append(formula)
    raise nodes.SkipNode


def visit_block(translator, node):
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(f'<div class="scroll">{render_at(node, display=True)}</div>')
    if node["number"]:
        translator.body.append(f'<span class="eqno">({number_of(translator.builder, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def number_of(builder, node):
    """The equation's number as {eq} prints it: within its chapter when figures are counted so."""
    config = builder.config
    if not (config.math_numfig and config.numfig):
        return node["number"]
    numbers = builder.fignumbers.get("displaymath", {})
    return ".".join(map(str, numbers.get(node["ids"][0], ())))
