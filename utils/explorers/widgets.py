"""The Python face of the explorers: one class each, whose traits are the figure's controls."""

import html
import json
import math
import numbers

import anywidget
import numpy as np
import traitlets

from utils import losses
from utils.explorers import digits, tables
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

    def default(self, obj=None):
        return [float(v) for v in self.default_value]

    def validate(self, obj, value):
        if isinstance(value, str) or not np.iterable(value):
            raise traitlets.TraitError(f"{self.name} must be a list of numbers, got {value!r}.")
        value = list(value)
        if not self.shortest <= len(value) <= self.longest:
            many = f"{self.shortest} to {self.longest}"
            many = str(self.shortest) if self.shortest == self.longest else many
            raise traitlets.TraitError(f"{self.name} wants {many} numbers, got {len(value)}.")
        return [super(Numbers, self).validate(obj, v) for v in value]


class Points(traitlets.TraitType):
    """A list of `count` points [x, y] with coordinates from `low` to `high`."""

    def __init__(self, default, low, high):
        super().__init__(default)
        self.low, self.high, self.count = low, high, len(default)
        self.tag(sync=True, control=True)

    def default(self, obj=None):
        return [[float(v) for v in point] for point in self.default_value]

    def validate(self, obj, value):
        try:
            points = np.array(value, float)
        except (TypeError, ValueError):
            points = np.empty(0)
        if points.shape != (self.count, 2) or np.isnan(points).any():
            raise traitlets.TraitError(
                f"{self.name} must be {self.count} points [x, y], got {value!r}."
            )
        if points.min() < self.low or points.max() > self.high:
            raise traitlets.TraitError(
                f"{self.name} has coordinates from {self.low:g} to {self.high:g}, got {value!r}."
            )
        return points.tolist()


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
    _following = False

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
        self.observe(self._follow, list(controls))
        self._follow()
        self._start = self.state()

    @classmethod
    def controls(cls):
        """The controls by name, in the figure's order."""
        found = cls.class_traits(control=True)
        order = [n for base in reversed(cls.__mro__) for n in vars(base) if n in found]
        return {name: found[name] for name in order}

    def state(self):
        """The values of all controls."""
        return {name: getattr(self, name) for name in self.controls()}

    def settle(self):
        """Controls that must be brought together with others, with the values they then have."""
        return {}

    def results(self):
        """What the figure shows, by name; each name is a read-only trait."""
        raise NotImplementedError

    def _follow(self, change=None):
        if self._following:
            return
        self._following = True
        try:
            with self.hold_sync():
                for name, value in self.settle().items():
                    setattr(self, name, value)
                for name, value in self.results().items():
                    self.set_trait(name, value)
        finally:
            self._following = False

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


