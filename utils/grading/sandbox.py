"""The marker's side of the sandbox: what the machine offers, rooms, the fork server, children.

A `Room` is an empty sandbox made by bubblewrap: own users, processes, network, mounts; nothing in
it but Python, its packages (read-only) and a small scratch folder in memory. A `Child` is a process
forked from the fork server that was put into a room of its own and is asked over two pipes.
Ending the room kills everything that is in it, whatever it did.
"""

import contextlib
import functools
import importlib.util
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from utils.grading import frames

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "child.py"
BOOK = HERE.parents[1]
SCRATCH = "/tmp"
SCRATCH_BYTES = 256 << 20
MOST_LEAVING = 3
NOBODY = 65534  # whom a submission runs as, inside its room
OUTSIDE = 200_000  # as root: the user, known to nobody else, that NOBODY is outside the room
PACKAGES = ("numpy", "torch", "scipy", "matplotlib", "pyseccomp", "pyprctl")
SYSTEM = ("/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32", "/usr/local/lib", "/usr/share")
SYSTEM += ("/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives")
LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")


class NoSandbox(Exception):
    """`--require-sandbox` was asked for and something is missing."""


class ChildFailed(Exception):
    """The child could not be started; not the submission's fault."""


# --- what the machine offers ----------------------------------------------------------------------


@dataclass(frozen=True)
class Confinement:
    """What confines a child on this machine, and in plain words what does not."""

    rooms: bool
    user: int | None = None
    filter: bool = False
    missing: tuple = ()

    def sentence(self):
        if not self.missing:
            return "Sandbox: complete (bubblewrap, seccomp, limits)."
        return "Sandbox: not complete. " + " ".join(self.missing)


def detect(hidden=()):
    """Try the sandbox once; say what this machine lacks."""
    missing, user = [], None
    rooms = sys.platform.startswith("linux") and shutil.which("bwrap") is not None
    if rooms:
        reason = None
        candidates = [OUTSIDE, None] if os.geteuid() == 0 else [None]
        for user in candidates:
            reason = _try_room(user, hidden)
            if reason is None:
                break
        rooms = reason is None
        if not rooms:
            missing.append(f"bubblewrap does not work here ({reason})")
    elif sys.platform.startswith("linux"):
        missing.append("bubblewrap is not installed (Debian: apt install bubblewrap)")
    else:
        missing.append(f"{'macOS' if sys.platform == 'darwin' else sys.platform} has no bubblewrap")
    if not rooms:
        missing[-1] += (
            ": no namespaces here, so files are not hidden and processes not separated;"
            " only limits and a process group confine a submission."
        )
    has_filter = _has_filter()
    if not has_filter:
        network = "" if rooms else " network not blocked,"
        missing.append(f"No seccomp here:{network} system calls not filtered.")
    if not sys.platform.startswith("linux"):
        missing.append("Memory not limited.")
    return Confinement(rooms, user, has_filter, tuple(missing))


def _has_filter():
    if not sys.platform.startswith("linux"):
        return False
    try:
        import pyseccomp  # noqa: F401
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def _try_room(user, hidden):
    """None if a room can be made and Python's packages are seen in it, else the reason."""
    try:
        with Room(user, hidden) as room:
            room.wait()
            numpy = Path(importlib.util.find_spec("numpy").origin)
            seen = Path(f"/proc/{room.pid}/root{numpy}")
            return None if os.geteuid() != 0 or seen.exists() else "NumPy is not seen in it"
    except (OSError, ChildFailed) as error:
        return str(error)


# --- rooms ----------------------------------------------------------------------------------------


@functools.cache
def package_folders():
    """The site-packages folders that hold what a child imports."""
    folders = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        if spec and spec.origin:
            up = 2 if spec.submodule_search_locations else 1
            folder = str(Path(spec.origin).resolve().parents[up - 1])
            if folder not in folders:
                folders.append(folder)
    return tuple(folders)


def _under(path, tops):
    return any(path == top or path.startswith(top + "/") for top in tops)


