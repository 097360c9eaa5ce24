"""Marking: submissions per second, memory over a batch, and the ratio to nbgrader and otter-grader.

Run `python -m benchmarks.grading` (or `make bench`). All three mark the same assignment of two
functions, one of them a PyTorch module, in one run; the other two are installed on demand from
requirements-graders.txt. `--count` says how many full submissions (all functions) are marked.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from exercises import bank, nbgrader
from utils.grading import batch, sandbox, submissions

ROOT = Path(__file__).resolve().parents[1]
TOPIC = "label_smoothing"
IMPORTS = "import numpy as np\nimport torch\nimport torch.nn.functional as F"
AIM_RATIO, AIM_SECONDS = 50, 180.0


def solved(topic):
    """The text of a notebook with our solutions to one topic."""
    codes = [IMPORTS, *nbgrader.solutions(topic).values()]
    cells = [
        {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": c}
        for c in codes
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells})


def full_class(folder, count):
    """`count` learners with a notebook a topic."""
    texts = {topic: solved(topic) for topic in bank.TOPICS}
    for number in range(count):
        place = folder / f"learner{number:04}"
        place.mkdir(parents=True)
        for topic, text in texts.items():
            (place / f"{topic}.ipynb").write_text(text)
    return submissions.find([folder])


class Memory(threading.Thread):
    """The resident memory of all our processes, sampled; shared pages counted once."""

    def __init__(self):
        super().__init__(daemon=True)
        self.samples, self.over = [], threading.Event()

    def run(self):
        import psutil

        me = psutil.Process()
        while not self.over.wait(0.5):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_full_info().uss
                except psutil.Error:
                    continue
            self.samples.append(total / 2**20)


def rate(found, names=(), jobs=None):
    """(submissions a second once the workers run, results, memory samples)."""
    plan = batch.Plan(
        "exercises.bank:functions", 1, sandbox.detect(), names, sandbox.Limits(answer=30)
    )
    jobs = jobs or len(os.sched_getaffinity(0))
    memory, stamps, results = Memory(), [], []
    memory.start()
    for result in batch.run(found, plan, jobs):
        stamps.append(time.perf_counter())
        results.append(result)
    memory.over.set()
    skip = 2 * jobs  # the first of each worker waits for imports
    return (len(stamps) - 1 - skip) / (stamps[-1] - stamps[skip]), results, memory.samples


def nbgrader_seconds(folder, programs, count):
    """Seconds a submission of `nbgrader autograde`."""
    course = folder / "course"
    nbgrader.write(course)
    source = (course / "source" / TOPIC / f"{TOPIC}.ipynb").read_text()
    for number in range(count):
        place = course / "submitted" / f"learner{number}" / TOPIC
        place.mkdir(parents=True)
        (place / f"{TOPIC}.ipynb").write_text(source)
    _call([programs / "nbgrader", "generate_assignment", TOPIC], course, programs)
    began = time.perf_counter()
    _call([programs / "nbgrader", "autograde", TOPIC], course, programs)
    return (time.perf_counter() - began) / count


def otter_seconds(folder, programs, count):
    """Seconds a submission of `otter run`."""
    place = folder / "otter"
    (place / "tests").mkdir(parents=True)
    for exercise in bank.of_topic(TOPIC):
        code = f">>> from exercises.nbgrader import points\n>>> points({exercise.name})"
        case = {"code": f"{code}\n{exercise.points:.1f}", "hidden": False, "locked": False}
        test = {
            "name": exercise.name,
            "points": exercise.points,
            "suites": [{"cases": [case], "scored": True, "type": "doctest"}],
        }
        (place / "tests" / f"{exercise.name}.py").write_text(f"OK_FORMAT = True\ntest = {test!r}\n")
    (place / "requirements.txt").write_text("")
    otter = programs / "otter"
    _call(
        [otter, "generate", "-t", "tests", "-o", "autograder.zip", "--no-environment"],
        place,
        programs,
    )
    (place / "submission.ipynb").write_text(solved(TOPIC))
    times = []
    for _ in range(count):
        began = time.perf_counter()
        _call([otter, "run", "-a", "autograder.zip", "submission.ipynb"], place, programs)
        times.append(time.perf_counter() - began)
    score = json.loads((place / "results.json").read_text())
    got = sum(test.get("score", 0) for test in score["tests"])
    if got < sum(e.points for e in bank.of_topic(TOPIC)):
        print(f"  (otter gave {got} points)")
    return statistics.median(times)


def _call(command, folder, programs):
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "PATH": f"{programs}:{os.environ['PATH']}",
    }
    done = subprocess.run(
        list(map(str, command)), cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{command[0].name} failed: {done.stderr[-1500:]}")


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=100, help="full submissions")
    parser.add_argument("--without-others", action="store_true", help="ours alone")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="bench-marking-"))
    try:
        found = full_class(folder / "class", options.count)
        per_second, results, memory = rate(found)
        functions = len(bank.functions())
        right = sum(result["total"] == result["out_of"] for result in results)
        print(f"all {functions} functions: {per_second:.1f} submissions/s")
        print(f"  {right} of {len(results)} got all points")
        print(f"  1000 of them: {1000 / per_second:.0f} s (aim: under {AIM_SECONDS:.0f} s)")
        third = max(1, len(memory) // 3)
        parts = memory[third : 2 * third] or memory, memory[-third:]
        early, late = map(statistics.median, parts)
        print(f"  memory of all processes: {early:.0f} MiB early, {late:.0f} MiB at the end")
        names = tuple(exercise.name for exercise in bank.of_topic(TOPIC))
        (folder / "two").mkdir()
        for number in range(60):
            (folder / "two" / f"learner{number:03}.ipynb").write_text(solved(TOPIC))
        ours = 1 / rate(submissions.find([folder / "two"]), names)[0]
        print(f"two functions ({', '.join(names)}): {1000 * ours:.0f} ms a submission")
        if options.without_others:
            return 0
        from tests.grading.graders import environment

        programs = environment()
        for name, measure, count in (
            ("nbgrader autograde", nbgrader_seconds, 4),
            ("otter run", otter_seconds, 2),
        ):
            seconds = measure(folder, programs, count)
            aim = f" (aim: {AIM_RATIO})" if "nbgrader" in name else ""
            print(f"  {name}: {seconds:.2f} s a submission, {seconds / ours:.0f} times ours{aim}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