class Likelihood(Explorer):
    """How well a probability of heads explains the flips of a coin.

    successes, failures: heads and tails, whole numbers to 1000. theta: the probability of heads,
    0.001 to 0.999. Results: likelihood (the product itself, which underflows), log_likelihood,
    nll (nats), mean (nats a flip), best (the theta of greatest likelihood, None without flips).
    """

    module = "likelihood"
    successes = Number(7, 0, 1000, integer=True)
    failures = Number(3, 0, 1000, integer=True)
    theta = Number(0.4, 0.001, 0.999, step=0.001)
    likelihood = Result()
    log_likelihood = Result()
    nll = Result()
    mean = Result()
    best = Result()

    def results(self):
        k, m = self.successes, self.failures
        n = k + m
        # The heads stand evenly among the flips.
        y = np.diff(np.arange(n + 1) * k // max(n, 1)).astype(float)
        p = np.full(n, self.theta)
        nll = float(losses.bce(p, y, reduction="sum")) if n else 0.0
        factors = np.where(y == 1, p, 1 - p)
        return {
            "likelihood": float(np.multiply.accumulate(factors)[-1]) if n else 1.0,
            "log_likelihood": -nll,
            "nll": nll,
            "mean": nll / max(n, 1),
            "best": k / n if n else None,
        }


class Information(Explorer):
    """Entropy, cross-entropy and divergence of two distributions, as lengths.

    q: the truth, two or three numbers (scaled to sum to 1). p: the model, as many. unit: "nats" or
    "bits". Results, in that unit: entropy, cross_entropy, kl (q from p), and entropy_model,
    cross_entropy_reversed, kl_reversed with the roles of q and p exchanged.
    """

    module = "information"
    q = Numbers([0.7, 0.2, 0.1], 0, 1, 2, 3)
    p = Numbers([0.3, 0.4, 0.3], 0, 1, 2, 3)
    unit = Choice("nats", ["nats", "bits"])
    entropy = Result()
    cross_entropy = Result()
    kl = Result()
    entropy_model = Result()
    cross_entropy_reversed = Result()
    kl_reversed = Result()

    def settle(self):
        q = _shares(self.q)
        return {"q": q, "p": _shares([*self.p, 0.0][: len(q)])}

    def results(self):
        q, p = np.array(self.q), np.array(self.p)
        scale = math.log(2) if self.unit == "bits" else 1.0
        own, other = losses.entropy(q), losses.entropy(p)
        kl, reverse = losses.kl_divergence(q, p), losses.kl_divergence(p, q)
        return {
            "entropy": float(own / scale),
            "cross_entropy": float((own + kl) / scale),
            "kl": float(kl / scale),
            "entropy_model": float(other / scale),
            "cross_entropy_reversed": float((other + reverse) / scale),
            "kl_reversed": float(reverse / scale),
        }


def _shares(values):
    """The values scaled to sum to 1 (equal shares if all are 0)."""
    total = sum(values)
    if total == 0:
        return [1 / len(values)] * len(values)
    return list(values) if abs(total - 1) < 1e-9 else [v / total for v in values]


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

    def settle(self):
        return {"z": math.floor(self.z * 2 + 0.5) / 2} if self.naive else {}

    def results(self):
        z, y = self.z, self.y
        return {
            "p": float(losses.sigmoid(z)),
            "loss": float(losses.bce_with_logits(z, y)),
            "grad": float(losses.grad_bce_with_logits(z, y)),
        }


class Softmax(Explorer):
    """From logits to probabilities, loss and gradient, by dragging the logits.

    z: three to six logits, -8 to 8. label: the class counted as right. temperature: divides the
    logits, 0.1 to 10. shift: added to all of them, -1000 to 1000. Results: p, loss (nats), grad
    (of the loss in z: (p - y) / temperature).
    """

    module = "softmax"
    z = Numbers([2, 1, -1], -8, 8, 3, 6)
    label = Number(1, 0, 5, integer=True)
    temperature = Number(1.0, 0.1, 10)
    shift = Number(0.0, -1000, 1000)
    p = Result()
    loss = Result()
    grad = Result()

    def settle(self):
        return {"label": min(self.label, len(self.z) - 1)}

    def results(self):
        z = (np.array(self.z) + self.shift) / self.temperature
        return {
            "p": losses.softmax(z).tolist(),
            "loss": float(losses.cross_entropy(z, self.label)),
            "grad": (losses.grad_cross_entropy(z, self.label) / self.temperature).tolist(),
        }


class Smoothing(Explorer):
    """Label smoothing: the loss of logits (margin, 0, ..., 0) against the margin.

    epsilon: 0 to 0.95. k: classes, 2 to 1000. margin: -4 to 14. convention: "pytorch" gives every
    class epsilon/K, "off_class" gives epsilon/(K-1) to the wrong ones. Results: loss, hard (the
    loss without smoothing), best (the margin of least loss, inf for epsilon 0), least (that loss).
    """

    module = "smoothing"
    epsilon = Number(0.1, 0, 0.95, step=0.01)
    k = Number(10, 2, 1000, integer=True)
    margin = Number(8.0, -4, 14, step=0.1)
    convention = Choice("pytorch", ["pytorch", "off_class"])
    loss = Result()
    hard = Result()
    best = Result()
    least = Result()

    def results(self):
        z = np.zeros(self.k)
        z[0] = self.margin
        q = losses.smooth_targets(0, self.k, self.epsilon, convention=self.convention)
        with np.errstate(divide="ignore"):
            best = float(np.log(q[0]) - np.log(q[1]))
        return {
            "loss": float(losses.cross_entropy(z, q)),
            "hard": float(losses.cross_entropy(z, 0)),
            "best": best,
            "least": float(losses.entropy(q)),
        }


class Weights(Explorer):
    """What class weights do to the mean, and to the gradient.

    common, rare: how many samples of each class. p_common, p_rare: the probability that the model
    gives their label. w_common, w_rare: weights of CrossEntropyLoss. pos_weight: that of
    BCEWithLogitsLoss. reduction: "mean" or "sum". Results: plain, weighted, pos_weighted (nats),
    and for each the slope on the logit of a rare sample (slope_plain, ...).
    """

    module = "weights"
    common = Number(12, 1, 40, integer=True)
    rare = Number(3, 1, 20, integer=True)
    p_common = Number(0.9, 0.01, 0.99, step=0.01)
    p_rare = Number(0.6, 0.01, 0.99, step=0.01)
    w_common = Number(1.0, 0.1, 20)
    w_rare = Number(4.0, 0.1, 20)
    pos_weight = Number(4.0, 0.1, 20)
    reduction = Choice("mean", ["mean", "sum"])
    plain = Result()
    weighted = Result()
    pos_weighted = Result()
    slope_plain = Result()
    slope_weighted = Result()
    slope_pos_weighted = Result()

    def results(self):
        y = np.repeat([0, 1], [self.common, self.rare])
        p = np.where(y == 1, self.p_rare, 1 - self.p_common)
        z = np.log(p) - np.log1p(-p)
        two = np.stack([np.zeros_like(z), z], axis=1)
        weight = [self.w_common, self.w_rare]
        how = {"reduction": self.reduction}
        binary = {"pos_weight": self.pos_weight, **how}
        return {
            "plain": float(losses.cross_entropy(two, y, **how)),
            "weighted": float(losses.cross_entropy(two, y, weight=weight, **how)),
            "pos_weighted": float(losses.bce_with_logits(z, y.astype(float), **binary)),
            "slope_plain": float(losses.grad_cross_entropy(two, y, **how)[-1, 1]),
            "slope_weighted": float(losses.grad_cross_entropy(two, y, weight=weight, **how)[-1, 1]),
            "slope_pos_weighted": float(
                losses.grad_bce_with_logits(z, y.astype(float), **binary)[-1]
            ),
        }


class Precision(Explorer):
    """Four ways to compute one loss, in three float formats.

    wrong_by: how far the logit lies on the wrong side, 0 to 1000 (brought to the nearest step of
    `utils.explorers.tables.MISTAKES`). label: "0" or "1". dtype: "float16", "float32", "float64".
    formula: "naive", "clipped", "probability" or "logit". Results: value and grad, as NumPy
    computes them in that format.
    """

    module = "precision"
    wrong_by = Number(12.0, 0, 1000)
    label = Choice("0", ["0", "1"])
    dtype = Choice("float32", ["float16", "float32", "float64"])
    formula = Choice("naive", list(tables.FORMULAS))
    value = Result()
    grad = Result()

    def settle(self):
        steps = tables.MISTAKES
        return {"wrong_by": float(steps[np.argmin(np.abs(steps - self.wrong_by))])}

    def results(self):
        dtype = np.dtype(self.dtype).type
        value, grad = tables.wrong_side(self.wrong_by, int(self.label), dtype, self.formula)
        return {"value": float(value), "grad": float(grad)}


class Training(Explorer):
    """Gradient descent with cross-entropy or squared error, on 22 points in the plane.

    step: 0 to 200. rate: the learning rate, 0.01 to 3. objective: "ce" or "squared". start:
    "zero", "wrong" (sure of the opposite) or "right". points: two movable ones, [x, y] each, of
    class 0 and class 1. Results: w (two weights and the bias), loss (of the objective), size (of
    its gradient), accuracy.
    """

    module = "training"
    step = Number(20, 0, 200, integer=True)
    rate = Number(0.5, 0.01, 3, step=0.01)
    objective = Choice("ce", ["ce", "squared"])
    start = Choice("zero", ["zero", "wrong", "right"])
    points = Points([[0.6, 1.5], [-1.1, 0.2]], -3, 3)
    w = Result()
    loss = Result()
    size = Result()
    accuracy = Result()

    STARTS = {"zero": (0, 0, 0), "wrong": (-4, -4, 0), "right": (2, 2, 0)}

    def results(self):
        cloud = tables.training_points()
        x = np.column_stack([np.vstack([cloud[:, :2], self.points]), np.ones(len(cloud) + 2)])
        y = np.append(cloud[:, 2], [0.0, 1.0])
        w = np.array(self.STARTS[self.start], float)
        for _ in range(self.step):
            w = w - self.rate * self._gradient(x, y, w)
        z = x @ w
        squared = np.mean(losses.grad_bce_with_logits(z, y, reduction="none") ** 2)
        return {
            "w": w.tolist(),
            "loss": float(losses.bce_with_logits(z, y) if self.objective == "ce" else squared),
            "size": float(np.linalg.norm(self._gradient(x, y, w))),
            "accuracy": float(np.mean((z > 0) == (y == 1))),
        }

    def _gradient(self, x, y, w):
        z = x @ w
        pull = losses.grad_bce_with_logits(z, y, reduction="none")
        if self.objective == "squared":
            pull = 2 * pull * losses.sigmoid(z) * losses.sigmoid(-z)
        return pull @ x / len(y)


class Temperature(Explorer):
    """Temperature and calibration of a real classifier of digits (see `utils.explorers.digits`).

    temperature: 0.25 to 8. Results: nll (mean loss, nats), ece (expected calibration error, ten
    bins), accuracy (the same at every temperature), best (the temperature of least loss), best_nll.
    """

    module = "temperature"
    temperature = Number(1.0, 0.25, 8, step=0.01)
    nll = Result()
    ece = Result()
    accuracy = Result()
    best = Result()
    best_nll = Result()

    def results(self):
        z, y = digits.decode()
        sure = losses.softmax(z / self.temperature).max(axis=1)
        right = z.argmax(axis=1) == y
        gap = np.zeros(10)
        np.add.at(gap, np.minimum(9, np.floor(sure * 10).astype(int)), right - sure)
        best = digits.best_temperature()
        return {
            "nll": float(losses.cross_entropy(z / self.temperature, y)),
            "ece": float(np.abs(gap).sum() / len(y)),
            "accuracy": float(right.mean()),
            "best": best,
            "best_nll": float(losses.cross_entropy(z / best, y)),
        }


__all__ = ["Explorer", *(cls.__name__ for cls in Explorer.__subclasses__())]
