"""Execute the notebooks that need it before Sphinx reads them: all at once, and no others.

MyST-NB's cache knows a notebook by the code in its cells. It does not see that a module under
`utils/` has changed, or that NumPy was upgraded. This extension notes for each executed notebook
which of the project's files its kernel read, and executes it again when one of them, or the
pinned environment, is no longer the same. Notebooks run side by side, one a core; one whose front
matter says `execute_alone: true` (it measures time) runs when the others are done. A cell that
fails ends the build with its chapter, its place and its error.
"""

import asyncio
import hashlib
import json
import os
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import create_nb_reader
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sphinx.errors import SphinxError
from sphinx.util import logging

logger = logging.getLogger(__name__)

RECORD = "dependencies.json"
# A change in the machinery that renders pages is no reason to compute the chapters again.
NOT_A_DEPENDENCY = ("utils/site/", "_build/", ".venv")


class ChapterFailed(SphinxError):
    category = "A chapter failed"


@dataclass
class Chapter:
    """A notebook of the book: where it is, and its cells as MyST-NB reads them."""

    path: Path
    notebook: object

    @property
    def alone(self):
        return bool(self.notebook.metadata.get("execute_alone"))


def digest(path):
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return "missing"


def environment(root):
    """A fingerprint of what all chapters stand on: the interpreter and the pinned packages."""
    pins = [digest(root / name) for name in ("requirements.txt", "constraints.txt")]
    return "-".join([".".join(map(str, sys.version_info[:2])), *pins])


class Dependencies:
    """What each executed notebook read, and in which state: `_build/.jupyter_cache/RECORD`."""

    def __init__(self, root, cache_path):
        self.root, self.path = root, Path(cache_path, RECORD)
        try:
            self.records = json.loads(self.path.read_text())
        except (OSError, ValueError):
            self.records = {}

    def name(self, chapter):
        return chapter.path.relative_to(self.root).as_posix()

    def fresh(self, chapter):
        """Whether everything the notebook read when it was executed is as it was."""
        record = self.records.get(self.name(chapter))
        return (
            record is not None
            and record["environment"] == environment(self.root)
            and all(digest(self.root / file) == old for file, old in record["files"].items())
        )

    def seconds(self, chapter):
        return self.records.get(self.name(chapter), {}).get("seconds", float("inf"))

    def note(self, chapter, files, seconds):
        files = [file for file in files if not file.startswith(NOT_A_DEPENDENCY)]
        self.records[self.name(chapter)] = {
            "environment": environment(self.root),
            "files": {file: digest(self.root / file) for file in files},
            "seconds": round(seconds, 2),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.records, indent=1, sort_keys=True))


def chapters(env):
    """All notebooks among the book's pages."""
    for docname in sorted(env.found_docs):
        path = Path(env.doc2path(docname))
        text = path.read_text(encoding="utf-8")
        reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
        if reader is not None:
            notebook = reader.read(text)
            if any(cell.cell_type == "code" for cell in notebook.cells):
                yield docname, Chapter(path, notebook)


def outdated(app, env, added, changed, removed):
    """Sphinx asks which pages must be read again although their own text is as it was."""
    root = Path(app.srcdir)
    cache = get_cache(env.mystnb_config.execution_cache_path)
    dependencies = Dependencies(root, env.mystnb_config.execution_cache_path)
    app.ce_stale = {}
    for docname, chapter in chapters(env):
        try:
            record = cache.match_cache_notebook(chapter.notebook)
        except KeyError:
            app.ce_stale[docname] = chapter
            continue
        if not dependencies.fresh(chapter):
            cache.remove_cache(record.pk)
            app.ce_stale[docname] = chapter
    return list(app.ce_stale)


def execute_stale(app, env, docnames):
    """Before pages are read: execute what is stale and put it into MyST-NB's cache."""
    if not app.ce_stale:
        return
    config = env.mystnb_config
    root = Path(app.srcdir)
    cache = get_cache(config.execution_cache_path)
    dependencies = Dependencies(root, config.execution_cache_path)
    longest_first = sorted(app.ce_stale.values(), key=dependencies.seconds, reverse=True)

    async def collect():
        async for chapter, files, seconds, error in side_by_side(
            longest_first, root, config.execution_timeout
        ):
            if error:
                yield error
                continue
            bundle = CacheBundleIn(
                chapter.notebook, str(chapter.path), data={"execution_seconds": seconds}
            )
            cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            if files is not None:
                dependencies.note(chapter, files, seconds)
            logger.info("executed %s in %.1f s", dependencies.name(chapter), seconds)

    async def failures():
        return [error async for error in collect()]

    logger.info("executing %d notebooks", len(longest_first))
    failed = asyncio.run(failures())
    if failed:
        raise ChapterFailed("\n\n".join(failed))