def _room_arguments(hidden):
    """bubblewrap's arguments: what a room shows. `hidden` lies under none of it."""
    shown = [path for path in SYSTEM if os.path.exists(path)]
    if sys.base_prefix not in ("/", "/usr", "/usr/local"):
        shown.append(sys.base_prefix)
    packages = package_folders()
    # The scratch space first: the packages themselves may lie below it.
    arguments = ["--size", str(SCRATCH_BYTES), "--perms", "1777", "--tmpfs", SCRATCH]
    places = [*shown, *packages, "/dev/null"]
    for path in sorted({str(parent) for place in places for parent in Path(place).parents}):
        arguments += ["--perms", "0755", "--dir", path] if path not in ("/", SCRATCH) else []
    for path in shown:
        arguments += ["--ro-bind", path, path]
    for path in LINKS:
        if os.path.islink(path):
            arguments += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path) and path.startswith("/lib"):
            arguments += ["--ro-bind", path, path]
    for path in sorted({str(Path(place).resolve()) for place in [BOOK, Path.home(), *hidden]}):
        if os.path.isdir(path) and _under(path, shown):
            arguments += ["--tmpfs", path]
            if Path(path) in Path(sys.base_prefix).parents or path == sys.base_prefix:
                arguments += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    for path in packages:
        arguments += ["--ro-bind", path, path]
        for name in ("utils", "exercises"):
            if os.path.isdir(f"{path}/{name}"):
                arguments += ["--tmpfs", f"{path}/{name}"]
    cat = shutil.which("cat")
    arguments += ["--ro-bind", cat, "/cat", "--dev-bind", "/dev/null", "/dev/null"]
    arguments += ["--dev-bind", "/dev/urandom", "/dev/urandom"]
    return [*arguments, "--remount-ro", "/"]


_ALWAYS = ["--unshare-all", "--unshare-user", "--die-with-parent", "--new-session"]
_ALWAYS += ["--hostname", "room", "--clearenv"]


