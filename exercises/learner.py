"""What a learner calls in a notebook: check, hint, progress, solution."""

import html
import re
import textwrap
from pathlib import Path

from exercises import bank, desk
from utils.grading import guard
from utils.grading.judge import judge

SEED = 0  # of check: the same inputs each time, so that one can work on one mistake
SOLUTIONS = Path(__file__).parent / "bank" / "solutions"
BAR = 20

_asked = {}  # hints asked for so far, by exercise


SECTION = re.compile(r"chapters/[\w/]+\w")


class Said(str):
    """Text that a notebook shows as it stands, without quotes, with links to the chapters."""

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        linked = SECTION.sub(r'<a href="../\g<0>.ipynb">\g<0></a>', html.escape(self, quote=False))
        return f'<pre style="white-space: pre-wrap">{linked}</pre>'


def check(learner=None, *, seed=SEED):
    """Try a function: points, the first thing that is wrong, and its name."""
    exercise = _exercise(learner)
    if isinstance(exercise, Said):
        return exercise
    verdict = judge(exercise, guard.asking(exercise, learner), seed)
    desk.remember(verdict)
    return Said(report(exercise, verdict))


def _exercise(learner):
    if isinstance(learner, str):
        return Said(f"Give the function itself, without quotes: check({learner}).")
    name = getattr(learner, "__name__", None)
    if name is None or not callable(learner):
        kind = type(learner).__name__
        return Said(
            f"check wants a function of yours, not called: check(softmax), not "
            f"check(softmax(z)). This is {'an' if kind[0] in 'aeiou' else 'a'} {kind}."
        )
    if name == "<lambda>":
        return Said("A lambda has no name, and check goes by the name: write it with `def`.")
    return _by_name(name)


def report(exercise, verdict):
    """A verdict as text: a bar, the sentences, one line a case."""
    part = f"{verdict.points:g} of {verdict.out_of:g} points"
    lines = [f"{_bar(verdict.points, verdict.out_of)} {exercise.name}: {part}"]
    if verdict.right:
        lines += ["✓ Right on every kind of input tried.", f"See also: solution({exercise.name!r})"]
        return "\n".join([*lines, *verdict.notes])
    first, *rest = verdict.feedback
    name, _, state = first.partition(": ")  # "softmax: right on …": the bar names it already
    if name == exercise.name:
        first = state[:1].upper() + state[1:]
    lines += [_wrap(sentence) for sentence in (first, *rest)]
    lines += verdict.notes
    if verdict.written:
        lines.append(f"Stuck? hint({exercise.name!r})")
    return "\n".join(lines)


def _wrap(sentence):
    return textwrap.fill(sentence, 100, subsequent_indent="  ", break_long_words=False)


def _bar(points, out_of, width=10):
    full = round(width * points / out_of) if out_of else 0
    return "█" * full + "░" * (width - full)


def hint(name):
    """The next of three hints: a question, a direction, a way."""
    exercise = _by_name(name)
    if isinstance(exercise, Said):
        return exercise
    step = min(_asked.get(exercise.name, 0), 2)
    _asked[exercise.name] = step + 1
    more = "" if step == 2 else f"  (One step further: hint({exercise.name!r}) again.)"
    return Said(_wrap(f"Hint {step + 1} of 3: {exercise.hints[step]}{more}"))


def _by_name(name):
    name = name if isinstance(name, str) else getattr(name, "__name__", str(name))
    try:
        return bank.find(name)
    except KeyError as error:
        return Said(error.args[0])


def solution(name, *, insist=False):
    """Our solution and why it is so: after full marks, or with insist=True."""
    exercise = _by_name(name)
    if isinstance(exercise, Said):
        return exercise
    if not insist and not desk.reached().get(exercise.name, {}).get("right"):
        return Said(
            f"First try {exercise.name} yourself; hint({exercise.name!r}) helps. "
            f"To see it all the same: solution({exercise.name!r}, insist=True)"
        )
    text = solution_text(exercise)
    return Said(text or "This copy of the book comes without solutions: ask who gave it to you.")


def solution_text(exercise):
    """The section of our solutions on one exercise, or None in a class release."""
    path = SOLUTIONS / f"{exercise.topic}.md"
    if not path.is_file():
        return None
    sections = re.split(r"^## (\w+)\n", path.read_text(encoding="utf-8"), flags=re.M)[1:]
    return dict(zip(sections[::2], sections[1::2], strict=True))[exercise.name].strip()


def solution_code(exercise):
    """The code of our solution."""
    blocks = re.findall(r"```python\n(.*?)```", solution_text(exercise), flags=re.S)
    return "\n\n".join(blocks)


def progress(where=None):
    """All notebooks with a bar, points, and what is next."""
    reached = desk.reached(where)
    lines, total, out_of, following = [], 0.0, 0.0, None
    for topic in bank.TOPICS:
        exercises = bank.of_topic(topic)
        points = sum(reached.get(e.name, {}).get("points", 0) for e in exercises)
        worth = sum(e.points for e in exercises)
        total, out_of = total + points, out_of + worth
        lines.append(f"{topic:16} {_bar(points, worth, BAR)} {points:5.4g} of {worth:g}")
        if following is None:
            following = next(
                (e for e in exercises if not reached.get(e.name, {}).get("right")), None
            )
    lines.append(f"{'together':16} {_bar(total, out_of, BAR)} {total:5.4g} of {out_of:g}")
    if following is None:
        lines.append("All done. There is nothing left to write.")
    else:
        lines.append(f"Next: {following.name}, in exercises/{following.topic}.ipynb")
    return Said("\n".join(lines))
