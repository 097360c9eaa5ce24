"""The words of a verdict: what is right, the first thing that is wrong, its name, a question."""

import numpy as np

from utils.grading.compare import difference, kind_of, kind_wanted

FACTORS = ("the result is", "the sign is flipped", "the sum is", "the mean runs")
MANY = 24  # entries beyond which an array is summed up instead of shown


def show(value):
    """A value in few characters, with the digits that matter."""
    if isinstance(value, tuple | list):
        inner = ", ".join(show(v) for v in value)
        return f"({inner})" if isinstance(value, tuple) else f"[{inner}]"
    if isinstance(value, bool | np.bool_ | str) or value is None:
        return repr(value)
    if isinstance(value, int | np.integer):
        return str(value)
    if isinstance(value, float | np.floating):
        return f"{value:.5g}"
    if not isinstance(value, np.ndarray):
        text = repr(value)
        return text if len(text) < 60 else f"{text[:57]}…"
    if value.size > MANY:
        return f"<an array of shape {value.shape}>"
    text = np.array2string(
        value, separator=", ", formatter={"float_kind": lambda x: f"{x:.5g}"}, max_line_width=10**6
    )
    return " ".join(text.split())


def call(exercise, args):
    """The call as one would type it."""
    names = exercise.parameters
    if len(names) != len(args):
        return f"{exercise.name}({', '.join(map(show, args))})"
    return (
        f"{exercise.name}({', '.join(f'{n}={show(a)}' for n, a in zip(names, args, strict=True))})"
    )


def _a(kind):
    """With its article."""
    if kind == "None" or kind.startswith(("a ", "an ")):
        return kind
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def joined(names):
    """a, b and c."""
    names = [str(name) for name in names]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def what_came(exercise, tried):
    """The sentence on one input that went wrong."""
    answer, expected = tried.answer, tried.expected
    start = f"On {tried.case.name}: "
    what = call(exercise, tried.args) if exercise.driver is None else exercise.name
    if answer.kind == "timeout":
        where = f" It was at: {answer.where}" if answer.where else ""
        return f"{start}{what} did not come back ({answer.error}).{where}"
    if answer.kind != "value":
        where = f", at: {answer.where}" if answer.where else ""
        return f"{start}{what} raised {answer.error}{where}"
    if answer.mutated:
        return (
            f"{start}{exercise.name} changes the array it was given. Its caller still needs that: "
            "work on a copy, or write `a = a - b` instead of `a -= b`."
        )
    if tried.problem == "kind":
        return start + _wrong_kind(what, expected, answer.value)
    if tried.problem == "shape":
        if isinstance(expected, tuple):
            got = [np.shape(part) for part in answer.value]
            right = [np.shape(part) for part in expected]
            return f"{start}the shapes should be {joined(right)}, but are {joined(got)}."
        got, right = np.shape(answer.value), np.shape(expected)
        return f"{start}{what} should have the shape {right}, but has {got}."
    if tried.problem == "dtype":
        parts = _parts(expected, answer.value)
        dtypes = [(np.asarray(e).dtype, np.asarray(v).dtype) for e, v in parts]
        right, got = next(((e, v) for e, v in dtypes if e != v), dtypes[0])
        return f"{start}the values are right, but their number type is {got}, not {right}."
    return f"{start}{what} should give {show(expected)}, but gave {show(answer.value)}."


def _parts(expected, value):
    """What is right and what was given, part by part."""
    if isinstance(expected, tuple):
        return list(zip(expected, value, strict=True))
    return [(expected, value)]


def _wrong_kind(what, expected, value):
    """The sentence on a value, or on the part of a tuple, that is not even of the right kind."""
    should, but = f"{what} should give", "gave"
    if isinstance(expected, tuple) and isinstance(value, tuple | list):
        if len(value) != len(expected):
            return f"{should} {len(expected)} values, but gave {len(value)}."
        parts = enumerate(_parts(expected, value), start=1)
        number, (expected, value) = next(
            part for part in parts if difference(*part[1], 0, 0) == "kind"
        )
        should, but = f"value {number} of {what} should be", "is"
    wanted, given = kind_wanted(expected), kind_of(value)
    hint = {
        "None": " Is there a `return` at the end?" if but == "gave" else "",
        "torch.Tensor": " This task is done in NumPy, without torch.",
        "generator": " Is there a `yield` where `return` is meant?",
        "list": " `np.array(…)` makes one of it." if wanted == "array" else "",
    }.get(given, "")
    return f"{should} {_a(wanted)}, but {but} {_a(given)}.{hint}"


def ruled_out(exercise, name):
    """The sentence on a call that the task forbids; `name` as in `Exercise.forbidden`."""
    function, _, argument = name.rstrip(")").partition("(")
    what = f"{function} with {argument}" if argument else function
    return (
        f"{exercise.name}: it calls {what}. This task asks you to do without it: a function that "
        "calls it gets no points."
    )


def named(names):
    """The sentence that calls the mistakes by their names."""
    if len(names) == 2 and names[1].startswith(FACTORS) and not names[0].startswith(FACTORS):
        return f"This is what comes out when {names[0]}, and besides {names[1]}."
    if len(names) > 1:
        ways = ", or when ".join(names)
        return f"This is what comes out when {ways} (on these inputs the same)."
    return f"This is what comes out when {names[0]}."


def read_again(exercise):
    return f"Read again: “{exercise.title}”, {exercise.section}."
