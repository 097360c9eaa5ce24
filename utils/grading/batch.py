"""Marking many submissions: worker processes, a journal, a progress bar.

The supervisor never touches a submission itself. Each worker judges, and owns a fork server; a
worker that dies or does not end is replaced, and only the submission it was marking is concerned.
"""

import contextlib
import hashlib
import importlib
import json
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from pathlib import Path

from utils.grading.frames import Countdown
from utils.grading.sandbox import Confinement, ForkServer, Limits, trial

STARTING = 600.0  # seconds in which a worker is to be ready; a cold disk makes PyTorch slow
STARTS = 3  # starts in a row that may fail


@dataclass
class Plan:
    """Everything a worker needs to know; `bank` is "module:function" giving the exercises."""

    bank: str
    seed: int
    confinement: Confinement | None
    names: tuple = ()
    limits: Limits = field(default_factory=Limits)
    hidden: tuple = ()

    def exercises(self):
        module, _, function = self.bank.partition(":")
        exercises = list(getattr(importlib.import_module(module), function)())
        if self.names:
            exercises = [exercise for exercise in exercises if exercise.name in self.names]
        return exercises


class Marker:
    """A fork server and the exercises: marks one submission after another."""

    def __init__(self, plan):
        self.server = ForkServer(plan.confinement, plan.hidden)  # starts while we import
        from utils.grading import marking

        self.marking = marking
        self.job = marking.Job(plan.exercises(), plan.seed, plan.limits)
        self.reason = trial(self.server)

    def __call__(self, submission):
        if self.reason:
            return unmarked(submission, self.reason)
        return self.marking.mark(submission, self.job, self.server)

    def close(self):
        self.server.close()


# --- workers --------------------------------------------------------------------------------------


def _work(pipe, plan):
    """A worker's life: a submission in, its result out, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(Exception):
        import pyprctl

        pyprctl.set_pdeathsig(signal.SIGKILL)
        pyprctl.set_dumpable(False)
    marker = Marker(plan)
    try:
        pipe.send("ready")
        while True:
            pipe.send(marker(pipe.recv()))
    except (EOFError, BrokenPipeError):
        pass  # the supervisor is done
    finally:
        marker.close()


class Worker:
    """The supervisor's handle on one worker: starting, idle, or marking its task."""

    def __init__(self, plan):
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, plan), daemon=True)
        with _one_thread():
            self.process.start()
        theirs.close()
        self.ready, self.task, self.countdown = False, None, Countdown(STARTING)

    @property
    def idle(self):
        return self.ready and self.task is None

    def give(self, task, patience):
        self.task, self.countdown = task, Countdown(patience)
        with contextlib.suppress(OSError):
            self.pipe.send(task)

    def stop(self, patience=5.0):
        """Let it put its rooms away; one that is stuck, or only starts, is killed."""
        self.pipe.close()
        self.process.join(patience if self.ready else 0)
        self.process.kill()
        self.process.join()


@contextlib.contextmanager
def _one_thread():
    """Workers are as many as cores: their own numerical libraries get one thread each."""
    names = [f"{name}_NUM_THREADS" for name in ("OMP", "MKL", "OPENBLAS")]
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run(submissions, plan, jobs, patience=None):
    """Yield a result for each submission, in the order in which they are done.

    A worker's start (PyTorch, the sandbox) is not counted as marking time.
    """
    patience = patience or plan.limits.total + 4 * plan.limits.cells
    tasks, tries, unstarted = list(reversed(submissions)), {}, 0
    workers = []
    try:
        workers += [Worker(plan) for _ in range(min(jobs, len(tasks)))]
        while tasks or any(worker.task for worker in workers):
            for worker in workers:
                if tasks and worker.idle:
                    worker.give(tasks.pop(), patience)
            busy = {worker.pipe: worker for worker in workers if not worker.idle}
            said, lost = wait(list(busy), 1.0), []
            for worker in map(busy.get, said):
                try:
                    result = worker.pipe.recv()
                except (EOFError, OSError):
                    lost.append(worker)
                    continue
                if worker.ready:
                    worker.task = None
                    yield result
                else:
                    worker.ready, unstarted = True, 0
            late = [w for w in busy.values() if not w.idle and w.countdown.left() <= 0]
            for worker in {*lost, *late}:
                submission = worker.task
                if submission is None:
                    unstarted += 1
                elif worker in late:
                    yield unmarked(submission, f"marking it took more than {patience:g} s")
                elif tries.setdefault(submission.name, 0):
                    yield unmarked(submission, "marking it ended the marker's worker twice")
                else:
                    tries[submission.name] = 1
                    tasks.append(submission)
                worker.stop(patience=0)
                workers.remove(worker)
                if submission is not None or unstarted < STARTS:
                    workers.append(Worker(plan))
            while tasks and not workers:
                yield unmarked(tasks.pop(), "no worker of the marker starts; see the errors above")
    finally:
        for worker in workers:
            worker.stop()


