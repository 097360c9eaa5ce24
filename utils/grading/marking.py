"""Marking one submission: read it, put it into a sandbox, ask it, judge the answers out here."""

import hashlib
from dataclasses import dataclass, field

from utils.grading import frames, submissions, wording
from utils.grading.judge import judge
from utils.grading.model import Answer
from utils.grading.sandbox import Limits

GIVE_UP = 2  # answers of one function that never came, after which it is not asked again
# What reading a forged reply may raise: keys, indices, kinds and numbers that are not as agreed.
NOT_PLAIN = (frames.BadFrame, LookupError, TypeError, ValueError, OverflowError)


@dataclass
class Job:
    """What all submissions of a batch share. Only the marker ever sees it."""

    exercises: list
    seed: int
    limits: Limits = field(default_factory=Limits)


def plain(text):
    """A learner's text without what could not be printed or written to a file."""
    text = str(text).encode("utf-8", "replace").decode()
    return "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)


class Asker:
    """Asks the functions of one submission; a child that dies is replaced by a fresh one."""

    def __init__(self, server, notebooks, limits):
        self.server, self.notebooks, self.limits = server, notebooks, limits
        self.child, self.names, self.notes = None, None, []
        self.only_definitions = False
        self.countdown = frames.Countdown(limits.total, most=limits.cells + limits.answer)

    def open(self):
        """A child with the notebooks loaded; the names they define are in `names`."""
        for only_definitions in (self.only_definitions, True):
            self.child = self.server.child(self.limits)
            cells = [
                [submissions.definitions(c) if only_definitions else c for c in notebook.cells]
                for notebook in self.notebooks
            ]
            sources = [
                {"name": n.name, "cells": c} for n, c in zip(self.notebooks, cells, strict=True)
            ]
            try:
                reply, _ = self.child.request(
                    {"op": "load", "sources": sources}, seconds=self.limits.cells
                )
                names, notes = reply["names"], reply["notes"]
                self.names = [{str(name) for name in file} for file in names]
                if len(self.names) != len(self.notebooks):
                    raise frames.BadFrame("names of other notebooks")
                if not self.notes and not only_definitions:
                    self.notes = [self._note(note) for note in notes[:20]]
                return
            except frames.TimedOut:
                reason = f"running all cells took more than {self.limits.cells:g} s"
            except frames.Closed:
                reason = f"running all cells ended the process ({self.child.how_it_ended()})"
            except NOT_PLAIN:
                reason = "running all cells wrote to the marker's pipe"
            self.close()
            if not self.only_definitions:
                self.notes = [f"{reason}; only imports and definitions were run"]
            self.only_definitions = True
        self.names = [set() for _ in self.notebooks]
        self.notes.append("these did not run either")

    def _note(self, note):
        file, cell, error = note["file"], note["cell"], note["error"]
        where = f"{self.notebooks[file].name}, cell {int(cell) + 1}"
        return plain(f"{where}: {str(error['type'])[:80]}: {str(error['error'])[:200]}")

    def file_of(self, exercise):
        """Which notebook's function counts: the one named after the exercise's topic, else any."""
        files = [i for i, names in enumerate(self.names) if exercise.name in names]
        topic = str(getattr(exercise, "topic", ""))
        own = [i for i in files if self.notebooks[i].name.partition(".")[0] == topic]
        return (own or files or [None])[0]

    def asking(self, exercise):
        """The `ask` of one exercise: arguments in, one Answer out, never an exception."""
        state = {"silent": 0}

        def ask(args):
            if state["silent"] >= GIVE_UP:
                return Answer(None, error="not asked again: it never answered", kind="timeout")
            answer = self._ask(exercise, args)
            state["silent"] += answer.kind in ("timeout", "killed")
            return answer

        return ask

    def _ask(self, exercise, args):
        if self.countdown.left() <= 0:
            return Answer(None, error="the submission's time was used up", kind="timeout")
        if self.child is None or not self.child.alive:
            self.close()
            self.open()
        file = self.file_of(exercise)
        if file is None:
            return Answer(None, error=f"no function {exercise.name}", kind="not_found")
        tree, blobs = frames.pack(tuple(args))
        question = {"op": "ask", "file": file, "function": exercise.name, "args": tree}
        if exercise.driver:
            question["driver"] = exercise.driver
        if exercise.forbidden:
            question["forbidden"] = exercise.forbidden
        seconds = self.limits.answer
        try:
            reply, out = self.child.request(question, blobs, seconds)
            return self._answer(exercise, reply, out)
        except frames.TimedOut:
            error, kind = f"no answer within {seconds:g} s", "timeout"
        except frames.Closed:
            error, kind = self.child.how_it_ended(), "killed"
        except NOT_PLAIN:
            error, kind = "what came back is not an answer", "killed"
        self.close()
        return Answer(None, error=error, kind=kind)

    def _answer(self, exercise, reply, out):
        called = reply.get("called")
        for name in called[:20] if isinstance(called, list) else ():
            if name in exercise.forbidden:
                return Answer(None, wording.ruled_out(exercise, name), "forbidden")
        mutated, seconds = reply.get("mutated") is True, reply.get("seconds")
        seconds = float(seconds) if isinstance(seconds, int | float) else 0.0
        if reply.get("kind") == "value":
            value = frames.unpack(reply["tree"], out)
            return Answer(value, kind="value", mutated=mutated, seconds=seconds)
        error = plain(f"{str(reply['type'])[:80]}: {str(reply['error'])[:500]}")
        where = plain(reply.get("where") or "")[:300]
        return Answer(None, error, "raised", mutated, seconds, where)

    def close(self):
        if self.child is not None:
            self.child.end()
            self.child = None


