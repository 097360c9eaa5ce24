"""What Jupyter Book plugs into every page and this book does without.

Jupyter Book loads its extensions unasked. Some put scripts of their own, or of other hosts, into
each page: kernels on demand, comment services, copy buttons and drop-downs by script, the stock
theme's half a megabyte. Their directives stay known (`{margin}`, `{toggle}`, …); only the hooks
by which they write into pages are taken out, so that `utils.site` alone decides what a page loads.
"""

UNPLUGGED = (
    "sphinx_thebe",
    "sphinx_comments",
    "sphinx_copybutton",
    "sphinx_togglebutton",
    "sphinx_book_theme",
    "pydata_sphinx_theme",
)


def setup(app):
    """`utils.site` is set up after Jupyter Book's own extensions, so their hooks are all there."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [
            listener
            for listener in listeners
            if not listener.handler.__module__.startswith(UNPLUGGED)
        ]
