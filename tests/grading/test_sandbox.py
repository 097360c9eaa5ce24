"""Each confinement, probed from inside. Every probe says what an unconfined process would see:
`test_probes_see_the_difference` runs them outside a room, where they must come out otherwise."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from utils.grading import frames, sandbox

PROBES = """
import ctypes, os, resource, socket, sys

def attempt(function, *args):
    try:
        result = function(*args)
        return f"did: {result}"
    except OSError as error:
        return f"refused: {type(error).__name__}"

def status():
    text = ctypes.create_string_buffer(24)
    header = ctypes.create_string_buffer((0x20080522).to_bytes(4, "little") + bytes(4))
    ctypes.CDLL(None).capget(header, text)
    return text.raw

def facts(x):
    libc = ctypes.CDLL(None, use_errno=True)
    return {
        "capabilities": any(status()),
        "no new privileges": libc.prctl(39, 0, 0, 0, 0) == 1,
        "dumpable": libc.prctl(3, 0, 0, 0, 0),
        "seccomp": libc.prctl(21, 0, 0, 0, 0),
        "user": os.getuid(),
        "process": os.getpid(),
        "parent": os.getppid(),
        "session": os.getsid(0) == os.getpid(),
        "folders": sorted(os.listdir("/")),
        "proc": os.path.exists("/proc/self"),
        "home": os.path.exists(os.path.join(HOME, ".bashrc")) or os.path.exists(BOOK + "/utils"),
        "interfaces": len(socket.if_nameindex()) if os.path.exists("/sys") else 1,
        "descriptors": [d for d in range(256) if attempt(os.fstat, d)[:3] == "did"],
        "scratch": sorted(os.listdir(".")),
        "write /": attempt(os.mkdir, "/made"),
        "write packages": attempt(os.mkdir, PACKAGES + "/made"),
        "fork": attempt(os.fork),
        "exec": attempt(os.execv, "/cat", ["/cat"]),
        "socket": attempt(socket.socket),
        "kill": attempt(os.kill, -1, 0),
        "memfd": attempt(os.memfd_create, "x"),
        "modules": sorted(set(sys.modules) & {"utils", "exercises", "pickle", "dask"}),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        "file size": resource.getrlimit(resource.RLIMIT_FSIZE)[1] >> 20,
        "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
        "processes": resource.getrlimit(resource.RLIMIT_NPROC)[1],
        "processor": resource.getrlimit(resource.RLIMIT_CPU)[0],
        "environment": sorted(os.environ),
        "arguments": [a for a in sys.argv if a.isdigit() or "grade" in a and "child.py" not in a],
    }
"""
PROBES += f"\nHOME, BOOK, PACKAGES = {str(Path.home())!r}, {str(sandbox.BOOK)!r}, "
PROBES += f"{sandbox.package_folders()[0]!r}\n"
# What a room has to show in its scratch space: the way to packages that lie below it.
_BELOW = [Path(path) for path in sandbox.package_folders() if path.startswith("/tmp/")]
BELOW_SCRATCH = sorted({path.parts[2] for path in _BELOW})


def ask(child, function, *args, seconds=20):
    tree, blobs = frames.pack(args)
    question = {"op": "ask", "file": 0, "function": function, "args": tree}
    reply, out = child.request(question, blobs, seconds)
    return frames.unpack(reply["tree"], out) if reply["kind"] == "value" else reply


@pytest.fixture
def facts(child):
    return ask(child(PROBES), "facts", 0)


def test_rights_are_given_up(facts):
    assert facts["capabilities"] is False
    assert facts["no new privileges"] is True
    assert facts["dumpable"] == 0
    assert facts["seccomp"] == 2


def test_rights_are_given_up_too_where_the_room_has_one_user(confinement):
    """As when an ordinary user marks: the room's own user has all rights in it until then."""
    server = sandbox.ForkServer(dataclasses.replace(confinement, user=None))
    try:
        child = server.child(sandbox.Limits())
        child.request({"op": "load", "sources": [{"name": "a", "cells": [PROBES]}]}, seconds=20)
        facts = ask(child, "facts", 0)
        child.end()
    finally:
        server.close()
    assert facts["capabilities"] is False
    assert facts["no new privileges"] is True
    assert facts["user"] == sandbox.NOBODY
    assert facts["scratch"] == BELOW_SCRATCH
    assert facts["write /"].startswith("refused")
    assert facts["write packages"].startswith("refused")


def test_no_other_process_is_seen(facts):
    assert facts["user"] == sandbox.NOBODY
    assert facts["process"] < 10, "process numbers begin anew in a room"
    assert facts["parent"] == 0, "the parent is outside"
    assert facts["session"] is True
    assert facts["proc"] is False
    assert facts["kill"].startswith("refused")


def test_no_process_can_be_started(facts):
    assert facts["fork"].startswith("refused")
    assert facts["exec"].startswith("refused")


