"""What all tests share: the repository, the built book, a server for it and a browser."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from utils.site.browser import installed
from utils.site.serve import serving

ROOT = Path(__file__).parents[1]
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def site_dir():
    """The built book. `make test` builds it first; CE_SITE names one built elsewhere."""
    if "CE_SITE" in os.environ:
        site = Path(os.environ["CE_SITE"])
        assert (site / "index.html").is_file(), f"CE_SITE={site} holds no built book"
        return site
    site = ROOT / "_build" / "html"
    if not (site / "index.html").is_file():
        subprocess.run([sys.executable, "-m", "utils.site.build"], cwd=ROOT, check=True)
    return site


@pytest.fixture(scope="session")
def site_url(site_dir):
    """The address of the built book, served compressed and under a strict content policy."""
    with serving(site_dir) as address:
        yield address


@pytest.fixture(scope="session")
def chromium_path():
    """A Chromium or Chrome of this machine; None lets Playwright use its own download."""
    return installed()


@pytest.fixture(scope="session")
def browser(chromium_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=BROWSER_FLAGS)
        start = browser.new_context

        def new_context(**options):
            context = start(**options)
            context.set_default_timeout(1000 * PATIENCE)
            return context

        browser.new_context = new_context
        yield browser
        browser.close()


@pytest.fixture
def browser_page(browser):
    """A fresh page, nothing stored; a test that wants a phone or a dark page says so itself."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def pytest_xdist_auto_num_workers(config):
    """One more than there are cores (`-n auto`): browsers, kernels and sandboxes often wait."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items):
    """The longest file first (it opens every page): begun last, one worker would end alone.

    (`make test` says --no-loadscope-reorder: xdist would begin with the file of most tests.)
    """
    items.sort(key=lambda item: item.path.name != "test_pages.py")
