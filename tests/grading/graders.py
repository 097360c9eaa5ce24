"""The environment with nbgrader and otter-grader: made on demand, beside this one."""

import fcntl
import hashlib
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / ".venv-graders"


def environment():
    """The folder of its programs; what this environment has, PyTorch too, is seen from it."""
    wanted = ROOT / "requirements-graders.txt"
    digest = hashlib.sha256(wanted.read_bytes() + sys.version.encode()).hexdigest()
    done = PLACE / "made-from"
    with open(Path(tempfile.gettempdir(), "venv-graders.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (done.is_file() and done.read_text() == digest):
            venv.create(PLACE, clear=True, with_pip=True)
            site = sysconfig.get_path(
                "purelib", "venv", {"base": str(PLACE), "platbase": str(PLACE)}
            )
            Path(site, "book.pth").write_text(sysconfig.get_path("purelib") + "\n")
            pip = [str(PLACE / "bin" / "python"), "-m", "pip", "install", "-qq", "-r", str(wanted)]
            subprocess.run(pip, check=True, stdout=sys.stderr)
            done.write_text(digest)
    return PLACE / "bin"
