"""`make bench`: every benchmark of the project, one after another, each with its table.

`make bench` runs all; `python -m benchmarks losses pages` runs some. Nothing is judged here: the
figures are to be read, and quoted together with the machine that produced them.
"""

import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version

# name: (module, what its table says)
BENCHMARKS = {
    "losses": ("benchmarks.losses", "utils.losses beside PyTorch: time, as a ratio"),
    "build": ("benchmarks.build", "building the book: from nothing, after a change, unchanged"),
    "explorers": ("benchmarks.explorers", "explorers: time per input event, and their size"),
    "pages": ("benchmarks.lighthouse", "pages: Lighthouse on a slow phone"),
    "check": ("benchmarks.check", "check: milliseconds until a function is answered"),
    "bank": ("tests.unit.exercise_mutants", "the exercises' bank: mutants of the reference killed"),
    "grading": ("benchmarks.grading", "marking a class: submissions per second"),
}


def main():
    chosen = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}.")
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "jupyter-book"))
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(packages)
    failed = []
    for name in chosen:
        module, title = BENCHMARKS[name]
        print(f"\n== {title} ({name}) ==", flush=True)
        started = time.perf_counter()
        if subprocess.run([sys.executable, "-m", module]).returncode:
            failed.append(name)
        print(f"({time.perf_counter() - started:.0f} s)", flush=True)
    if failed:
        sys.exit(f"did not finish: {', '.join(failed)}")


if __name__ == "__main__":
    main()
