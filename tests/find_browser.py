"""Make sure that the browser tests have what they need; `make test` runs this first.

That is a Chromium or Chrome, and the npm packages for tests: `npm ci` empties their folder before
it fills it, which must not happen while another test reads there.
"""

import os
import shutil
import subprocess
import sys

from utils.site.browser import installed
from utils.site.node import packages


def playwrights_own():
    """Whether Playwright's own download is there."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return os.path.exists(playwright.chromium.executable_path)


def run(*command):
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode


def main():
    packages(development=True)
    if installed() or playwrights_own():
        return
    print("No Chromium here: installing one for the browser tests …", flush=True)
    if shutil.which("apt-get") and os.geteuid() == 0:
        run("apt-get", "update")
        run("apt-get", "install", "-y", "--no-install-recommends", "chromium")
    if not installed():
        run(sys.executable, "-m", "playwright", "install", "chromium")
    if not (installed() or playwrights_own()):
        sys.exit("The browser tests need Chromium or Chrome: install one, then `make test` again.")


if __name__ == "__main__":
    main()
