"""How long the book takes to build: from nothing, unchanged, and after a change.

Works on a copy of the tracked files in a temporary folder, so that nothing of yours is touched.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy_of_the_book(folder):
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, Path(folder, name)
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(source.read_bytes())
    if (ROOT / "node_modules").is_dir():
        os.symlink(ROOT / "node_modules", Path(folder, "node_modules"))


def build(folder):
    started = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", "utils.site.build"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    if run.returncode:
        sys.exit(run.stdout[-3000:] + run.stderr[-3000:])
    executed = sum(line.startswith("executed ") for line in run.stdout.splitlines())
    return time.perf_counter() - started, executed


def touch(folder, name):
    """Change a file as an editor would: its content, not only its date."""
    path = Path(folder, name)
    text = path.read_text()
    if path.suffix == ".md":
        cell = "```{code-cell} ipython3\n"
        path.write_text(text.replace(cell, f"{cell}import math\n", 1))
    else:
        path.write_text(text + "\n# changed\n")


def main():
    chapter = "chapters/foundations/coin_flips.md"
    with tempfile.TemporaryDirectory() as folder:
        copy_of_the_book(folder)
        rows = [("from nothing", *build(folder)), ("unchanged", *build(folder))]
        record = Path(folder, "_build", ".jupyter_cache", "dependencies.json")
        seconds = {name: row["seconds"] for name, row in json.loads(record.read_text()).items()}
        touch(folder, chapter)
        rows.append((f"{chapter} changed", *build(folder)))
        touch(folder, "utils/explorers/__init__.py")
        rows.append(("utils/explorers changed", *build(folder)))
    print(f"{'':44} {'seconds':>8} {'executed':>9}")
    for what, took, executed in rows:
        print(f"{what:44} {took:8.1f} {executed:9d}")
    print("\nslowest notebooks (seconds, from nothing)")
    for name in sorted(seconds, key=seconds.get, reverse=True)[:5]:
        print(f"{seconds[name]:8.1f}  {name}")


if __name__ == "__main__":
    main()
