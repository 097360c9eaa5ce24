"""Asks a learner's function in the learner's own kernel, and keeps that kernel alive.

An exception, an endless loop, `exit()`, a flood of output or a changed input become part of the
`Answer`. It guards a learner against mistakes; guarding marks is the sandbox's task.
"""

import builtins
import contextlib
import ctypes
import io
import os
import signal
import sys
import threading
import time
import traceback
import types
import warnings
from pathlib import Path

import numpy as np

from utils.grading import traps, wording
from utils.grading.compare import copied
from utils.grading.model import Answer

SECONDS = 10.0
OUTPUT = 2000  # characters of print that are kept
OURS = str(Path(__file__).parents[1])
EXITS = ("exit", "quit")


class OutOfTime(BaseException):
    """Raised inside a learner's code that has run too long; no ordinary `except` stops it."""


class Output(io.StringIO):
    """Keeps the first characters and counts the rest."""

    def __init__(self):
        super().__init__()
        self.dropped = 0

    def write(self, text):
        room = max(0, OUTPUT - self.tell())
        self.dropped += max(0, len(text) - room)
        super().write(text[:room])
        return len(text)


def asking(exercise, learner, seconds=SECONDS):
    """The `ask` of one exercise for `judge`."""

    def ask(args):
        before = copied(args)
        output, began = Output(), time.perf_counter()
        with _quiet(output) as caught, _without_exit(learner):
            answer = _call(exercise, learner, args, seconds)
        return Answer(
            **answer,
            mutated=any(_changed(a, b) for a, b in zip(args, before, strict=True)),
            seconds=time.perf_counter() - began,
            notes=_notes(output, caught),
        )

    return ask


def _call(exercise, learner, args, seconds):
    answer, watch = _called(exercise, learner, args, seconds)
    if watch.seen:
        return {"kind": "forbidden", "error": wording.ruled_out(exercise, watch.seen[0])}
    return answer


def _called(exercise, learner, args, seconds):
    watch, spaces = traps.Watch(), traps.spaces_of(learner)
    try:
        with _limit(seconds) as stopped, traps.watching(exercise.forbidden, spaces) as watch:
            value = exercise.drive(watch.of(learner), *args)
        if isinstance(value, types.GeneratorType | types.CoroutineType):
            value.close()
        return {"value": _detached(value)}, watch
    except OutOfTime:
        return {"kind": "timeout", "error": f"{seconds:g} seconds", "where": stopped.where}, watch
    except KeyboardInterrupt:
        raise
    except SystemExit:
        error = "SystemExit: a function of this book never has to exit"
        return {"kind": "raised", "error": error}, watch
    except BaseException as error:
        text = f"{type(error).__name__}: {str(error)[:300]}"
        return {"kind": "raised", "error": text, "where": _where(error.__traceback__)}, watch


def _detached(value):
    """What came, unless looking at it would run more of the learner's code."""
    if isinstance(value, np.ndarray) and type(value) is not np.ndarray:
        return np.array(value)
    return value


def _changed(after, before):
    if isinstance(before, list | tuple):
        return len(after) != len(before) or any(map(_changed, after, before))
    if not isinstance(before, np.ndarray):
        return False
    return after.shape != before.shape or after.tobytes() != before.tobytes()


# --- time ----------------------------------------------------------------------------------------


class _Stopped:
    where = ""


@contextlib.contextmanager
def _limit(seconds):
    """Stop what runs inside after so many seconds, and note the line it was at."""
    stopped = _Stopped()
    main = threading.current_thread() is threading.main_thread()
    if main and hasattr(signal, "setitimer"):
        yield from _by_signal(seconds, stopped)
    else:
        yield from _by_thread(seconds, stopped)


def _by_signal(seconds, stopped):
    def stop(number, frame):
        stopped.where = stopped.where or _line_of(frame)
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again, should it be caught
    try:
        yield stopped
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _by_thread(seconds, stopped):
    runner = threading.get_ident()
    done = threading.Event()

    def stop():
        if not done.wait(seconds):
            stopped.where = _line_of(sys._current_frames().get(runner))
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(runner), ctypes.py_object(OutOfTime)
            )

    threading.Thread(target=stop, daemon=True).start()
    try:
        yield stopped
    finally:
        done.set()


def _line_of(frame):
    """The learner's line that a frame is at: the innermost that is not this project's own."""
    while frame is not None:
        name = frame.f_code.co_filename
        if not name.startswith((OURS, "<driver", "<frozen", sys.prefix, sys.base_prefix)):
            return _text(name, frame.f_lineno)
        frame = frame.f_back
    return ""


def _where(trace):
    """The last line of the learner's own code in a traceback."""
    lines = [
        _text(f.filename, f.lineno)
        for f in traceback.extract_tb(trace)
        if not f.filename.startswith((OURS, "<driver", "<frozen", sys.prefix, sys.base_prefix))
    ]
    return lines[-1] if lines else ""


def _text(filename, number):
    import linecache

    line = linecache.getline(filename, number).strip()
    return f"line {number}, `{line}`" if line else f"line {number}"


# --- output, warnings, exit ----------------------------------------------------------------------


@contextlib.contextmanager
def _quiet(output):
    with (
        warnings.catch_warnings(record=True) as caught,
        np.errstate(all="warn", under="ignore"),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
    ):
        warnings.simplefilter("always")
        yield caught


@contextlib.contextmanager
def _without_exit(learner):
    """`exit()` and `os._exit()` end the function, not the kernel."""
    spaces = [vars(builtins)]
    if isinstance(getattr(learner, "__globals__", None), dict):
        spaces.append(learner.__globals__)
    saved = [(space, name, space[name]) for space in spaces for name in EXITS if name in space]
    hard = os._exit
    for space, name, _ in saved:
        space[name] = sys.exit
    os._exit = sys.exit
    try:
        yield
    finally:
        os._exit = hard
        for space, name, value in saved:
            space[name] = value


def _notes(output, caught):
    notes = []
    if output.getvalue():
        cut = f"\n… and {output.dropped} characters more" if output.dropped else ""
        notes.append(f"It printed: {output.getvalue().rstrip()}{cut}")
    texts = {str(w.message) for w in caught if issubclass(w.category, RuntimeWarning)}
    notes += [f"NumPy warned: {text}." for text in sorted(texts) if "encountered" in text]
    return tuple(notes)
