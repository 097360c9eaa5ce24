"""Marking: submissions per second, memory over a batch, and the ratio to nbgrader and otter-grader.

Run `python -m benchmarks.grading` (or `make bench`). First a class with all functions is marked;
`--count` says how large, and `--without-others` ends there: `--count 1000 --without-others` is the
aim itself. Processor time tells what a machine that does nothing else would need. Then all three
mark the same assignment of two functions, one of them a PyTorch module; the other two are installed
on demand from requirements-graders.txt.
"""

import argparse
import contextlib
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

from exercises import bank, nbgrader
from exercises.grade import BANK, cores
from utils.grading import batch, report, sandbox, submissions

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


class Meter(threading.Thread):
    """What all our processes use, sampled: seconds of processor time, MiB that are theirs alone.

    Processes that have ended count with the one that waited for them.
    """

    def __init__(self, seconds=10.0):
        super().__init__(daemon=True)
        self.seconds, self.samples, self.over = seconds, [], threading.Event()

    def run(self):
        while not self.over.wait(self.seconds):
            self.sample()

    def sample(self):
        import psutil

        me, memory, processor = psutil.Process(), 0, 0.0
        for process in [me, *me.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                processor += sum(process.cpu_times()[:4])
                memory += process.memory_full_info().uss
        self.samples.append((time.perf_counter(), processor, memory / 2**20))
        return self.samples[-1]


class Progress:
    """Ten lines while a batch is marked, and the moment of each result."""

    def __init__(self, total, meter):
        self.total, self.meter = total, meter
        self.stamps, self.began = [], time.perf_counter()

    def update(self):
        if not self.stamps:
            self.first = self.meter.sample()
        self.stamps.append(time.perf_counter())
        done, seconds = len(self.stamps), self.stamps[-1] - self.began
        if done * 10 // self.total > (done - 1) * 10 // self.total:
            rate = done / seconds
            print(
                f"  {done:5} of {self.total} after {seconds:4.0f} s, {rate:.1f} a second",
                flush=True,
            )

    def close(self):
        pass


def mark_class(folder, found, jobs):
    """Marks a class as the command does, journal and gradebook included; prints what it took."""
    functions = len(bank.functions())
    print(f"{len(found)} submissions of all {functions} functions, {jobs} workers:", flush=True)
    plan = batch.Plan(BANK, 1, sandbox.detect(), limits=sandbox.Limits(answer=30))
    journal = batch.Journal(folder / "grades.csv.journal", {"seed": 1})
    meter, bars = Meter(), []

    def progress(total, done):
        bars.append(Progress(total, meter))
        return bars[-1]

    began, start, _ = meter.sample()
    meter.start()
    results = batch.grade(found, plan, journal, jobs, progress)
    report.write_csv(folder / "grades.csv", results)
    report.write_jsonl(folder / "grades.jsonl", results, {"seed": 1})
    end, last, _ = meter.sample()
    meter.over.set()
    meter.join()
    ready, first, _ = bars[0].first
    right = sum(result["total"] == result["out_of"] for result in results)
    each = (last - first) / (len(results) - 1)
    rate = (len(results) - 1) / (bars[0].stamps[-1] - ready)
    free = (first - start + 1000 * each) / jobs
    print(f"  {right} of {len(results)} got all points")
    print(f"  {end - began:.1f} s from the call to the written gradebook", end=", ")
    print(f"{ready - began:.1f} s of them until the first result")
    print(f"  processor time: {first - start:.1f} s until then, {1000 * each:.0f} ms a submission")
    print(f"  1000 at this rate: {1000 / rate:.0f} s (aim: under {AIM_SECONDS:.0f} s);", end=" ")
    print(f"by processor time, with {jobs} cores free: {free:.0f} s")
    memory = [sample[2] for sample in meter.samples[1:-1]] or [0.0]
    third = max(1, len(memory) // 3)
    peaks = [max(part) for part in (memory[:third], memory[third:-third], memory[-third:]) if part]
    peaks = ", ".join(f"{peak:.0f}" for peak in peaks)
    print(f"  peak memory of all processes in the first, middle and last third: {peaks} MiB")


def seconds_each(found, names):
    """Seconds a submission, once the workers run."""
    plan = batch.Plan(BANK, 1, sandbox.detect(), names, sandbox.Limits(answer=30))
    jobs, stamps = cores(), []
    for _ in batch.run(found, plan, jobs):
        stamps.append(time.perf_counter())
    skip = 2 * jobs  # the first of each worker waits for imports
    return (stamps[-1] - stamps[skip]) / (len(stamps) - 1 - skip)


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
    parser.add_argument("--without-others", action="store_true", help="the full class alone")
    parser.add_argument("--jobs", type=int, default=cores(), help="workers (default: cores)")
    options = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="bench-marking-"))
    try:
        mark_class(folder, full_class(folder / "class", options.count), options.jobs)
        if options.without_others:
            return 0
        names = tuple(exercise.name for exercise in bank.of_topic(TOPIC))
        (folder / "two").mkdir()
        for number in range(60):
            (folder / "two" / f"learner{number:03}.ipynb").write_text(solved(TOPIC))
        ours = seconds_each(submissions.find([folder / "two"]), names)
        print(f"two functions ({', '.join(names)}): {1000 * ours:.0f} ms a submission")
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
