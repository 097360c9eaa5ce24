"""The fork server and the sandboxed child: the only code that stands beside a submission.

Started as `python -I -S -B child.py`, with the site-packages folders as arguments: no `utils`, no
`exercises`, no bank, no seed is ever in this process. It imports NumPy and PyTorch once and then
waits. For each submission the marker sends a request with four descriptors; the fork server forks
a guide, the guide steps into the empty room that bubblewrap has made (`setns`), forks the child
inside it and only reports how the child ended. The child gives up its rights (capabilities, system
calls, memory, processor time, files), closes everything but its two pipes, and only then reads the
submission. A submission therefore shares no process, no process numbers, no files and no network
with the fork server or another submission.
"""

import os
import sys

sys.path[:] = [*[entry for entry in sys.path if entry], *sys.argv[1:]]

import ast  # noqa: E402
import builtins  # noqa: E402
import contextlib  # noqa: E402
import ctypes  # noqa: E402
import errno  # noqa: E402
import gc  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import linecache  # noqa: E402
import resource  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import traceback  # noqa: E402
import types  # noqa: E402
from importlib.util import module_from_spec, spec_from_file_location  # noqa: E402


def beside(name):
    """A module that lies beside this file."""
    place = os.path.join(os.path.dirname(__file__), f"{name}.py")
    spec = spec_from_file_location(name, place)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


frames, traps = beside("frames"), beside("traps")

import numpy as np  # noqa: E402

NAMESPACES = 0x20000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000 | 0x02000000
MEMORY = 2 << 30  # beyond what the fork server itself maps
FILES = 64 << 20  # bytes a written file may have
WARM = ("torch", "torch.nn.functional", "scipy.special", "matplotlib.pyplot")
ABSENT = ("utils", "exercises")
HELPERS = ("check", "hint", "progress", "solution", "question")

# System calls that no exercise needs and that break out of a process: refused with EPERM.
REFUSED = """
fork vfork execve execveat ptrace process_vm_readv process_vm_writev process_madvise pidfd_open
pidfd_getfd pidfd_send_signal rt_sigqueueinfo rt_tgsigqueueinfo tkill kcmp unshare setns mount
umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr bpf
perf_event_open keyctl add_key request_key userfaultfd io_uring_setup io_uring_enter
io_uring_register memfd_create memfd_secret shmget shmat shmctl msgget msgsnd semget mq_open mknod
mknodat init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
syslog acct settimeofday clock_settime adjtimex clock_adjtime name_to_handle_at open_by_handle_at
personality quotactl fanotify_init ioprio_set sethostname setdomainname vhangup setsid setpgid
"""


# --- giving up rights -----------------------------------------------------------------------------