def test_packages_below_the_scratch_space_are_seen(confinement, tmp_path, monkeypatch):
    """As where someone has put the book into the system's folder for passing things."""
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "there.py").write_text("seen")
    monkeypatch.setattr(sandbox, "SCRATCH", str(tmp_path.parent))
    monkeypatch.setattr(sandbox, "package_folders", lambda: (str(tmp_path / "packages"),))
    arguments = sandbox._room_arguments(())
    room = [
        "bwrap",
        *sandbox._ALWAYS,
        *arguments,
        "--",
        "/cat",
        str(tmp_path / "packages" / "there.py"),
    ]
    seen = subprocess.run(room, capture_output=True, text=True)
    assert seen.stdout == "seen", seen.stderr


def test_files_of_the_machine_are_not_there(facts):
    assert not {"home", "sys", "proc", "var", "run", "opt"} & set(facts["folders"])
    assert facts["home"] is False
    assert facts["scratch"] == BELOW_SCRATCH
    assert facts["write /"].startswith("refused")
    assert facts["write packages"].startswith("refused")


def test_no_network(facts):
    assert facts["socket"].startswith("refused")
    assert facts["interfaces"] <= 1


def test_only_two_pipes_are_open(facts):
    assert len(facts["descriptors"]) == 5, "0, 1, 2 on nothing, questions, answers"


def test_limits_hold(facts):
    limits = {name: facts[name] for name in ("files", "file size", "core", "processes")}
    assert limits == {"files": 128, "file size": 64, "core": 0, "processes": 64}
    assert facts["processor"] == 30
    assert facts["memfd"].startswith("refused")


def test_nothing_of_the_marker_is_in_it(facts):
    assert facts["modules"] in ([], ["pickle"])  # NumPy brings pickle along; nothing reads it
    assert facts["arguments"] == []
    assert not {"PYTHONPATH", "USER", "VIRTUAL_ENV", "PWD"} & set(facts["environment"])


def test_probes_see_the_difference(server):
    """The same probes with no sandbox at all: had they no eyes, they would not differ."""
    script = PROBES + "\nimport json; print(json.dumps(facts(0)))"
    for harmful in (
        "attempt(os.fork)",
        'attempt(os.execv, "/cat", ["/cat"])',
        'attempt(os.mkdir, "/made")',
        'attempt(os.mkdir, PACKAGES + "/made")',
    ):
        assert harmful in script
        script = script.replace(harmful, "0")
    script = script.replace("attempt(os.kill, -1, 0)", "attempt(os.kill, os.getppid(), 0)")
    run = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True)
    open_air = json.loads(run.stdout)
    assert open_air["proc"] is True
    assert open_air["home"] is True
    assert open_air["seccomp"] == 0
    assert open_air["no new privileges"] is False
    assert open_air["socket"].startswith("did")
    assert open_air["kill"].startswith("did")
    assert open_air["memfd"].startswith("did")
    assert open_air["user"] == os.getuid() != sandbox.NOBODY
    if os.getuid() == 0:
        assert open_air["capabilities"] is True


def test_every_process_of_a_submission_is_in_namespaces_of_its_own(child):
    """Seen from outside: who shares the room's process numbers shares all its namespaces."""
    room = child("x = 1").place.pid
    kinds = ("pid", "net", "mnt", "ipc", "uts", "user", "cgroup")

    def spaces(pid):
        return {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in kinds}

    ours, theirs, members = spaces("self"), spaces(room), []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(path / "ns" / "pid") == theirs["pid"]:
                members.append(spaces(path.name))
        except OSError:
            continue
    assert len(members) >= 3, "bubblewrap, cat, and the child"
    for member in members:
        assert member == theirs
        assert not set(member.values()) & set(ours.values())


def test_as_root_the_submission_is_not_root_outside(child, confinement):
    if os.geteuid() != 0 or confinement.user is None:
        pytest.skip("not root, or no user namespace with two users here")
    started = child("x = 1")
    users = []
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            text = path.read_text()
        except OSError:
            continue
        if f"Uid:\t{sandbox.OUTSIDE}" in text:
            users.append(text)
    assert users
    started.end()


def test_the_room_dies_with_everything_in_it(server, child):
    started = child(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()"
    )
    room = started.place.pid
    assert Path(f"/proc/{room}").exists()
    started.end()
    state, deadline = Path(f"/proc/{room}/stat"), time.monotonic() + 5
    while _runs(state) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _runs(state)


def _runs(state):
    try:
        return state.read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_rooms_that_are_ending_do_not_pile_up(confinement):
    """They end while others are marked; closing the fork server waits for the last of them."""
    server, rooms = sandbox.ForkServer(confinement), []
    try:
        for _ in range(sandbox.MOST_LEAVING + 3):
            child = server.child(sandbox.Limits())
            rooms.append(child.place)
            child.end()
            assert len(server.leaving) <= sandbox.MOST_LEAVING
    finally:
        server.close()
    assert all(room.process.returncode is not None for room in rooms)


def test_a_scratch_folder_is_new_for_each_child(child):
    code = "import os\ndef write(x):\n    open('note', 'w').write('x')\n"
    code += "    return sorted(os.listdir('.'))"
    assert ask(child(code), "write", 0) == sorted(["note", *BELOW_SCRATCH])
    code = "import os\ndef look(x):\n    return os.listdir('.') + os.listdir('/tmp')"
    assert ask(child(code), "look", 0) == 2 * BELOW_SCRATCH


