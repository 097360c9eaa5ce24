"""Only what changed is executed again, and a failed cell is named."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from utils.site.execute import join_streams

ROOT = Path(__file__).parents[2]
CONF = """
extensions = ["myst_nb", "utils.site.execute"]
nb_execution_mode = "cache"
exclude_patterns = ["out", "jupyter_execute", ".jupyter_cache"]
"""
PAGE = """---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kernelspec: {{display_name: Python 3, language: python, name: python3}}
---
# {title}

```{{code-cell}} ipython3
{code}
```
"""


class Book:
    """A book of two chapters and a library of one module, which one of the chapters imports."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "conf.py").write_text(CONF)
        (folder / "index.md").write_text("# Book\n\n```{toctree}\nuses\nalone\n```\n")
        (folder / "library.py").write_text("NUMBER = 111\n")
        self.chapter("uses", "import library\nprint(library.NUMBER)")
        self.chapter("alone", "print(222)")

    def chapter(self, name, code):
        (self.folder / f"{name}.md").write_text(PAGE.format(title=name, code=code))

    def build(self):
        """Build; returns the exit status, what was printed, and the chapters executed."""
        run = subprocess.run(
            [sys.executable, "-m", "sphinx", "-b", "html", ".", "out"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        said = run.stdout + run.stderr
        executed = {line.split()[1] for line in said.splitlines() if line.startswith("executed ")}
        return run.returncode, said, executed

    def page(self, name):
        return (self.folder / "out" / f"{name}.html").read_text()


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("book"))
    status, said, executed = book.build()
    assert status == 0, said
    assert executed == {"uses.md", "alone.md"}
    return book


def test_nothing_changed_nothing_executed(book):
    assert book.build()[2] == set()


def test_a_change_in_the_library_executes_the_chapters_that_import_it(book):
    (book.folder / "library.py").write_text("NUMBER = 333\n")
    assert book.build()[2] == {"uses.md"}
    assert "333" in book.page("uses")


def test_a_change_in_a_file_executes_the_chapters_that_open_it(book):
    data = book.folder / "data.txt"
    data.write_text("555")
    book.chapter("alone", "print(open('data.txt').read())")
    assert book.build()[2] == {"alone.md"}
    data.write_text("666")
    assert book.build()[2] == {"alone.md"}
    assert "666" in book.page("alone")


def test_a_change_in_a_chapter_executes_that_chapter(book):
    book.chapter("alone", "print(444)")
    assert book.build()[2] == {"alone.md"}
    assert "444" in book.page("alone")


def test_a_failed_cell_is_named_with_chapter_line_and_error(book):
    book.chapter("alone", "x = 0\n1 / x")
    status, said, _ = book.build()
    assert status != 0
    assert "alone.md, code cell 1 (line 8)" in said
    assert "ZeroDivisionError: division by zero" in said
    assert "    1 / x" in said
    status, said, _ = book.build()
    assert status != 0, "the error must come again until it is mended"
    book.chapter("alone", "print(222)")
    assert book.build()[0] == 0


def test_a_chapter_whose_kernel_dies_is_named(book):
    book.chapter("alone", "import os\nos._exit(1)")
    status, said, _ = book.build()
    assert status != 0
    assert "alone.md, code cell 1 (line 8)" in said and "Kernel died" in said
    book.chapter("alone", "print(222)")
    assert book.build()[0] == 0


def test_a_line_that_the_kernel_sent_in_two_pieces_is_one_line():
    pieces = [nbformat.v4.new_output("stream", name="stdout", text=t) for t in ("loss", " 0.434\n")]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=pieces)])
    join_streams(notebook)
    assert [output.text for output in notebook.cells[0].outputs] == ["loss 0.434\n"]
