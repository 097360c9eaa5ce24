"""What is found out about each page while it is written, kept from one build to the next.

Sphinx writes only the pages that changed, and stores its own environment before it writes any; a
list over all pages (the search index) needs what earlier builds found.
"""

import json
from pathlib import Path


class Kept:
    """A dictionary by page name, in a file beside Sphinx's own."""

    def __init__(self, name):
        self.name, self.pages = name, {}

    def connect(self, app):
        app.connect("builder-inited", self.load)
        # Sooner than those who use it at the end of the build.
        app.connect("build-finished", self.save, priority=100)

    def path(self, app):
        return Path(app.doctreedir, f"site-{self.name}.json")

    def load(self, app):
        try:
            self.pages = json.loads(self.path(app).read_text("utf-8"))
        except (OSError, ValueError):
            self.pages = {}

    def save(self, app, exception):
        self.pages = {name: self.pages[name] for name in self.pages if name in app.env.found_docs}
        self.path(app).write_text(json.dumps(self.pages, ensure_ascii=False), "utf-8")
