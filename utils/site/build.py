"""Build the book as `jupyter-book build .` does, with warnings as errors and no traceback.

Jupyter Book's own command ends a failed build with a Python traceback of itself, which pushes the
sentence that says what is wrong off the screen.
"""

import os
import sys
from pathlib import Path

from jupyter_book.cli.main import main as jupyter_book


def main():
    root = Path(__file__).parents[2]
    os.chdir(root)
    try:
        jupyter_book(["build", ".", "-W", "-n", "--keep-going"], standalone_mode=False)
    except RuntimeError:
        # Sphinx remembers the pages it has read, but not their warnings: without this the next
        # build would pass over them in silence.
        (root / "_build" / ".doctrees" / "environment.pickle").unlink(missing_ok=True)
        sys.exit("The book was not built; what went wrong stands above.")
    print(f"The book is in {root / '_build' / 'html'}.")
    print("Open index.html there in a browser, or run `make serve` for an address to click.")


if __name__ == "__main__":
    main()