def unmarked(submission, reason):
    """The result of a submission that could not be marked."""
    return {
        "name": submission.name,
        "files": [file.name for file in submission.files],
        "reason": reason,
        "remarks": list(submission.remarks),
        "functions": {},
        "total": 0.0,
        "out_of": 0.0,
        "digest": "",
    }


# --- the journal ----------------------------------------------------------------------------------


class Journal:
    """Results as they come, one JSON line each, so that a killed batch can go on.

    One of another marking (`head` differs) is put `aside`.
    """

    def __init__(self, path, head):
        self.path, self.head, self.done, self.aside = Path(path), dict(head), {}, None
        self.continued = self._read()
        if not self.continued:
            if self.path.is_file() and self.path.read_bytes().count(b"\n") > 1:
                now = time.strftime("%Y%m%d-%H%M%S")
                self.aside = self.path.rename(self.path.with_name(f"{self.path.name}.{now}"))
            self.path.write_text(json.dumps(self.head) + "\n", encoding="utf-8")
        self.file = self.path.open("a", encoding="utf-8")
        if self.continued and not self.path.read_bytes().endswith(b"\n"):
            self.file.write("\n")

    @staticmethod
    def seed_of(path):
        """The seed of a journal that is there, else None."""
        try:
            with Path(path).open(encoding="utf-8") as file:
                return int(json.loads(file.readline())["seed"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _read(self):
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
            if json.loads(lines[0]) != self.head:
                return False
        except (OSError, ValueError):
            return False
        for line in lines[1:]:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                self.done[entry["key"]] = entry["result"]
        return True

    def add(self, key, result):
        self.file.write(json.dumps({"key": key, "result": result}) + "\n")
        self.file.flush()
        self.done[key] = result

    def close(self, finished):
        self.file.close()
        if finished:
            self.path.unlink(missing_ok=True)


def key_of(submission):
    """Changes whenever the submission changes: name, remarks, and the files' bytes."""
    digest = hashlib.sha256(repr((submission.name, submission.reason)).encode())
    for path in submission.files:
        digest.update(repr(path.name).encode())
        if path.is_symlink() or not path.is_file():
            continue
        with contextlib.suppress(OSError), open(path, "rb") as file:
            while part := file.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()


def fingerprint(*folders):
    """Changes whenever the code that decides about marks changes."""
    digest = hashlib.sha256()
    for folder in map(Path, folders):
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def grade(submissions, plan, journal, jobs, progress=None, runner=None):
    """All results, sorted by name; those that the journal holds are not marked again."""
    keys = {submission.name: key_of(submission) for submission in submissions}
    left = [s for s in submissions if keys[s.name] not in journal.done]
    bar = progress(len(submissions), len(submissions) - len(left)) if progress else None
    try:
        for result in (runner or run)(left, plan, jobs) if left else ():
            journal.add(keys[result["name"]], result)
            if bar:
                bar.update()
    finally:
        if bar:
            bar.close()
    return sorted((journal.done[key] for key in keys.values()), key=lambda result: result["name"])


def progress_bar(total, done):
    """A bar with rate and time left, on the error stream."""
    from tqdm import tqdm

    return tqdm(
        total=total,
        initial=done,
        unit="submission",
        file=sys.stderr,
        smoothing=0.05,
        mininterval=0.2 if sys.stderr.isatty() else 10,
        dynamic_ncols=True,
    )
