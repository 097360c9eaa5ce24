"""The command: journal, interruption, exit codes, the same bytes, and trouble that stays alone."""

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from exercises import grade
from tests.grading.conftest import SEED
from tests.patience import PATIENCE
from utils.grading import batch, frames, sandbox, submissions

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SIGMOID = """import numpy as np

def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
"""
SOFTMAX = """def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
"""


def notebook(path, *cells):
    cells = [{"cell_type": "code", "metadata": {}, "source": cell} for cell in cells]
    path.write_text(json.dumps({"nbformat": 4, "metadata": {}, "cells": cells}))


@pytest.fixture
def class_of(tmp_path, confinement):
    """A function that makes a folder of n honest submissions, every third one slow to read."""

    def make(count, slow=0.0):
        folder = tmp_path / "submitted"
        folder.mkdir()
        for number in range(count):
            pause = f"import time; time.sleep({slow})"
            cells = [SIGMOID, SOFTMAX if number % 4 else "x = 1", pause if slow else "x = 2"]
            notebook(folder / f"learner{number:02}.ipynb", *cells)
        return folder

    return make


def command(folder, *options):
    return [
        *(sys.executable, "-m", "exercises.grade", str(folder)),
        *("--bank", "tests.grading.bank:exercises", "--jobs", "1", *map(str, options)),
    ]


