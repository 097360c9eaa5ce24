"""The Sphinx extension that makes Jupyter Book's pages lean: own theme, nothing from elsewhere.

Each module is one subject and has its own `setup(app)`; this one lists them.
"""

from importlib import import_module

# In this order: `unplug` first, `static` (which reads all finished pages) last.
SUBJECTS = (
    "unplug",
    "addresses",
    "mathematics",
    "downloads",
    "pictures",
    "explorers",
    "markup",
    "cards",
    "pages",
    "lighter",
    "search",
    "static",
)


def setup(app):
    for name in SUBJECTS:
        import_module(f"utils.site.{name}").setup(app)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