async def side_by_side(chapters, root, timeout):
    """Execute the chapters, one a core, then those that must be alone; yield each as it ends."""
    cores = os.cpu_count() or 1
    together = [chapter for chapter in chapters if not chapter.alone]
    gate = asyncio.Semaphore(cores)

    async def one(chapter):
        async with gate:
            return await execute(chapter, root, timeout, threads=1)

    for task in asyncio.as_completed([one(chapter) for chapter in together]):
        yield await task
    for chapter in chapters:
        if chapter.alone:
            yield await execute(chapter, root, timeout, threads=cores)


class Client(NotebookClient):
    """Executes without keeping the widgets' state, and bears widgets that capture output."""

    def reset_execution_trackers(self):
        super().reset_execution_trackers()
        # An Output widget writes its state here even where none is stored, and expects its place.
        self.widget_state = defaultdict(dict)

    def set_widgets_metadata(self):
        pass


async def execute(chapter, root, timeout, threads):
    """Execute one notebook in place; returns it, what it read, the seconds, and what failed."""
    started, error, begun = time.perf_counter(), None, []
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "files.json")
        trace = Path(__file__).with_name("trace.py")
        line = (
            f"import runpy; runpy.run_path({str(trace)!r})['watch']({str(root)!r}, {str(report)!r})"
        )
        client = Client(
            chapter.notebook,
            timeout=timeout,
            kernel_name=chapter.notebook.metadata.get("kernelspec", {}).get("name", "python3"),
            extra_arguments=[f"--IPKernelApp.exec_lines={line}", "--log-level=ERROR"],
            store_widget_state=False,
            record_timing=False,  # it goes into the cells' metadata, by which the cache knows them
            resources={"metadata": {"path": str(chapter.path.parent)}},
            on_cell_execute=lambda cell, cell_index: begun.append(cell),
        )
        path = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
        env = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": str(threads)}
        try:
            await client.async_execute(env=env)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as exception:
            error = describe(chapter, root, exception, begun[-1])
        join_streams(chapter.notebook)
        seconds = time.perf_counter() - started
        try:
            files = json.loads(report.read_text())
        except (OSError, ValueError):  # the kernel was ended by force: what it read is not known
            files = None
    return chapter, files, seconds, error


def join_streams(notebook):
    """What a cell printed as one output: where the kernel sent it in pieces, possibly cut in the
    middle of a line, MyST-NB's own merging would end the line there."""
    for cell in notebook.cells:
        joined = []
        for output in cell.get("outputs", []):
            last = joined[-1] if joined else {}
            if output.output_type == "stream" and output.name == last.get("name"):
                last.text += output.text
            else:
                joined.append(output)
        if joined:
            cell.outputs = joined


def describe(chapter, root, exception, failed):
    """Which chapter, which cell, which error: all an author needs to go and mend it."""
    codes = [cell for cell in chapter.notebook.cells if cell.cell_type == "code"]
    number = next(number for number, cell in enumerate(codes, 1) if cell is failed)
    where = f"{chapter.path.relative_to(root).as_posix()}, code cell {number}"
    before, found, _ = chapter.path.read_text(encoding="utf-8").partition(failed.source)
    if found:
        where += f" (line {before.count(chr(10)) + 1})"
    errors = [o for o in failed.get("outputs", []) if o.output_type == "error"]
    if errors:
        what = f"{errors[0].ename}: {errors[0].evalue}"
    else:
        what = str(exception).strip().splitlines()[0]
    source = "\n".join("    " + line for line in failed.source.splitlines())
    return f"{where}\n{what}\nin the cell\n{source}"


def setup(app):
    app.connect("env-get-outdated", outdated)
    app.connect("env-before-read-docs", execute_stale)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
