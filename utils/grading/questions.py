"""Questions that stand in the chapters and are marked in the page, with no kernel.

A question is data. Its right value, and the values that known mistakes lead to, are computed when
the page is built; the page (`utils/explorers/question.mjs`) compares what is typed with them.
All texts are plain text, with mathematics between dollar signs and code between backticks.
"""

import hashlib
import html
import json
import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import anywidget
import traitlets
from latex2mathml.converter import convert

from utils.explorers.joining import style, widget_module


@dataclass(frozen=True, kw_only=True)
class _Question:
    id: str
    prompt: str
    solution: str
    hint: str = ""

    def data(self):
        """What the page needs, as plain JSON data."""
        raise NotImplementedError


def _value(number, where):
    value = float(number() if callable(number) else number)
    if not math.isfinite(value):
        raise ValueError(f"{where} is {value}: a question needs a finite number to compare with.")
    return value


@dataclass(frozen=True, init=False)
class Number(_Question):
    """Asks for a number; `wrong` holds the values that known mistakes lead to, and what to say."""

    answer: float | Callable[[], float]
    wrong: Sequence[tuple[float | Callable[[], float], str]]
    rtol: float
    unit: str

    def __init__(self, id, prompt, *, answer, wrong=(), rtol=0.005, unit="", hint="", solution):
        _fill(self, id=id, prompt=prompt, hint=hint, solution=solution)
        _fill(self, answer=answer, wrong=tuple(wrong), rtol=rtol, unit=unit)

    def data(self):
        right = _value(self.answer, f"the answer of {self.id}")
        wrong = [
            {"value": _value(value, f"a wrong value of {self.id}"), "feedback": feedback}
            for value, feedback in self.wrong
        ]
        for mistake in wrong:
            if math.isclose(mistake["value"], right, rel_tol=self.rtol):
                raise ValueError(
                    f"{self.id}: the mistake “{mistake['feedback']}” leads to "
                    f"{mistake['value']:g}, which cannot be told from the right answer {right:g}: "
                    f"choose other numbers."
                )
        rest = {"answer": right, "wrong": wrong, "rtol": self.rtol, "unit": self.unit}
        return {**_common(self), "kind": "number", **rest}


@dataclass(frozen=True, init=False)
class Choice(_Question):
    """Asks to choose; each option carries what to say to those who choose it."""

    options: Sequence[tuple[str, bool, str]]

    def __init__(self, id, prompt, *, options, hint="", solution):
        _fill(self, id=id, prompt=prompt, hint=hint, solution=solution)
        _fill(self, options=tuple(options))
        if sum(right for _, right, _ in self.options) != 1:
            raise ValueError(f"{id}: exactly one option must be the right one.")

    def data(self):
        options = [
            {"text": text, "right": right, "feedback": feedback}
            for text, right, feedback in self.options
        ]
        return {**_common(self), "kind": "choice", "options": options}


@dataclass(frozen=True, init=False)
class Order(_Question):
    """Asks to bring the steps of a derivation into order."""

    steps: Sequence[str]
    feedback: str

    def __init__(self, id, prompt, *, steps, feedback="", hint="", solution=""):
        _fill(self, id=id, prompt=prompt, hint=hint, solution=solution)
        _fill(self, steps=tuple(steps), feedback=feedback)
        if len(set(steps)) < max(2, len(steps)):
            raise ValueError(f"{id}: there must be two steps or more, no two of them the same.")

    def data(self):
        # Shuffled the same way in every build; never into the right order.
        order = list(range(len(self.steps)))
        dice = random.Random(hashlib.sha256(self.id.encode()).digest())
        while order == sorted(order):
            dice.shuffle(order)
        rest = {"steps": list(self.steps), "start": order, "feedback": self.feedback}
        return {**_common(self), "kind": "order", **rest}


def _fill(question, **fields):
    for name, value in fields.items():
        object.__setattr__(question, name, value)


def _common(question):
    return {name: getattr(question, name) for name in ("id", "prompt", "hint", "solution")}


def with_texts(data, convert):
    """The data of a question with every text put through `convert` (text to HTML)."""
    texts = ("prompt", "hint", "solution", "feedback", "text")

    def walk(value, name):
        if isinstance(value, dict):
            return {key: walk(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, name) for inner in value]
        return convert(value) if isinstance(value, str) and name in (*texts, "steps") else value

    return {**walk(data, ""), "html": True}


# Code, or a formula with the word that a no-break space ties to it.
PIECES = re.compile(r"`(?P<code>[^`]+)`|(?P<word>[^\s$`]+\u00a0)?\$(?P<formula>[^$]+)\$")


def in_html(text, formula):
    """Plain text as HTML: code between backticks, mathematics between dollars through `formula`.

    What stands between backticks is code alone: a dollar sign in it begins no formula. (Browsers
    break a line before a formula even after a no-break space, hence the span.)
    """
    out, end = [], 0
    for piece in PIECES.finditer(text):
        out.append(html.escape(text[end : piece.start()], quote=False))
        end = piece.end()
        if piece["code"]:
            out.append(_code(piece["code"]))
        elif word := piece["word"]:
            word = html.escape(word, quote=False)
            out.append(f'<span class="whole-word">{word}{formula(piece["formula"])}</span>')
        else:
            out.append(formula(piece["formula"]))
    return "".join([*out, html.escape(text[end:], quote=False)])


def _code(text):
    """Code that no translator touches; where a page can do that, a short piece stays on one line.

    A longer one may break where a call in a call begins, too.
    """
    code = html.escape(text, quote=False)
    if len(text) <= 23:
        return f'<code class="notranslate whole-word">{code}</code>'
    return f'<code class="notranslate">{re.sub(r"[(](?=[^()]*[(])", "(<wbr>", code)}</code>'


def in_mathml(text):
    """A text as HTML that every browser shows by itself, its formulas too."""
    return in_html(text, lambda formula: convert(_spaced(formula)))


def _spaced(formula):
    """With the thin spaces around a logarithm that TeX would set: y ln p, not ylnp."""
    before = re.sub(r"(?<=[\w}])\s*(?=\\(?:ln|log)\b)", r"\\,", formula)
    return re.sub(r"(\\(?:ln|log)(?![A-Za-z]))\s*(?=[0-9A-Za-z\\])", r"\1\\,", before)


class Question(anywidget.AnyWidget):
    """A question as a widget; in a built book it is a `<ce-explorer module="question">`.

    The site sets the formulas of the second form with KaTeX; a notebook shows those of the first,
    which are MathML.
    """

    _esm = widget_module("question")
    _css = style()
    id = traitlets.Unicode().tag(sync=True)
    question = traitlets.Dict().tag(sync=True)
    solved = traitlets.Bool(False).tag(sync=True)

    def __init__(self, question):
        self._data = question.data()
        super().__init__(id=question.id, question=with_texts(self._data, in_mathml))

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        state = json.dumps({"question": self._data}, ensure_ascii=False)
        element = f'<ce-explorer module="question" state="{html.escape(state)}"></ce-explorer>'
        return {**data, "text/html": element}, metadata
