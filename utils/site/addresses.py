"""Where the book's source and its pages are published, if that is known; no button guesses.

The repository is the one set in _config.yml (`repository: url`), else, in a GitHub Actions run,
the one that runs it: a fork's pages lead to the fork with nothing to configure. The pages' own
address is `html: baseurl` in _config.yml, else CE_BASE_URL, else the project's GitHub Pages.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

# Jupyter Book fills in its own repository where a book names none.
JUPYTER_BOOK = "https://github.com/executablebooks/jupyter-book"


@dataclass(frozen=True)
class Addresses:
    repository: str = ""
    branch: str = "main"
    base: str = ""
    notebooks: str = ""

    def page(self, pagename):
        """The published address of a page; the cover's is the folder's."""
        if not self.base:
            return ""
        return self.base + ("" if pagename == "index" else f"{pagename}.html")

    def edit(self, source):
        return f"{self.repository}/edit/{self.branch}/{source}" if self.repository else ""

    def colab(self, pagename):
        """Colab opens notebooks from a GitHub branch; CE_NOTEBOOKS names one that holds them."""
        if not self.notebooks or "github.com/" not in self.repository:
            return ""
        path = self.repository.split("github.com/")[1]
        return (
            f"https://colab.research.google.com/github/{path}/blob/{self.notebooks}/"
            f"{pagename}.ipynb"
        )

    @property
    def prefix(self):
        """The path below which the pages lie on their host."""
        return urlsplit(self.base).path or "/"


def setup(app):
    app.add_config_value("site_addresses", None, "html")
    app.connect("config-inited", find)
    app.connect("build-finished", write_sitemap)


def find(app, config):
    config.site_addresses = addresses(config.html_theme_options, config.html_baseurl, os.environ)


def addresses(options, base, environment):
    repository, branch = options.get("repository_url", ""), options.get("repository_branch", "")
    here = environment.get("GITHUB_REPOSITORY", "")
    if repository.rstrip("/") in ("", JUPYTER_BOOK):
        host = environment.get("GITHUB_SERVER_URL", "https://github.com")
        repository = f"{host}/{here}" if here else ""
        on_branch = environment.get("GITHUB_REF_TYPE") == "branch"
        branch = environment.get("GITHUB_REF_NAME", "") if on_branch else ""
    base = base or environment.get("CE_BASE_URL", "")
    if not base and here and environment.get("GITHUB_ACTIONS"):
        base = github_pages(here)
    return Addresses(
        repository.rstrip("/"),
        branch or "main",
        base.rstrip("/") + "/" if base else "",
        environment.get("CE_NOTEBOOKS", ""),
    )


def github_pages(repository):
    owner, _, name = repository.partition("/")
    host = f"{owner.lower()}.github.io"
    return f"https://{host}/" if name.lower() == host else f"https://{host}/{name}/"


def write_sitemap(app, exception):
    known = app.config.site_addresses
    if exception or app.builder.format != "html" or not known.base:
        return
    pages = "".join(
        f"<url><loc>{escape(known.page(name))}</loc></url>\n" for name in sorted(app.env.found_docs)
    )
    Path(app.outdir, "sitemap.xml").write_text(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{pages}</urlset>\n',
        "utf-8",
    )
