"""Marks the notebooks on a desk: runs each in a process of its own and checks what it defines."""

import linecache
import multiprocessing
import os
import warnings
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from exercises import bank, desk, learner
from utils.grading import guard, submissions
from utils.grading.judge import judge
from utils.grading.model import CaseResult, Verdict

CELLS = 60.0  # seconds for running a notebook's own cells
EACH = 15.0  # and for each of its functions


def mark_desk(where):
    """(verdicts, remarks) of all exercises; a notebook that breaks costs only itself."""
    verdicts, remarks = [], []
    bank.functions()  # loads PyTorch here, as above nbformat and IPython, not in each process
    for topic in bank.TOPICS:
        path = Path(where).resolve() / "exercises" / f"{topic}.ipynb"
        path = path if path.is_file() else path.parents[1] / path.name
        if not path.is_file():
            remarks.append(f"{topic}.ipynb is not there; `make lab` lays it out.")
            continue
        found, said = _in_a_process(path, topic)
        verdicts += found
        remarks += said
    for verdict in verdicts:
        desk.remember(verdict, Path(where))
    return verdicts, remarks


def _in_a_process(path, topic):
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    ours, theirs = context.Pipe(duplex=False)
    worker = context.Process(target=_mark, args=(str(path), topic, theirs))
    worker.start()
    theirs.close()
    try:
        if ours.poll(CELLS + EACH * len(bank.of_topic(topic))):
            return ours.recv()
        return [], [f"{path.name} did not come to an end and was stopped."]
    except EOFError:
        return [], [f"{path.name} ended its own process (exit, or out of memory)."]
    finally:
        if worker.is_alive():
            worker.kill()
        worker.join()


def _mark(path, topic, pipe):
    os.chdir(Path(path).parent)
    with open(os.devnull, "w") as null:
        os.dup2(null.fileno(), 1)
        os.dup2(null.fileno(), 2)
        warnings.simplefilter("ignore")
        try:
            space, said = run_cells(Path(path))
        except Exception as error:  # not a notebook at all
            pipe.send(([], [f"{Path(path).name} cannot be read: {type(error).__name__}: {error}"]))
            return
        verdicts = []
        for exercise in bank.of_topic(topic):
            function = space.get(exercise.name)
            if function is None:
                verdicts.append(_absent(exercise))
            else:
                verdicts.append(judge(exercise, guard.asking(exercise, function), learner.SEED))
        pipe.send((verdicts, said))


def _absent(exercise):
    cases = tuple(CaseResult(c.name, 0.0, 0.0, "not_found") for c in exercise.cases)
    sentence = f"{exercise.name} is not there: its cell is missing or has an error."
    return Verdict(exercise.name, 0.0, exercise.points, cases, (), (sentence,), written=False)


class Quiet:
    """Stands for IPython: magics and shell commands do nothing while marks are made."""

    def __getattr__(self, name):
        return lambda *arguments, **options: None


def run_cells(path):
    """What a notebook's code cells define; cells that fail are passed over and reported."""
    notebook = nbformat.read(path, as_version=4)
    space = {"__name__": "__main__", "get_ipython": Quiet}
    quiet = {name: lambda *a, **k: None for name in submissions.HELPERS}
    said = []
    for number, cell in enumerate(c for c in notebook.cells if c.cell_type == "code"):
        name = f"<{path.name}, cell {number + 1}>"
        space.update(quiet)
        try:
            code = submissions.clean(TransformerManager().transform_cell(cell.source))
            linecache.cache[name] = (len(code), None, code.splitlines(True), name)
            exec(compile(code, name, "exec"), space)
        except BaseException as error:
            said.append(f"{name[1:-1]}: {type(error).__name__}: {error}")
    return space, said
