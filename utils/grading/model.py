"""What an exercise is: data. Nothing here runs a learner's code or knows a particular exercise."""

import ast
import copy
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

FRAMEWORKS = ("numpy", "torch")
KINDS = ("value", "raised", "timeout", "killed", "not_found", "forbidden")


@dataclass(frozen=True)
class Case:
    """One kind of input on which an answer is tried.

    `name` completes "right on …" ("ordinary logits"); `make(rng)` draws the arguments, so that a
    copied answer does not fit the next draw; `points` weigh the case among its exercise's; `dtype`
    asks for the number type of the right answer too; `rtol` and `atol` take the place of the
    exercise's own (`atol=0` where a tiny result is the point).
    """

    name: str
    make: Callable[[np.random.Generator], tuple]
    points: float = 1.0
    rtol: float | None = None
    atol: float | None = None
    dtype: bool = False

    def __post_init__(self):
        if not self.name or not callable(self.make) or not self.points > 0:
            raise ValueError(f"Case {self.name!r} needs a name, make(rng) and points above 0.")


@dataclass(frozen=True)
class Misconception:
    """A mistake that people make, as code that makes it.

    `name` completes "This is what comes out when …"; `wrong` takes the place of the learner's
    function; `hint` is a question that leads on.
    """

    name: str
    wrong: Callable
    hint: str

    def __post_init__(self):
        if not (self.name and callable(self.wrong) and self.hint):
            raise ValueError(f"Misconception {self.name!r} needs a name, code and a hint.")


@dataclass(frozen=True)
class Draw:
    """The arguments of a case, the right answer, and what known mistakes make of them, by name."""

    args: tuple
    expected: Any
    guesses: dict = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """A function (or class) to write, how it is tried, and what is known about getting it wrong.

    `signature` begins like the `def` line. The learner's function is called with the arguments that
    a case makes. Where it is not simply that (a class to build, a backward pass), `driver` holds
    the text of `def drive(learner, *args)`, which turns the learner's object into plain arrays; it
    runs beside the learner's code and therefore contains no answer. `reference` takes the same
    arguments and returns what is right: a number, an array, or a tuple of them. `sizes(*args)`
    names the numbers that people divide by too often or too seldom. `others` are right answers to
    other questions; who gives one is told so. `forbidden` names the library functions that the task
    rules out ("scipy.special.expit"; "torch.f(argument)": only with that argument): a call of one
    costs all points of the function. The task's text says so, and names one of them.
    """

    name: str
    topic: str
    section: str  # where the book derives it: "chapters/from_scratch/softmax"
    title: str  # that chapter's title, for people
    signature: str
    points: float
    reference: Callable
    cases: tuple[Case, ...]
    misconceptions: tuple[Misconception, ...]
    hints: tuple[str, str, str]
    others: dict[str, Callable] = field(default_factory=dict)
    driver: str | None = None
    framework: str = "numpy"
    sizes: Callable[..., dict] | None = None
    forbidden: tuple[str, ...] = ()
    rtol: float = 1e-6
    atol: float = 1e-12

    def __post_init__(self):
        for given in (self.cases, self.misconceptions):
            names = [item.name for item in given]
            if not names or len(set(names)) != len(names):
                raise ValueError(f"{self.name}: names are missing or used twice among {names}.")
        if len(self.hints) != 3:
            raise ValueError(f"{self.name}: there must be three hints.")
        if not self.points > 0 or self.framework not in FRAMEWORKS:
            raise ValueError(
                f"{self.name}: points above 0 and a framework of {FRAMEWORKS}, please."
            )
        if not self.signature.startswith(f"{self.name}("):
            raise ValueError(f"{self.name}: the signature must begin with {self.name}(.")

    @cached_property
    def parameters(self):
        """The names of the arguments, from the signature."""
        head = self.signature.split("—")[0].strip()
        return tuple(a.arg for a in ast.parse(f"def {head}: pass").body[0].args.args)

    @cached_property
    def drive(self):
        """`drive(learner, *args)`; without a driver, the call itself."""
        if self.driver is None:
            return lambda learner, *args: learner(*args)
        space = {"np": np, "__name__": "driver"}
        exec(compile(self.driver, f"<driver of {self.name}>", "exec"), space)
        return space["drive"]

    def arguments(self, seed, number):
        """The arguments of one case: the same seed makes the same ones."""
        rng = np.random.default_rng([seed, zlib.crc32(self.name.encode()), number])
        return self.cases[number].make(rng)

    def draw(self, seed, number):
        """One case as this seed draws it; kept, since a whole class is asked the same."""
        kept_for, kept = self.__dict__.get("_drawn", (None, None))
        if kept is None or kept_for != seed:
            kept = {}
            self.__dict__["_drawn"] = (seed, kept)
        if number not in kept:
            args = self.arguments(seed, number)
            with np.errstate(all="ignore"):
                expected = self.reference(*copy.deepcopy(args))
            kept[number] = Draw(args, expected)
        return kept[number]

    def tolerance(self, case):
        """How near an answer must come: relative, absolute."""
        rtol = self.rtol if case.rtol is None else case.rtol
        return rtol, self.atol if case.atol is None else case.atol

    def named_sizes(self, args):
        """N, K and what a mean divides by, the "divisor" (N, if it is not there)."""
        if self.sizes is not None:
            return self.sizes(*args)
        shapes = [np.shape(a) for a in args if np.ndim(a)]
        return dict(zip(("N", "K"), shapes[0], strict=False)) if shapes else {}


@dataclass(frozen=True)
class Answer:
    """What came of asking the learner's code for one input.

    `error` reads "Type: message"; `mutated` says that the inputs were changed; `where` is the
    learner's own line; `notes` are remarks that cost nothing (warnings, output cut off).
    """

    value: Any = None
    error: str | None = None
    kind: str = "value"
    mutated: bool = False
    seconds: float = 0.0
    where: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"An answer's kind is one of {KINDS}, not {self.kind!r}.")


@dataclass(frozen=True)
class CaseResult:
    """How one case went; `problem` is empty when it went well."""

    name: str
    points: float
    out_of: float
    problem: str = ""

    @property
    def right(self):
        return not self.problem


@dataclass(frozen=True)
class Verdict:
    """What the judge says: points, the cases, the mistakes by name, and two to five sentences.

    `written` is false when there is no function yet, or only the stub; `notes` are remarks that
    cost nothing.
    """

    exercise: str
    points: float
    out_of: float
    cases: tuple[CaseResult, ...] = ()
    mistakes: tuple[str, ...] = ()
    feedback: tuple[str, ...] = ()
    written: bool = True
    notes: tuple[str, ...] = ()

    @property
    def right(self):
        return bool(self.cases) and all(case.right for case in self.cases)
