"""The judge: tries a function on an exercise's cases, counts points and names the mistake.

`judge(exercise, ask, seed)` never runs a learner's code itself. `ask(args)` does, wherever that is
safe, and returns an `Answer`: in the learner's own kernel for `check`, in a sandbox for a class.
"""

from dataclasses import dataclass, replace

import numpy as np

from utils.grading import naming, wording
from utils.grading.compare import copied, difference
from utils.grading.model import Answer, Case, CaseResult, Draw, Verdict

NOT_TRIED = "not tried"
RULED_OUT = "a function that the task rules out is called"
MOST_NOTES = 3
STOPS = ("not_found", "forbidden", "timeout")


@dataclass(frozen=True)
class Tried:
    """One case: what was asked, what is right, what came; `problem` says why it fails."""

    case: Case
    draw: Draw
    answer: Answer
    tolerance: tuple[float, float]
    problem: str = ""

    @property
    def args(self):
        return self.draw.args

    @property
    def expected(self):
        return self.draw.expected


def judge(exercise, ask, seed):
    """Try the code behind `ask` on every case of `exercise`; returns a `Verdict`.

    Later cases count only once the first, the plain one, is right.
    """
    tried = []
    for number, case in enumerate(exercise.cases):
        tried.append(_try(exercise, case, exercise.draw(seed, number), ask))
        answer = tried[-1].answer
        if answer.kind in STOPS or _is_stub(answer):
            break
    first = tried[0].answer
    if first.kind == "not_found":
        return _nothing(exercise, first.error or f"{exercise.name} is not there.", first.kind)
    if _is_stub(first):
        return _nothing(exercise, f"{exercise.name} is not written yet.", "not_found")
    tried = _same_twice(exercise, tried, ask)
    for t in tried:
        if t.answer.kind == "forbidden":
            nothing = _nothing(exercise, t.answer.error or "A ruled-out call.", "forbidden")
            return replace(nothing, mistakes=(RULED_OUT,))
    results = _results(exercise, tried)
    points = round(sum(result.points for result in results), 4)
    if all(result.right for result in results):
        feedback = (f"{exercise.name}: right on {wording.joined([t.case.name for t in tried])}.",)
        names = ()
    else:
        names, feedback = _explain(exercise, tried, ask)
    verdict = Verdict(exercise.name, points, exercise.points, results, names, feedback)
    notes = dict.fromkeys(note for t in tried for note in t.answer.notes)
    return replace(verdict, notes=tuple(notes)[:MOST_NOTES])


def _try(exercise, case, draw, ask):
    tried = Tried(case, draw, ask(copied(draw.args)), exercise.tolerance(case))
    return replace(tried, problem=_problem(tried))


def _problem(tried):
    answer = tried.answer
    if answer.kind != "value":
        return answer.kind
    if answer.mutated:
        return "mutated"
    return difference(tried.expected, answer.value, *tried.tolerance, tried.case.dtype)


def _is_stub(answer):
    return answer.kind == "raised" and str(answer.error).startswith("NotImplementedError")


def _same_twice(exercise, tried, ask):
    """Ask the first question again: an answer that changes is no answer."""
    first = tried[0]
    if first.problem not in ("", "value"):
        return tried
    again = _try(exercise, first.case, first.draw, ask)
    before = first.answer.value
    if again.answer.kind == "forbidden":
        return [again, *tried[1:]]
    if again.answer.kind == "value" and not difference(before, again.answer.value, 0, 0):
        return tried
    return [replace(t, problem="changes") for t in tried]


def _results(exercise, tried):
    weight = sum(case.points for case in exercise.cases)
    results = []
    for number, case in enumerate(exercise.cases):
        problem = tried[number].problem if number < len(tried) else NOT_TRIED
        out_of = exercise.points * case.points / weight
        earned = 0.0 if problem or tried[0].problem else out_of
        results.append(CaseResult(case.name, earned, out_of, problem))
    return tuple(results)


def _nothing(exercise, sentence, kind):
    share = exercise.points / sum(case.points for case in exercise.cases)
    results = tuple(CaseResult(c.name, 0.0, share * c.points, kind) for c in exercise.cases)
    written = kind != "not_found"
    return Verdict(exercise.name, 0.0, exercise.points, results, (), (sentence,), written)


def _explain(exercise, tried, ask):
    """The names of the mistakes and the sentences for the learner."""
    right = [t.case.name for t in tried if not t.problem]
    broken = next(t for t in tried if t.problem)
    start = f"right on {wording.joined(right)}." if right else "not right yet."
    sentences = [f"{exercise.name}: {start}"]
    if broken.problem == "changes":
        sentences.append(
            "Asked twice for the same input, it gave two different answers. What does it remember "
            "from call to call, or leave to chance?"
        )
        return ("the answer changes from call to call",), tuple(sentences)
    if broken.problem == "mutated":
        sentences += [wording.what_came(exercise, broken), wording.read_again(exercise)]
        return ("the input is changed in place",), tuple(sentences)
    names, hint = naming.name_mistakes(exercise, tried)
    sentences.append(wording.what_came(exercise, _smallest(exercise, broken, ask)))
    if names:
        sentences += [wording.named(names), hint]
    elif broken.problem in ("value", "shape"):
        sentences.append(naming.telling_difference(exercise, tried))
    sentences.append(wording.read_again(exercise))
    return names, tuple(filter(None, sentences))


def _smallest(exercise, broken, ask):
    """The same failure on one sample, where one sample alone shows it; else as it was."""
    if broken.answer.kind != "value" or exercise.driver is not None:
        return broken
    arrays = [a for a in broken.args if np.ndim(a)]
    if not arrays:
        return broken
    n = len(arrays[0])
    for i in range(min(n, 3) if n > 1 else 0):
        args = tuple(a[i : i + 1] if np.ndim(a) and len(a) == n else a for a in broken.args)
        try:
            with np.errstate(all="ignore"):
                draw = Draw(args, exercise.reference(*copied(args)))
            smaller = _try(exercise, broken.case, draw, ask)
        except (ValueError, TypeError, IndexError):
            return broken
        if smaller.problem == broken.problem:
            return smaller
    return broken
