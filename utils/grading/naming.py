"""Which mistake explains wrong answers: a known one, one times a factor, or a difference."""

import warnings
from functools import lru_cache
from itertools import product
from math import log

import numpy as np

from utils.grading.compare import close, copied, difference, numbers_of
from utils.grading.model import Answer

SCALE_HINT = "All but one factor is right. Which one is it, and where does the formula have it?"
NEAR = 1e-6


def outcome(exercise, function, args):
    """What a function of ours makes of the arguments, as an `Answer`."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return Answer(exercise.drive(function, *copied(args)))
        except Exception as error:
            return Answer(kind="raised", error=f"{type(error).__name__}: {error}")


def guess(exercise, mistake, tried):
    """The outcome of a known mistake on the input of a case; kept with the case's draw."""
    kept = tried.draw.guesses
    if mistake.name not in kept:
        kept[mistake.name] = outcome(exercise, mistake.wrong, tried.args)
    return kept[mistake.name]


def agree(tried, simulated):
    """Whether a simulated answer does just what the learner's did on this input."""
    answer, case = tried.answer, tried.case
    if simulated.kind == "raised" or answer.kind in ("raised", "killed"):
        same = str(simulated.error).partition(":")[0] == str(answer.error).partition(":")[0]
        return simulated.kind == answer.kind == "raised" and same
    if answer.kind != "value":
        return False
    return not difference(simulated.value, answer.value, *tried.tolerance, case.dtype)


def name_mistakes(exercise, tried):
    """(names, hint): the known mistakes that explain the answers; several when they are twins."""
    guesses = {m: [guess(exercise, m, t) for t in tried] for m in exercise.misconceptions}
    match = {
        m: [agree(t, s) for t, s in zip(tried, simulated, strict=True)]
        for m, simulated in guesses.items()
    }
    wrong = [i for i, t in enumerate(tried) if t.problem]
    everywhere = [m for m in match if all(match[m])]
    if everywhere:
        return tuple(m.name for m in everywhere), everywhere[0].hint
    scaled = _scaled(exercise, tried, guesses)
    if scaled:
        return scaled
    # The other inputs may be mended already, or spoilt by a second mistake.
    for where in (wrong, wrong[:1]):
        found = [m for m in match if all(match[m][i] for i in where)]
        if found:
            most = max(sum(match[m]) for m in found)
            best = [m for m in found if sum(match[m]) == most]
            return tuple(m.name for m in best), best[0].hint
    return (), ""


def scales(sizes):
    """Factors by which a result goes wrong most often: {clause: factor}, simplest first."""
    n, k = sizes.get("N", 1), sizes.get("K", 1)
    return _scales(n, k, sizes.get("divisor", n))


@lru_cache(maxsize=256)
def _scales(n, k, divisor):
    """`divisor` is what the mean divides by."""
    signs = [("the sign is flipped", -1.0)]
    sums = [
        ("the sum is taken instead of the mean", divisor),
        ("the result is divided by the number of samples once too often", 1 / n),
        ("the number of classes multiplies the result", k),
        ("the mean runs over the classes as well", 1 / k),
        ("the sum is divided by the number of classes instead of the samples", n / k),
        ("the result is doubled", 2.0),
        ("the result is halved", 0.5),
    ]
    bases = [
        ("the result is in bits (base 2) instead of nats", 1 / log(2)),
        ("logarithms to base 10 are used", 1 / log(10)),
        ("ln 2 multiplies the result", log(2)),
    ]
    nothing = [("", 1.0)]
    combined = product(nothing + signs, nothing + sums, nothing + bases)
    ordered = sorted(combined, key=lambda parts: sum(bool(name) for name, _ in parts))
    table = {}
    for parts in ordered:
        clause = " and ".join(name for name, _ in parts if name)
        factor = float(np.prod([factor for _, factor in parts]))
        if clause and abs(factor - 1) > NEAR:
            table[clause] = factor
    return table


def _scaled(exercise, tried, guesses):
    """A right answer or a known mistake times a factor that has a name."""
    usable = [t for t in tried if _finite(t.expected) and _comparable(t)]
    if not any(t.problem for t in usable):
        return None
    tables = [scales(exercise.named_sizes(t.args)) for t in usable]
    right = [numbers_of(t.expected) for t in usable]
    clause = _factor_clause(usable, right, tables)
    if clause:
        return (clause,), SCALE_HINT
    where = [tried.index(t) for t in usable]
    for m, simulated in guesses.items():
        made = [
            numbers_of(simulated[i].value) if simulated[i].kind == "value" else None for i in where
        ]
        clause = _factor_clause(usable, made, tables)
        if clause:
            return (m.name, clause), m.hint
    return None


def _finite(value):
    values = numbers_of(value)
    return values is not None and values.size > 0 and bool(np.isfinite(values).all())


def _comparable(t):
    if t.answer.kind != "value" or not _finite(t.answer.value):
        return False
    return numbers_of(t.answer.value).shape == numbers_of(t.expected).shape