class Room:
    """An empty sandbox that is held open by `cat`; leaving it (or our death) destroys it.

    Started by root, the room gets a user of its own: what runs in it is not root outside either,
    and the limit on processes, which does not hold for root, holds.
    """

    def __init__(self, user=None, hidden=()):
        information, theirs = os.pipe()
        pass_on, self.user, self._go = [theirs], user, None
        command = ["bwrap", *_ALWAYS, *_room_arguments(hidden), "--info-fd", str(theirs)]
        if user is None:
            command += ["--disable-userns", "--uid", str(NOBODY), "--gid", str(NOBODY)]
        else:
            wait_end, self._go = os.pipe()
            pass_on.append(wait_end)
            command += ["--userns-block-fd", str(wait_end), "--uid", "0", "--gid", "0"]
        try:
            self.process = subprocess.Popen(
                [*command, "--", "/cat"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=pass_on,
                cwd="/",
                bufsize=0,
            )
        except BaseException:
            os.close(information)
            if self._go is not None:
                os.close(self._go)
            raise
        finally:
            for descriptor in pass_on:
                os.close(descriptor)
        self._information, self.pid, self.pidfd = information, None, None
        self._ready = False
        try:
            self._begin()
        except BaseException:
            self.destroy()
            raise

    def _begin(self, seconds=20):
        """Learn the room's process and give the room its users, so that bubblewrap goes on."""
        text = b""
        while not text.rstrip().endswith(b"}"):
            if not select.select([self._information], [], [], seconds)[0]:
                raise ChildFailed("bubblewrap does not answer")
            part = os.read(self._information, 4096)
            if not part:
                raise ChildFailed(self.process.stderr.read(500).decode(errors="replace").strip())
            text += part
        self.pid = json.loads(text)["child-pid"]
        self.pidfd = os.pidfd_open(self.pid)
        if self.user is not None:
            for name in ("uid_map", "gid_map"):
                users = f"0 0 1\n{NOBODY} {self.user} 1\n"
                Path(f"/proc/{self.pid}/{name}").write_text(users)
            os.write(self._go, b"!")

    def wait(self, seconds=20):
        """Return when everything is mounted and `cat` answers."""
        if self._ready:
            return self
        with contextlib.suppress(OSError):
            self.process.stdin.write(b"?")
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise ChildFailed("bubblewrap does not answer")
        if self.process.stdout.read(1) != b"?":
            raise ChildFailed(self.process.stderr.read(500).decode(errors="replace").strip())
        self._ready = True
        return self

    def kill(self):
        """Kill every process in the room, by killing its first; do not wait for the end.

        bubblewrap is left to see that and to end by itself; killed before its room is ready, it
        would leave a process behind.
        """
        if self.pidfd is not None:
            with contextlib.suppress(ChildFailed, OSError):
                self.wait(5)
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def gone(self):
        """Whether a room that was killed has ended."""
        return self.process.poll() is not None

    def destroy(self):
        """Kill every process in the room and wait; its scratch folder goes with it."""
        self.kill()
        with contextlib.suppress(OSError):  # the last of them closes the stream
            while select.select([self.process.stdout], [], [], 5 if self.pidfd else 0.1)[0]:
                if not self.process.stdout.read(1):
                    break
        try:
            self.process.wait(1)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()
        for name in ("_information", "_go", "pidfd"):
            if getattr(self, name) is not None:
                os.close(getattr(self, name))
                setattr(self, name, None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.destroy()


class Folder:
    """Where there are no rooms: a scratch folder and a process group, killed together."""

    pidfd = None

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="marking-")
        self.group = None

    def wait(self):
        return self

    def kill(self):
        if self.group:
            try:
                os.killpg(self.group, signal.SIGKILL)
            except PermissionError:  # as macOS says it of a group whose processes have ended
                pass
            except ProcessLookupError:  # it has ended, or has no group of its own yet
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(self.group, signal.SIGKILL)

    def gone(self):
        return True

    def destroy(self):
        self.kill()
        shutil.rmtree(self.path, ignore_errors=True)


# --- the fork server and its children -------------------------------------------------------------


class ForkServer:
    """A Python that holds NumPy and PyTorch and nothing else, and forks children into rooms."""

    def __init__(self, confinement, hidden=()):
        self.confinement, self.hidden = confinement, hidden
        self.process = self.spare = self.control = None
        self.leaving = []  # rooms that were killed and are ending
        self.start()

    def start(self):
        linux = sys.platform.startswith("linux")  # macOS has no sequenced packets
        kind = socket.SOCK_SEQPACKET if linux else socket.SOCK_STREAM
        self.control, theirs = socket.socketpair(socket.AF_UNIX, kind)
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
            "MPLCONFIGDIR": tempfile.gettempdir(),
            **{f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")},
        }
        if sys.platform == "darwin":  # its libraries end a forked process unless told not to
            environment["OBJC_DISABLE_INITIALIZE_FORK_SAFETY"] = "YES"
            environment["VECLIB_MAXIMUM_THREADS"] = "1"
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(PROGRAM), *package_folders()],
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
        theirs.close()
        self.hello = None

    def ready(self):
        """Wait until everything is imported; says what is."""
        if self.hello is not None:
            return self.hello
        if not select.select([self.control], [], [], 120)[0]:
            raise ChildFailed("the fork server does not start")
        hello = self.control.recv(1 << 16)
        if not hello:
            raise ChildFailed("the fork server did not start")
        self.hello = json.loads(hello)
        return self.hello

    def place(self):
        """A room (or a folder) to put the next child into; a spare one is made ahead."""
        if not self.confinement.rooms:
            return Folder()
        place, self.spare = self.spare or self._room(), None
        self.spare = self._room()
        try:
            return place.wait()
        except BaseException:
            place.destroy()
            raise

    def _room(self):
        return Room(self.confinement.user, self.hidden)

    def put_away(self, place):
        """Kill what is in a room now; see to its end while the next submission is marked."""
        place.kill()
        self.leaving.append(place)
        while self.leaving and (self.leaving[0].gone() or len(self.leaving) > MOST_LEAVING):
            self.leaving.pop(0).destroy()

    def child(self, limits):
        """A fresh child; a fork server that has died is started again, once."""
        for attempt in (1, 2, 3):
            try:
                return Child(self, limits)
            except (ChildFailed, OSError):
                if attempt == 3:
                    raise
                if self.process.poll() is not None:
                    self.control.close()
                    self.start()
                time.sleep(0.05 * attempt)

    def close(self):
        for place in [*self.leaving, *filter(None, [self.spare])]:
            place.destroy()
        self.leaving, self.spare = [], None
        self.control.close()
        self.process.kill()
        self.process.wait()


TRIAL = """
def trial(x):
    import numpy as np
    import torch

    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    (torch.tensor(x @ x) @ w).sum().backward()
    return w.grad.numpy()
"""