def build_filter():
    """The seccomp filter, or None where libseccomp or its binding is missing."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError):
        return None
    refused = pyseccomp.SyscallFilter(defaction=pyseccomp.ALLOW)
    for name in REFUSED.split():
        with contextlib.suppress(OSError, ValueError):  # unknown to this libseccomp or machine
            refused.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    # A new thread is a clone with CLONE_THREAD; every other clone is a new process. Only clone's
    # flags can be looked at, so clone3 is "not there" and the C library falls back to clone.
    thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, 0x00010000, 0)
    refused.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", thread)
    refused.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    inet = pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX)
    refused.add_rule(pyseccomp.ERRNO(errno.EPERM), "socket", inet)
    return refused


def limit(name, soft, hard=None):
    """Lower one limit as far as it goes; where a system has none of this kind, do without it."""
    kind = getattr(resource, f"RLIMIT_{name}", None)
    if kind is None:
        return
    most = resource.getrlimit(kind)[1]
    wanted = [soft, soft if hard is None else hard]
    if most != resource.RLIM_INFINITY:
        wanted = [min(value, most) for value in wanted]
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(kind, tuple(wanted))


def narrow(refused, base, limits):
    """Called in the child: what cannot be taken back is given up here, the filter last."""
    seconds = limits["cpu"]
    limit("CORE", 0)
    limit("CPU", seconds, seconds + 1)
    limit("FSIZE", FILES)
    limit("NOFILE", 128)
    limit("STACK", 8 << 20)
    limit("AS", base + MEMORY)  # macOS takes none that is below what is mapped
    processes = 64 if limits["room"] else limits["processes"]
    if processes is not None:
        limit("NPROC", processes)
    with contextlib.suppress(ImportError, OSError, RuntimeError, AttributeError):
        import pyprctl

        pyprctl.CapState().set_current()
        pyprctl.set_no_new_privs()
        pyprctl.set_dumpable(False)
    if refused is not None:
        import pyseccomp

        other = pyseccomp.Arg(0, pyseccomp.NE, os.getpid())
        for name in ("kill", "tgkill"):
            refused.add_rule(pyseccomp.ERRNO(errno.EPERM), name, other)
        refused.add_rule(
            pyseccomp.ERRNO(errno.EPERM), "prlimit64", pyseccomp.Arg(0, pyseccomp.GT, 0)
        )
        refused.load()


# --- the fork server ------------------------------------------------------------------------------


def serve():
    """Fork a guide for each request that arrives on descriptor 0; end when the marker ends."""
    control = socket.socket(fileno=0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm = []
    for name in WARM:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
            warm.append(name)
    # On macOS nothing may be computed before a fork: Accelerate's threads do not survive one.
    if "torch" in sys.modules and sys.platform != "darwin":
        with contextlib.suppress(Exception):
            warm_torch(sys.modules["torch"])
    sys.meta_path.insert(0, Absent())
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import pyprctl

        pyprctl.set_dumpable(False)
    refused = build_filter()
    base = address_space()
    gc.collect()
    gc.freeze()
    hello = {"warm": warm, "seccomp": refused is not None, "threads": threading.active_count()}
    control.sendall(json.dumps(hello).encode())
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, 1 << 16, 8)
        except OSError:
            return
        if not message:
            return
        reap()
        if os.fork() == 0:
            control.close()
            guide(json.loads(message), descriptors, refused, base)
        for descriptor in descriptors:
            os.close(descriptor)


def reap():
    """Let the guides that have ended go; their time counts as the fork server's."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def warm_torch(torch):
    """Once, here, what PyTorch imports at its first training step and its first dispatch mode."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Plain(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            return function(*args, **(kwargs or {}))

    torch.set_num_threads(1)
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Plain():
        loss = torch.nn.functional.cross_entropy(model(torch.ones(1, 2)), torch.tensor([0]))
        loss.backward()
    optimizer.step()
    with traps.watching(["torch.softmax"], []):
        torch.softmax(torch.ones(2), 0)


def address_space():
    """Bytes of address space mapped now."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 1 << 33


def guide(request, descriptors, refused, base):
    """Step into the room, fork the child inside it, and say how it ended."""
    questions, answers, status, *room = descriptors
    try:
        null = os.open(os.devnull, os.O_RDWR)
        if room:
            enter(room[0])
            os.close(room[0])
        if request["user"] is not None:
            os.setgroups([])
            os.setresgid(*[request["user"]] * 3)
            os.setresuid(*[request["user"]] * 3)
        os.chdir(request["scratch"])
        child = os.fork()
    except BaseException as error:
        say(status, {"failed": f"{type(error).__name__}: {error}"})
        os._exit(1)
    if child == 0:
        try:
            run_child(request, questions, answers, null, status, refused, base)
        finally:
            os._exit(1)
    os.close(questions)
    os.close(answers)
    say(status, {"pid": child})
    _, code = os.waitpid(child, 0)
    say(status, {"signal": code & 0x7F} if code & 0x7F else {"exit": code >> 8})
    os._exit(0)


def enter(room):
    """Join all namespaces of the process behind the pidfd `room`."""
    if hasattr(os, "setns"):
        os.setns(room, NAMESPACES)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(room, NAMESPACES):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def say(descriptor, message):
    with contextlib.suppress(OSError):
        os.write(descriptor, json.dumps(message).encode() + b"\n")


# --- the child ------------------------------------------------------------------------------------