def _factor_clause(usable, bases, tables):
    """The clause whose factor turns every base into what came, or None."""
    came = [numbers_of(t.answer.value) for t in usable]
    for base, got in zip(bases, came, strict=True):
        if base is None or base.shape != got.shape or not np.isfinite(base).all():
            return None
    largest = [np.abs(base).argmax() for base in bases]
    pairs = [(float(b[i]), float(g[i])) for b, g, i in zip(bases, came, largest, strict=True)]
    if any(base == 0 for base, _ in pairs):
        return None
    for clause in tables[0]:
        if not all(clause in table for table in tables):
            continue
        factors = [table[clause] for table in tables]
        # One entry of each shows quickly that nearly all of the factors are not it.
        if all(_near(b * f, got) for (b, got), f in zip(pairs, factors, strict=True)) and all(
            close(base * f, got, NEAR, 1e-12)
            for base, got, f in zip(bases, came, factors, strict=True)
        ):
            return clause
    return None


def _near(right, got):
    return abs(got - right) <= 1e-12 + NEAR * abs(right)


# --- No known mistake: the most telling difference -----------------------------------------------


def telling_difference(exercise, tried):
    """One sentence on how the answers differ from the right ones, or ""."""
    broken = next((t for t in tried if t.problem), None)
    if broken is None or broken.answer.kind != "value":
        return ""
    for name, other in exercise.others.items():
        if all(agree(t, outcome(exercise, other, t.args)) for t in tried if t.problem):
            return f"This is the right answer to another question: {name}."
    values, right = numbers_of(broken.answer.value), numbers_of(broken.expected)
    if values is None or right is None or not np.isfinite(right).all():
        return ""
    if not isinstance(broken.expected, tuple):
        sentence = _shape_sentence(np.asarray(broken.answer.value), np.asarray(broken.expected))
        if sentence:
            return sentence
    if values.shape != right.shape:
        return ""
    everywhere = [t for t in tried if _comparable(t) and _finite(t.expected)]
    if everywhere:
        got = np.concatenate([numbers_of(t.answer.value) for t in everywhere])
        true = np.concatenate([numbers_of(t.expected) for t in everywhere])
        sentence = _constant_sentence(got, true)
        if sentence:
            return sentence
    return _value_sentence(values, right) or _only_small(tried)


def _shape_sentence(got, right):
    if got.shape == right.shape[::-1] and got.ndim == 2 and close(right.T, got, NEAR, 1e-12):
        return "The numbers are right, but the array is transposed."
    if got.shape != right.shape and got.size == right.size:
        if close(right.ravel(), got.ravel(), NEAR, 1e-12):
            return f"The numbers are right; only the shape is {got.shape}, not {right.shape}."
    elif got.shape != right.shape and right.ndim == 0 and got.size:
        if close(right, got.mean(), NEAR, 1e-12):
            return "The mean of what you return is right: one number is asked."
        if close(right, got.sum(), NEAR, 1e-12):
            return "The sum of what you return is right: one number is asked."
    return ""


def _constant_sentence(got, right):
    """For a factor or an amount that is the same everywhere."""
    with np.errstate(all="ignore"):
        ratio, gap = got[right != 0] / right[right != 0], got - right
    if np.std(right) == 0 or ratio.size < 2:
        return ""
    zeros = (got[right == 0] == 0).all()
    if zeros and close(ratio, np.full_like(ratio, ratio[0]), NEAR, 0):
        return f"What you give is always the right answer times {ratio[0]:.6g}."
    if close(gap, np.full_like(gap, gap[0]), NEAR, 1e-12):
        return f"What you give is always off by the same amount, {gap[0]:+.6g}."
    return ""


def _value_sentence(got, right):
    if not np.isfinite(got).all():
        return ""
    if (got * right < 0).any() and close(np.abs(right), np.abs(got), NEAR, 1e-12):
        return "The sizes are right; some signs are not."
    if got.size > 1 and close(np.sort(right), np.sort(got), NEAR, 1e-12):
        return "The numbers are right, but they stand in the wrong order."
    fine = np.isclose(got, right, rtol=NEAR, atol=1e-12)
    if got.size > 2 and fine.mean() >= 0.5:
        return f"{fine.sum()} of {got.size} entries are right; the others are not."
    return ""


def _only_small(tried):
    def largest(t):
        values = [np.abs(a[np.isfinite(a)]).max(initial=0) for a in map(_floats, t.args)]
        return max(values, default=0)

    good = [largest(t) for t in tried if not t.problem]
    bad = [largest(t) for t in tried if t.problem]
    if good and bad and max(good) < min(bad):
        return f"Right up to inputs of {max(good):.3g}, wrong from {min(bad):.3g} on: what breaks?"
    return ""


def _floats(value):
    if isinstance(value, list | tuple):
        return np.concatenate([np.zeros(0), *map(_floats, value)])
    array = np.asarray(value)
    return array.ravel().astype(np.float64) if array.dtype.kind in "biuf" else np.zeros(0)