def run(folder, *options, **keywords):
    keywords.setdefault("env", os.environ | {"PYTHONPATH": str(ROOT)})
    return subprocess.run(
        command(folder, *options), cwd=ROOT, capture_output=True, text=True, **keywords
    )


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_all_outputs_are_the_same_bytes_for_the_same_seed(class_of, tmp_path):
    folder = class_of(6)
    shutil.copy(HERE / "broken" / "naive.ipynb", folder)
    outputs = []
    for name in ("one", "two"):
        out = tmp_path / name
        done = run(
            folder,
            *("--csv", out / "g.csv", "--jsonl", out / "v.jsonl", "--feedback", out / "feedback"),
            *("--report", out / "class.html", "--gradescope", out / "gs", "--seed", 7),
            *("--likeness", out / "alike.html", "--jobs", 1 if name == "one" else 2),
        )
        assert done.returncode == 0, done.stderr
        outputs.append(
            {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        )
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 4 + 8 + 7
    table = rows(tmp_path / "one" / "g.csv")
    assert [row["total"] for row in table] == ["2", "6", "6", "6", "2", "6", "5"]
    assert b"Not shifted by the maximum" in outputs[0]["class.html"]


def test_another_seed_draws_other_inputs_and_gives_the_same_marks(class_of, tmp_path):
    folder = class_of(3)
    for seed in (1, 2):
        assert run(folder, "--csv", tmp_path / f"{seed}.csv", "--seed", seed).returncode == 0
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()
    softmax, _ = batch.Plan("tests.grading.bank:exercises", 0, None).exercises()
    one, two = softmax.arguments(1, 0)[0], softmax.arguments(2, 0)[0]
    assert not (one == two).any()


def test_killed_in_the_middle_it_goes_on_and_ends_with_the_same_marks(class_of, tmp_path):
    folder = class_of(10, slow=0.3)
    whole, parts = tmp_path / "whole.csv", tmp_path / "parts.csv"
    assert run(folder, "--csv", whole).returncode == 0
    journal = Path(f"{parts}.journal")
    process = subprocess.Popen(
        command(folder, "--csv", parts),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if journal.exists() and len(journal.read_text().splitlines()) >= 4:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    held = journal.read_text()
    seed = json.loads(held.splitlines()[0])["seed"]
    assert 3 <= len(held.splitlines()) - 1 < 10
    assert not parts.exists()
    journal.write_text(held + '{"key": "cut off in the mid')
    done = run(folder, "--csv", parts)
    assert done.returncode == 0, done.stderr
    assert "Going on" in done.stderr
    assert f"Seed {seed}." in done.stderr
    assert parts.read_bytes() == whole.read_bytes()
    assert not journal.exists()


def test_control_c_ends_cleanly_with_what_is_done(class_of, tmp_path):
    folder = class_of(10, slow=0.3)
    out = tmp_path / "g.csv"
    process = subprocess.Popen(
        command(folder, "--csv", out),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell's background job ignores SIGINT, and so would everything started from it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    journal = Path(f"{out}.journal")
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if journal.exists() and len(journal.read_text().splitlines()) >= 3:
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    error = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 130, error
    assert "Traceback" not in error
    assert "Start the same command again" in error
    assert 2 <= len(rows(out)) < 10
    done = run(folder, "--csv", out)
    assert done.returncode == 0
    assert len(rows(out)) == 10


def test_a_changed_submission_is_marked_again_when_going_on(class_of, tmp_path):
    folder = class_of(2)
    found = submissions.find([folder])
    before = [batch.key_of(item) for item in found]
    notebook(folder / "learner01.ipynb", SIGMOID)
    after = [batch.key_of(item) for item in submissions.find([folder])]
    assert before[0] == after[0]
    assert before[1] != after[1]


def test_a_journal_of_other_exercises_is_put_aside(tmp_path):
    journal = batch.Journal(tmp_path / "j", {"seed": 1, "version": "a"})
    journal.add("key", {"name": "x"})
    journal.close(finished=False)
    assert batch.Journal(tmp_path / "j", {"seed": 1, "version": "a"}).done == {"key": {"name": "x"}}
    other = batch.Journal(tmp_path / "j", {"seed": 1, "version": "b"})
    assert other.done == {}
    assert batch.Journal(other.aside, {"seed": 1, "version": "a"}).done == {"key": {"name": "x"}}
    # One without a result is of no use to anybody.
    assert batch.Journal(tmp_path / "j", {"seed": 1, "version": "c"}).aside is None


def test_exit_codes_and_sentences(class_of, tmp_path, capsys):
    folder = class_of(1)
    (folder / "lost.ipynb").write_text("")
    done = run(folder, "--csv", tmp_path / "g.csv")
    assert done.returncode == 1
    assert "1 could not be marked" in done.stderr
    assert [row["remarks"] for row in rows(tmp_path / "g.csv")][1].startswith("lost.ipynb: the fi")
    empty = tmp_path / "empty"
    empty.mkdir()
    wrong = (
        [str(tmp_path / "nowhere")],
        [str(empty)],
        [str(folder), "--only", "softmaxx"],
        [str(folder), "--jobs", "0"],
        [str(folder), "--timeout", "-1"],
        [str(folder), "--csv", "/proc/no/g.csv"],
    )
    for arguments in wrong:
        assert grade.main([*arguments, "--bank", "tests.grading.bank:exercises"]) == 2
        said = capsys.readouterr().err
        sentences = [line for line in said.splitlines() if not line.startswith("Sandbox")]
        assert len(sentences) == 1, said
        assert sentences[0].startswith("Nothing was marked")
    with pytest.raises(SystemExit) as left:
        grade.main([])
    assert left.value.code == 2


def test_a_bank_that_is_not_there_is_said(class_of, capsys):
    folder = class_of(1)
    for bank in ("nowhere:exercises", "tests.grading.bank:nothing", "tests.grading.bank", ""):
        assert grade.main([str(folder), "--bank", bank]) == 2
        assert "--bank wants MODULE:FUNCTION" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_costs_no_mark(class_of, tmp_path):
    folder, out = class_of(2), tmp_path / "g.csv"
    done = run(folder, "--csv", out, "--report", tmp_path / "nowhere" / "class.html")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "No mark is lost" in done.stderr
    done = run(folder, "--csv", out, "--report", tmp_path / "class.html")
    assert done.returncode == 0
    assert "Going on: 2 are marked already" in done.stderr


def test_the_version_changes_with_a_bank_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_bank.py").write_text("points = 4")
    before = grade.version("own_bank:exercises")
    (tmp_path / "own_bank.py").write_text("points = 5")
    assert grade.version("own_bank:exercises") != before


def test_require_sandbox_refuses_where_a_part_is_missing(class_of, tmp_path):
    folder = class_of(1)
    python = tmp_path / "bin"
    python.mkdir()
    environment = {"PATH": str(python), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = run(folder, "--csv", tmp_path / "g.csv", "--require-sandbox", env=environment)
    assert done.returncode == 2
    assert "bubblewrap is not installed" in done.stderr
    assert "--require-sandbox" in done.stderr
    assert not (tmp_path / "g.csv").exists()
    assert run(folder, "--csv", tmp_path / "g.csv", "--require-sandbox").returncode == 0


def test_a_worker_that_dies_is_replaced_and_only_its_submission_concerned(class_of, plan):
    folder = class_of(4)
    found = submissions.find([folder])
    found[1] = Deadly(found[1].name, found[1].files)
    results = {result["name"]: result for result in batch.run(found, plan, 2)}
    assert len(results) == 4
    assert "ended the marker's worker" in results["learner01"]["reason"]
    assert [results[f"learner0{n}"]["total"] for n in (0, 2, 3)] == [2, 6, 6]


class Deadly(submissions.Submission):
    """Kills the process that reads it, as a defect of the marker would."""

    def notebooks(self):
        os._exit(1)


class Endless(submissions.Submission):
    """Never lets the process that reads it go on."""

    def notebooks(self):
        time.sleep(1000)


def test_a_worker_that_hangs_is_replaced(class_of, plan):
    found = submissions.find([class_of(3)])
    found[0] = Endless(found[0].name, found[0].files)
    results = {r["name"]: r for r in batch.run(found, plan, 1, patience=25)}
    assert "took more than 25 s" in results["learner00"]["reason"]
    assert results["learner01"]["total"] == results["learner02"]["total"] == 6


def test_a_slow_start_is_not_counted_as_marking(class_of, plan):
    """A cold disk can make a worker's start take longer than a submission may."""
    late = dataclasses.replace(plan, bank="tests.grading.test_batch:late")
    results = list(batch.run(submissions.find([class_of(1)]), late, 1, patience=SLOW / 2))
    assert [result["total"] for result in results] == [2]


SLOW = 6.0


def late():
    """A bank that takes its time."""
    from tests.grading import bank

    time.sleep(SLOW)
    return bank.exercises()


def test_workers_that_never_start_are_said_and_end_the_batch(class_of, plan, capfd):
    none = dataclasses.replace(plan, bank="tests.grading.test_batch:late_and_never")
    results = list(batch.run(submissions.find([class_of(2)]), none, 2))
    assert len(results) == 2
    assert all("no worker of the marker starts" in result["reason"] for result in results)
    assert "late_and_never" in capfd.readouterr().err


def test_time_during_which_the_machine_slept_is_nobodys(monkeypatch):
    """A shut laptop stops the child as well: an hour counts as one look."""
    now = [100.0]
    monkeypatch.setattr(frames.time, "monotonic", lambda: now[0])
    countdown = frames.Countdown(10)
    now[0] += 3600
    assert countdown.left() == 9
    now[0] += 0.25
    assert countdown.left() == 8.75
    for _ in range(9):
        now[0] += 1
        left = countdown.left()
    assert left < 0


def test_a_missing_sandbox_is_said_once(class_of, tmp_path):
    done = run(class_of(3), "--csv", tmp_path / "g.csv")
    assert done.stderr.count("Sandbox:") == 1
    assert sandbox.detect().sentence() in done.stderr


def test_what_a_seed_draws_is_made_once_and_nobody_can_change_it():
    """All submissions are asked the same; who writes into an input spoils it for nobody."""
    from tests.grading import bank
    from utils.grading.guard import asking
    from utils.grading.judge import judge

    softmax, made = bank.exercises()[0], []
    counting = dataclasses.replace(
        softmax, reference=lambda z: made.append(1) or softmax.reference(z)
    )

    def spoils(z):
        z[:] = 0
        return z

    drawn = [counting.draw(SEED, number).args[0].copy() for number in range(4)]
    assert judge(counting, asking(counting, spoils), SEED).points == 0
    for _ in range(3):
        assert judge(counting, asking(counting, bank.losses.softmax), SEED).right
    assert len(made) == 4, "one right answer a case"
    for number, z in enumerate(drawn):
        np.testing.assert_array_equal(counting.draw(SEED, number).args[0], z)
    assert not np.array_equal(counting.draw(SEED + 1, 0).args[0], drawn[0])
