"""The Python face of the explorers: one class each, whose traits are the figure's controls."""

import html
import json
import math
import numbers

import anywidget
import numpy as np
import traitlets

from utils.explorers.joining import style, widget_module


class Number(traitlets.TraitType):
    """A number from `low` to `high`; anything else is refused in a sentence that says so."""

    def __init__(self, default, low, high, *, step=None, integer=False):
        super().__init__(default)
        self.low, self.high, self.step, self.integer = low, high, step, integer
        self.tag(sync=True, control=True)

    def validate(self, obj, value):
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
            raise traitlets.TraitError(f"{self.name} must be a number, got {value!r}.")
        if math.isnan(value):
            raise traitlets.TraitError(f"{self.name} must be a number, got nan.")
        if not self.low <= value <= self.high:
            raise traitlets.TraitError(
                f"{self.name} goes from {self.low:g} to {self.high:g}, got {value:g}."
            )
        if self.integer and value != int(value):
            raise traitlets.TraitError(f"{self.name} must be a whole number, got {value:g}.")
        return int(value) if self.integer else float(value)


class Choice(traitlets.TraitType):
    """One of the named options."""

    def __init__(self, default, options):
        super().__init__(default)
        self.options = tuple(options)
        self.tag(sync=True, control=True)

    def validate(self, obj, value):
        if not isinstance(value, str) or value not in self.options:
            known = ", ".join(map(repr, self.options))
            raise traitlets.TraitError(f"{self.name} must be one of {known}, got {value!r}.")
        return value


class Switch(traitlets.Bool):
    """On or off."""

    def __init__(self, default):
        super().__init__(default)
        self.tag(sync=True, control=True)

    def validate(self, obj, value):
        if not isinstance(value, (bool, np.bool_)):
            raise traitlets.TraitError(f"{self.name} must be True or False, got {value!r}.")
        return bool(value)


class Numbers(Number):
    """A list of `shortest` to `longest` numbers from `low` to `high`."""

    def __init__(self, default, low, high, shortest, longest=None, *, integer=False):
        super().__init__(default, low, high, integer=integer)
        self.shortest, self.longest = shortest, longest or shortest

    def make_dynamic_default(self):
        return list(self.default_value)

    default = make_dynamic_default

    def validate(self, obj, value):
        if isinstance(value, str) or not np.iterable(value):
            raise traitlets.TraitError(f"{self.name} must be a list of numbers, got {value!r}.")
        value = list(value)
        if not self.shortest <= len(value) <= self.longest:
            many = f"{self.shortest} to {self.longest}"
            many = str(self.shortest) if self.shortest == self.longest else many
            raise traitlets.TraitError(f"{self.name} wants {many} numbers, got {len(value)}.")
        return [super(Numbers, self).validate(obj, v) for v in value]


class Result(traitlets.Any):
    """What the figure shows: computed by Python, read-only, kept in step with the controls."""

    def __init__(self):
        super().__init__(None, read_only=True, allow_none=True)
        # JSON knows no infinity: the front end gets its name.
        self.tag(sync=True, to_json=lambda value, _: _plain(value))


def _plain(value):
    if isinstance(value, (np.ndarray, list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, (np.floating, float)):
        return float(value) if math.isfinite(value) else str(float(value))
    return value.item() if isinstance(value, np.generic) else value


class Explorer(anywidget.AnyWidget):
    """A figure with sliders. Controls are traits; `results` of the figure are read-only traits."""

    module = None
    _start = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "module" in vars(cls):
            cls._esm = widget_module(cls.module)
            cls._css = style()

    def __init__(self, **state):
        controls = self.controls()
        unknown = [name for name in state if name not in controls and name != "layout"]
        if unknown:
            raise TypeError(
                f"{type(self).__name__} has no control {unknown[0]!r}; "
                f"it has {', '.join(controls)}."
            )
        super().__init__(**state)
        self._start = self.state()
        self.observe(self._follow, list(controls))
        self._follow()

    @classmethod
    def controls(cls):
        """The controls by name, in the figure's order."""
        found = cls.class_traits(control=True)
        order = [n for base in reversed(cls.__mro__) for n in vars(base) if n in found]
        return {name: found[name] for name in order}

    def state(self):
        """The values of all controls."""
        return {name: getattr(self, name) for name in self.controls()}

    def results(self):
        """What the figure shows, by name; each name is a read-only trait."""
        raise NotImplementedError

    def _follow(self, change=None):
        with self.hold_sync():
            for name, value in self.results().items():
                self.set_trait(name, value)

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        defaults = {name: trait.default() for name, trait in self.controls().items()}
        state = {name: v for name, v in self.state().items() if v != defaults[name]}
        text = html.escape(json.dumps(state, separators=(",", ":"), ensure_ascii=False))
        element = f'<ce-explorer module="{self.module}" state="{text}"></ce-explorer>'
        return {**data, "text/html": element}, metadata

    def __repr__(self):
        values = ", ".join(f"{name}={value!r}" for name, value in self.state().items())
        return f"{type(self).__name__}({values})"


class BCE(Explorer):
    """The loss of one yes-or-no answer against its logit.

    z: logit, -40 to 40. y: label, 0 to 1. naive: show the naive form in three float formats too
    (the logit then keeps to half units). Results: p, loss (nats), grad (the slope, σ(z) - y).
    """

    module = "bce"
    z = Number(-2.0, -40, 40, step=0.1)
    y = Number(1.0, 0, 1, step=0.05)
    naive = Switch(False)
    p = Result()
    loss = Result()
    grad = Result()

    def results(self):
        z, y = self.z, self.y
        p = 0.5 * (1 + math.tanh(z / 2))
        loss = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
        return {"p": p, "loss": float(loss), "grad": p - y}