def mark(submission, job, server):
    """The result of one submission: plain data, the same bytes for the same inputs and seed."""
    result = {
        "name": submission.name,
        "files": [file.name for file in submission.files],
        "reason": submission.reason,
        "remarks": list(submission.remarks),
        "functions": {},
        "total": 0.0,
        "out_of": float(sum(exercise.points for exercise in job.exercises)),
    }
    notebooks = submission.notebooks()
    result["digest"] = hashlib.sha256("".join(n.digest for n in notebooks).encode()).hexdigest()
    broken = [notebook for notebook in notebooks if notebook.reason]
    notebooks = [notebook for notebook in notebooks if not notebook.reason]
    for notebook in broken:
        result["remarks"].append(f"{notebook.name}: {notebook.reason}")
    if not notebooks:
        result["reason"] = result["reason"] or "; ".join(result["remarks"][-len(broken) :])
        return result
    asker = Asker(server, notebooks, job.limits)
    try:
        asker.open()
        result["remarks"] += asker.notes
        text = submissions.Text([cell for notebook in notebooks for cell in notebook.cells])
        for exercise in job.exercises:
            verdict = judge(exercise, asker.asking(exercise), job.seed)
            result["functions"][exercise.name] = describe(exercise, verdict)
            call = text.call(exercise.name, exercise.forbidden) if verdict.points else None
            if call:
                result["remarks"].append(
                    f"{exercise.name}: its text names {plain(call)}, which the task rules out; "
                    "when it ran, no call of it was seen"
                )
    finally:
        asker.close()
    result["total"] = float(sum(f["points"] for f in result["functions"].values()))
    return result


def describe(exercise, verdict):
    """A verdict as plain data, without times."""
    return {
        "points": round(float(verdict.points), 6),
        "out_of": float(exercise.points),
        "written": bool(verdict.written),
        "feedback": [str(line) for line in verdict.feedback],
        "misconceptions": list(verdict.mistakes),
        "cases": [
            {"name": c.name, "points": c.points, "out_of": c.out_of, "problem": c.problem}
            for c in verdict.cases
        ],
    }
