"""Mathematics as HTML and MathML at build time: nothing is typeset in the reader's browser.

sphinxcontrib-katex runs KaTeX in one Node process for the whole build. What is added here: each
formula is rendered once however often it occurs, a formula that KaTeX refuses is a warning that
names its place, wide equations sit in a box of their own that scrolls, and the equation's number
stays outside that box.
"""

from functools import cache

from docutils import nodes
from sphinx.util import logging
from sphinxcontrib import katex

from utils.site.node import NODE

logger = logging.getLogger(__name__)
NAME = "prerendered"


def setup(app):
    katex.NODEJS_BINARY = NODE
    katex.STARTUP_TIMEOUT = 60  # a machine that executes notebooks beside it is a slow machine
    katex.RENDER_TIMEOUT = 60
    app.add_html_math_renderer(
        NAME, inline_renderers=(visit_inline, None), block_renderers=(visit_block, None)
    )
    app.connect("config-inited", use_this_renderer)


def use_this_renderer(app, config):
    config.html_math_renderer = NAME


@cache
def render(latex, display=False):
    """HTML (for the eye) and MathML (for screen readers and copying) of one formula."""
    return katex.render_latex(latex, {"displayMode": display, "throwOnError": True})


def render_at(node, display):
    """As `render`, but a formula that does not parse becomes a warning with file and line."""
    latex = node.astext()
    try:
        return render(latex, display)
    except katex.KaTeXError as error:
        logger.warning("KaTeX cannot read %r: %s", latex, error, location=node)
        return f"<code>{nodes.unescape(latex)}</code>"


def visit_inline(translator, node):
    translator.body.append(f'<span class="math">{render_at(node, display=False)}</span>')
    raise nodes.SkipNode


def visit_block(translator, node):
    translator.body.append(translator.starttag(node, "div", CLASS="math"))
    translator.body.append(f'<div class="scroll">{render_at(node, display=True)}</div>')
    if node["number"]:
        translator.body.append(f'<span class="eqno">({equation_number(translator, node)})')
        translator.add_permalink_ref(node, "Link to this equation")
        translator.body.append("</span>")
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def equation_number(translator, node):
    return katex.get_node_equation_number(translator, node)