def trial(server):
    """Why answers cannot be had here, or None: one that is known is asked for first.

    Where forked children cannot compute, every submission would be marked as wrong.
    """
    import numpy as np

    try:
        child = server.child(Limits())
    except (ChildFailed, OSError) as error:
        return f"no sandbox can be started: {error}"
    try:
        x = np.arange(9.0).reshape(3, 3)
        child.request({"op": "load", "sources": [{"name": "trial", "cells": [TRIAL]}]}, seconds=60)
        tree, blobs = frames.pack((x,))
        question = {"op": "ask", "file": 0, "function": "trial", "args": tree}
        reply, out = child.request(question, blobs, 60)
        if reply["kind"] != "value":
            return f"a trial in the sandbox raised {reply['type']}: {reply['error']}"
        if not np.array_equal(frames.unpack(reply["tree"], out), (x @ x).sum(axis=0)):
            return "a trial in the sandbox gave a wrong number"
    except frames.TimedOut:
        return "a trial in the sandbox did not come back"
    except frames.Closed:
        return f"a trial in the sandbox ended with {child.how_it_ended()}"
    except (frames.BadFrame, KeyError, TypeError, ValueError) as error:
        return f"a trial in the sandbox gave no answer: {error}"
    finally:
        child.end()
    return None


@dataclass
class Limits:
    """How much a submission may use. Seconds of wall clock for an answer and for the cells."""

    answer: float = 10.0
    cells: float = 30.0
    cpu: int = 60
    total: float = 180.0


@dataclass
class Child:
    """One sandboxed process: `load` notebooks, `ask` for one answer, `end`."""

    server: ForkServer
    limits: Limits
    alive: bool = field(default=False, init=False)

    def __post_init__(self):
        self.server.ready()
        self.place = self.server.place()
        questions, self._questions = os.pipe()
        self._answers, answers = os.pipe()
        self._status, status = os.pipe()
        request = {
            "scratch": SCRATCH if self.server.confinement.rooms else self.place.path,
            "cpu": self.limits.cpu,
            "room": self.server.confinement.rooms,
            "user": NOBODY if self.server.confinement.user is not None else None,
            "processes": 1 if sys.platform == "darwin" else None,
        }
        descriptors = [questions, answers, status]
        if self.place.pidfd is not None:
            descriptors.append(self.place.pidfd)
        try:
            socket.send_fds(self.server.control, [json.dumps(request).encode()], descriptors)
        except OSError as error:
            self.end()
            raise ChildFailed(f"the fork server is gone: {error}") from None
        finally:
            for descriptor in (questions, answers, status):
                os.close(descriptor)
        os.set_blocking(self._questions, False)
        self.alive = True
        first = self._say(20)
        if "pid" not in first:
            self.end()
            raise ChildFailed(first.get("failed", "the child did not start"))
        if isinstance(self.place, Folder):
            self.place.group = first["pid"]

    def _say(self, seconds):
        """The guide's next line: how the child started or ended."""
        if not select.select([self._status], [], [], seconds)[0]:
            return {}
        line = b""
        while not line.endswith(b"\n"):
            part = os.read(self._status, 1)
            if not part:
                return {}
            line += part
        return json.loads(line)

    def request(self, header, blobs=(), seconds=10.0):
        """Send one frame and wait for the one that answers it.

        Raises TimedOut, Closed (the child died) or BadFrame; after each of them the child is over.
        """
        token = secrets.token_hex(8)
        try:
            frames.write(self._questions, frames.encode(dict(header, token=token), blobs), seconds)
            reply, out = frames.read(self._answers, seconds)
            if reply.get("token") != token:
                raise frames.BadFrame("an answer to another question")
            return reply, out
        except (frames.TimedOut, frames.Closed, frames.BadFrame):
            self.alive = False
            raise

    def how_it_ended(self):
        """In words, after the child closed its pipe."""
        ended = self._say(2)
        names = {
            signal.SIGSEGV: "a segmentation fault",
            signal.SIGXCPU: "more processor time than allowed",
            signal.SIGKILL: "killed",
            signal.SIGABRT: "abort()",
            signal.SIGBUS: "a bus error",
            signal.SIGFPE: "a floating-point trap",
        }
        if ended.get("signal"):
            number = ended["signal"]
            return names.get(number, f"signal {number}")
        if "exit" in ended:
            return f"the process left with exit code {ended['exit']}"
        return "the process closed its answer pipe"

    def end(self):
        """Kill everything in the room."""
        self.alive = False
        if self.place is None:
            return
        self.server.put_away(self.place)
        self.place = None
        for name in ("_questions", "_answers", "_status"):
            os.close(getattr(self, name))