class Absent:
    """Importing the book's own code fails, wherever it may lie, and says why."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(
                f"{name} is not there when marks count: use what the task allows", name=name
            )


def run_child(request, questions, answers, null, status, refused, base):
    os.setsid()
    for target in (0, 1, 2):
        os.dup2(null, target)
    keep = sorted({0, 1, 2, questions, answers})
    for low, high in zip(keep, [*keep[1:], 1 << 16], strict=True):
        os.closerange(low + 1, high)
    sys.stdin, sys.stdout, sys.stderr = map(os.fdopen, (0, 1, 2), "rww")
    for number in range(1, signal.NSIG):
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    os.environ.update(HOME=request["scratch"], TMPDIR=request["scratch"])
    np.random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)
    narrow(refused, base, request)
    Runner(questions, answers).run()


class Runner:
    """Reads questions, calls the learner's functions, writes plain answers."""

    def __init__(self, questions, answers):
        self.questions, self.answers = questions, answers
        self.spaces, self.drivers = [], {}

    def run(self):
        while True:
            try:
                header, blobs = frames.read(self.questions)
            except frames.Closed:
                os._exit(0)
            answer = self.load(header) if header["op"] == "load" else self.ask(header, blobs)
            frames.write(self.answers, answer)

    def load(self, header):
        """Run the cells of each notebook in a namespace of its own; say what failed where."""
        notes, names = [], []
        for number, source in enumerate(header["sources"]):
            module = types.ModuleType(f"submission{number}")
            module.__dict__.update({name: quiet for name in HELPERS})
            module.__dict__["display"] = quiet
            sys.modules[module.__name__] = module
            self.spaces.append(module.__dict__)
            for cell, code in enumerate(source["cells"]):
                error = self.execute(module, code, f"<{source['name']}, cell {cell + 1}>")
                if error and len(notes) < 20:
                    notes.append({"file": number, "cell": cell, "error": error})
            names.append(
                [
                    name
                    for name, value in list(module.__dict__.items())
                    if callable(value) and value is not quiet and type(name) is str
                ][:500]
            )
        return frames.encode({"token": header["token"], "notes": notes, "names": names})

    def execute(self, module, code, filename):
        try:
            linecache.cache[filename] = (len(code), None, code.splitlines(True), filename)
            exec(compile(code, filename, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), module.__dict__)
        except BaseException as error:
            return describe(error)

    def ask(self, header, blobs):
        """Call one function on one input. Whatever happens becomes an answer."""
        reply = {"token": header["token"], "kind": "raised", "mutated": False}
        began = time.perf_counter()
        try:
            args = frames.unpack(header["args"], blobs)
            before = [bytes(part) for part in flat(args)]
            function = self.spaces[header["file"]].get(header["function"])
            with traps.watching(header.get("forbidden", ()), self.spaces) as watch:
                function, reply["called"] = watch.of(function), watch.seen
                if header.get("driver"):
                    value = self.driver(header["driver"])(function, *args)
                else:
                    value = function(*args)
            if isinstance(value, types.CoroutineType | types.GeneratorType):
                raise TypeError(f"the function returned a {type(value).__name__}, not a value")
            after = [bytes(part) for part in flat(args)]
            reply["mutated"] = before != after
            tree, out = frames.pack(value)
            seconds = time.perf_counter() - began
            reply.update(kind="value", tree=tree, seconds=round(seconds, 6))
            return frames.encode(reply, out)
        except BaseException as error:
            reply.update(describe(error), seconds=round(time.perf_counter() - began, 6))
            return frames.encode(reply)

    def driver(self, source):
        """`drive(learner, *args)` from the exercise's driver text."""
        if source not in self.drivers:
            space = {"np": np, "__name__": "driver"}
            exec(compile(source, "<driver>", "exec"), space)
            self.drivers[source] = space["drive"]
        return self.drivers[source]


def quiet(*args, **kwargs):
    """Stands for `check`, `hint` and their like: nothing is checked while marks count."""


def flat(value):
    """The memory of every array in nested arguments."""
    if isinstance(value, np.ndarray):
        yield np.ascontiguousarray(value).tobytes()
    elif isinstance(value, list | tuple):
        for item in value:
            yield from flat(item)
    elif isinstance(value, dict):
        yield from flat(list(value.values()))
    elif type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        yield repr(value.detach().cpu().tolist()).encode()


def describe(error):
    """An exception as plain text: type, message, and the learner's own line."""
    text = {"type": type(error).__name__[:80], "error": "", "where": ""}
    with contextlib.suppress(BaseException):
        text["error"] = str(error)[:500]
    with contextlib.suppress(BaseException):
        for frame in traceback.extract_tb(error.__traceback__)[::-1]:
            if frame.filename.startswith("<") and ", cell " in frame.filename:
                where = f"{frame.filename[1:-1]}, line {frame.lineno}: {frame.line}"
                text["where"] = where[:300]
                break
    return text


if __name__ == "__main__":
    builtins.__dict__.pop("_", None)
    serve()