def test_two_children_do_not_see_each_other(child):
    """Side by side: no signal, no file, no process number leads from one to the other."""
    code = """
import os
def pid(x): return os.getpid()
def attack(number):
    out = []
    for target in range(1, 400):
        if target != os.getpid():
            try:
                os.kill(target, 9)
                out.append(target)
            except OSError:
                pass
    return out
"""
    one, other = child(code), child(code)
    assert ask(one, "attack", ask(other, "pid", 0)) == []
    assert ask(other, "pid", 0) > 0


def test_the_fork_server_survives_everything(server, child):
    before = server.process.pid
    for code in ("import os; os._exit(9)", "import ctypes; ctypes.string_at(0)", "exit()"):
        with contextlib.suppress(frames.Closed):
            child(code)
    assert server.process.pid == before
    assert server.process.poll() is None
    assert ask(child("def f(x): return x + 1"), "f", np.arange(2.0)).tolist() == [1, 2]


def test_a_dead_fork_server_is_started_again(confinement):
    server = sandbox.ForkServer(confinement)
    try:
        server.process.kill()
        server.process.wait()
        child = server.child(sandbox.Limits())
        child.end()
    finally:
        server.close()


def test_memory_is_limited_above_what_torch_maps(child):
    code = "import numpy as np\ndef f(x):\n    return float(np.ones(x // 8)[-1])"
    started = child(code)
    assert ask(started, "f", 1 << 30) == 1.0
    assert ask(started, "f", 3 << 30)["type"] == "MemoryError"


@pytest.mark.parametrize(
    ("cells", "how"),
    [
        ("", "more processor time than allowed"),
        ("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)", "killed"),
    ],
    ids=["as it is", "the signal ignored"],
)
def test_processor_time_is_limited(server, cells, how):
    """Counted over all answers together, none of which takes too long by itself."""
    code = """
import time
def burn(x):
    end = time.process_time() + 0.5
    while time.process_time() < end:
        pass
    return 0
"""
    child = server.child(sandbox.Limits(cpu=1))
    try:
        sources = [{"name": "a", "cells": [cells, code]}]
        child.request({"op": "load", "sources": sources}, seconds=20)
        with pytest.raises(frames.Closed):
            for _ in range(8):
                ask(child, "burn", 0, seconds=60)
        assert child.how_it_ended() == how
    finally:
        child.end()


def test_answers_do_not_keep_the_senders_memory(child):
    """A thread that changes the array after it was answered changes nothing here."""
    code = """
import numpy as np, threading, time
def f(x):
    out = np.zeros(4)
    def later():
        time.sleep(0.05)
        out[:] = 1
    threading.Thread(target=later).start()
    return out
"""
    answer = ask(child(code), "f", 0)
    time.sleep(0.2)
    assert answer.tolist() == [0, 0, 0, 0]


def test_what_a_machine_lacks_is_said(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    found = sandbox.detect()
    assert not found.rooms
    assert "bubblewrap is not installed" in found.sentence()
    monkeypatch.setattr(sandbox, "_has_filter", lambda: False)
    assert "network not blocked" in sandbox.detect().sentence()


def test_without_rooms_the_limits_and_the_filter_remain():
    """As on a machine without bubblewrap: marked all the same, confined by what there is."""
    code = """
import os, resource, socket
def attempt(function, *args):
    try:
        return f"did: {function(*args)}"
    except OSError as error:
        return f"refused: {error}"
def facts(x):
    return {
        "fork": attempt(os.fork), "socket": attempt(socket.socket), "kill": attempt(os.kill, -1, 0),
        "parent": attempt(os.kill, os.getppid(), 0), "folder": os.getcwd(),
        "processor": resource.getrlimit(resource.RLIMIT_CPU)[0],
    }
"""
    server = sandbox.ForkServer(sandbox.Confinement(rooms=False, filter=True))
    try:
        child = server.child(sandbox.Limits(cpu=20))
        scratch = Path(child.place.path)
        child.request({"op": "load", "sources": [{"name": "a", "cells": [code]}]}, seconds=20)
        facts = ask(child, "facts", 0)
        for attempted in ("fork", "socket", "kill", "parent"):
            assert facts[attempted].startswith("refused"), attempted
        assert facts["processor"] == 20
        assert Path(facts["folder"]) == scratch
        child.end()
        assert not scratch.exists()
    finally:
        server.close()


def test_a_whole_frame_that_answers_another_question_is_refused(child):
    """The pipe is open to the submission; a frame made ahead does not know the question's token."""
    code = """
import os, sys
def f(x):
    frames = sys.modules["__main__"].frames
    tree, blobs = frames.pack(1.0)
    forged = frames.encode({"token": "0" * 16, "kind": "value", "tree": tree}, blobs)
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, forged)
        except OSError:
            pass
    return 0.0
"""
    started = child(code)
    with pytest.raises(frames.BadFrame, match="another question"):
        ask(started, "f", 0)
    assert not started.alive
