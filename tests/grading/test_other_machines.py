"""Machines that lack what Linux has, played on Linux: macOS above all."""

import dataclasses
import importlib.util
import resource
import shutil
import sys
from pathlib import Path

import jupytext
import pytest

from tests.grading.conftest import LIMITS, SEED
from utils.grading import batch, sandbox, submissions

HERE = Path(__file__).parent

# The fork server as macOS would run it: no namespaces, no seccomp, no /proc, fewer limits.
MACOS = """
import builtins, os, resource, sys
sys.path += sys.argv[1:]
import matplotlib.pyplot, numpy, scipy.special, torch
sys.platform = "darwin"
for name in ("setns", "unshare", "pidfd_open", "memfd_create"):
    if hasattr(os, name):
        delattr(os, name)
sys.modules["pyseccomp"] = sys.modules["pyprctl"] = None
opened, limited = open, resource.setrlimit

def without_proc(file, *args, **kwargs):
    if str(file).startswith("/proc"):
        raise FileNotFoundError(2, "No such file or directory")
    return opened(file, *args, **kwargs)

def some(kind, values):
    if kind in (resource.RLIMIT_AS, resource.RLIMIT_STACK):
        raise ValueError("current limit exceeds maximum limit")
    if kind != resource.RLIMIT_NPROC:  # macOS counts no threads
        limited(kind, values)

builtins.open, resource.setrlimit = without_proc, some
__file__ = PROGRAM
exec(compile(opened(PROGRAM).read(), PROGRAM, "exec"), globals())
"""


@pytest.fixture
def macos(monkeypatch, tmp_path):
    jupytext.reads("", fmt="md")  # what it imports looks at the platform
    program = tmp_path / "macos.py"
    program.write_text(f"PROGRAM = {str(sandbox.PROGRAM)!r}\n{MACOS}")
    monkeypatch.setattr(sandbox, "PROGRAM", program)
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)


def test_on_macos_what_is_lacking_is_said_and_marks_are_made(macos, tmp_path):
    """Also of submissions that crash, hang or call what is ruled out."""
    found = sandbox.detect()
    said = found.sentence()
    for lacking in ("macOS has no bubblewrap", "network not blocked", "Memory not limited"):
        assert lacking in said
    expected = {
        "patch_comparisons": None,
        "exit_hard": None,
        "segmentation_fault": None,
        "forbidden_calls": None,
        "right_once": None,
    }
    place = tmp_path / "class"
    place.mkdir()
    for name in expected:
        text = (HERE / "hostile" / f"{name}.md").read_text(encoding="utf-8")
        expected[name] = text.split("marks: {")[1].split("}")[0]
        shutil.copy(HERE / "hostile" / f"{name}.md", place)
    marker = batch.Marker(batch.Plan("tests.grading.bank:exercises", SEED, found, limits=LIMITS))
    try:
        assert marker.server.ready()["seccomp"] is False
        for submission in submissions.find([place]):
            result = marker(submission)
            assert result["reason"] is None
            points = [f"{n}: {e['points']:g}" for n, e in result["functions"].items()]
            assert ", ".join(points) == expected[submission.name], submission.name
    finally:
        marker.close()


def test_where_children_cannot_compute_nobody_is_marked_as_wrong(monkeypatch, tmp_path):
    """As when a library does not survive a fork: a reason for each, and no zero points."""
    program = tmp_path / "broken.py"
    start = f"PROGRAM = {str(sandbox.PROGRAM)!r}\n"
    text = MACOS.replace("__file__ =", "torch.tensor = lambda x: os.abort()\n__file__ =")
    assert text != MACOS
    program.write_text(start + text)
    monkeypatch.setattr(sandbox, "PROGRAM", program)
    found = sandbox.Confinement(rooms=False)
    marker = batch.Marker(batch.Plan("tests.grading.bank:exercises", SEED, found, limits=LIMITS))
    try:
        result = marker(submissions.find([HERE / "hostile" / "right_once.md"])[0])
    finally:
        marker.close()
    assert result["functions"] == {}
    assert "a trial in the sandbox ended with abort()" in result["reason"]


@pytest.fixture
def child(monkeypatch):
    """The child's code as a module, here."""
    monkeypatch.setattr(sys, "argv", ["child.py"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    spec = importlib.util.spec_from_file_location("child_here", sandbox.HERE / "child.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_limits_that_a_system_does_not_take_stop_nothing(child, monkeypatch):
    """A limit that is low already stays so; one that is refused or unknown is passed over."""
    taken = {}

    def setrlimit(kind, values):
        if kind == resource.RLIMIT_AS:
            raise ValueError("not here")
        taken[kind] = values

    low = {resource.RLIMIT_NOFILE: (50, 60), resource.RLIMIT_CPU: (5, 30)}
    unlimited = (resource.RLIM_INFINITY,) * 2
    monkeypatch.setattr(child.resource, "setrlimit", setrlimit)
    monkeypatch.setattr(child.resource, "getrlimit", lambda kind: low.get(kind, unlimited))
    monkeypatch.delattr(child.resource, "RLIMIT_NPROC")
    monkeypatch.setitem(sys.modules, "pyprctl", None)
    child.narrow(None, 1 << 30, {"cpu": 30, "room": True, "processes": None})
    assert taken[resource.RLIMIT_NOFILE] == (60, 60)
    assert taken[resource.RLIMIT_CPU] == (30, 30)
    assert taken[resource.RLIMIT_FSIZE] == (64 << 20, 64 << 20)
    assert resource.RLIMIT_AS not in taken


def test_address_space_without_proc(child, monkeypatch):
    def no_proc(*args, **kwargs):
        raise FileNotFoundError

    monkeypatch.setattr(child, "open", no_proc, raising=False)
    assert child.address_space() > 1 << 30
    monkeypatch.setattr(submissions, "open", no_proc, raising=False)
    with submissions.bounded(5):
        assert True
    with pytest.raises(TimeoutError), submissions.bounded(0.2):
        while True:
            pass


def test_a_filter_is_not_looked_for_where_there_is_no_linux(monkeypatch):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    assert sandbox._has_filter() is False
    assert dataclasses.replace(sandbox.Confinement(False), missing=("x.",)).sentence()
