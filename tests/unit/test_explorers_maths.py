"""The explorers compute in JavaScript what `utils.losses` computes in NumPy: held together here.

One Node process answers for all tests of this file (see explorers_node.mjs).
"""

import gzip
import itertools
import json
import re
import subprocess
from xml.etree import ElementTree

import numpy as np
import pytest
import traitlets

from tests.patience import PATIENCE
from utils import explorers, losses, plotting
from utils.explorers import digits, joining, tables
from utils.site.node import NODE
from utils.site.scripts import minified

CLASSES = {cls.module: cls for cls in explorers.Explorer.__subclasses__()}
every_explorer = pytest.mark.parametrize("module", CLASSES)


@pytest.fixture(scope="module")
def node(root):
    process = subprocess.Popen(
        [NODE, str(root / "tests" / "unit" / "explorers_node.mjs")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )

    def ask(what, **question):
        process.stdin.write(json.dumps({"ask": what, **plain(question)}) + "\n")
        process.stdin.flush()
        return decoded(json.loads(process.stdout.readline()))

    yield ask
    process.stdin.close()
    process.wait(timeout=PATIENCE)


def plain(value):
    """For JSON: what it cannot say as the names that explorers_node.mjs reads."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else str(float(value))
    return value.item() if isinstance(value, np.generic) else value


def decoded(value):
    if isinstance(value, dict):
        return {k: decoded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [decoded(v) for v in value]
    return float(value) if isinstance(value, str) and value in {"inf", "-inf", "nan"} else value


def close(ours, theirs, scale=None, rtol=1e-12):
    """Equal to 1e-12 relative (of `scale`, where terms of that size cancel); inf and nan alike."""
    ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
    assert ours.shape == theirs.shape
    size = np.abs(theirs) if scale is None else np.maximum(np.abs(scale), np.abs(theirs))
    finite = np.isfinite(theirs)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_array_equal(ours[~finite], theirs[~finite])
    # Below 1e-300 doubles lose their digits one by one: no relative error there.
    error = np.abs(ours[finite] - theirs[finite])
    allowed = rtol * np.broadcast_to(size, theirs.shape)[finite] + 1e-300
    worst = np.max(error / allowed, initial=0)
    assert worst <= 1, f"{worst:.3g} times the tolerance"


# --- The loss maths on ordinary and hostile numbers ----------------------------------------------


def logits(count, seed):
    """Ordinary logits, tiny ones, huge ones, and those at which something happens."""
    rng = np.random.default_rng(seed)
    edges = [0.0, -0.0, 5e-324, 1e-300, 36.7368, 37, 88.73, 103.98, 709.78, 709.79, 745.13, 745.14]
    edges += [1e4, 1e300, np.inf]
    sign = rng.choice([-1.0, 1.0], count)
    kinds = [
        rng.normal(0, 3, count),
        rng.uniform(-50, 50, count),
        sign * 10 ** rng.uniform(-20, 4, count),
        sign * rng.choice(edges, count),
    ]
    return np.choose(rng.choice(4, count, p=[0.4, 0.3, 0.2, 0.1]), kinds)


def test_binary_losses_agree_on_ten_thousand_logits(node):
    z = logits(10_000, 1)
    rng = np.random.default_rng(2)
    y = np.choose(rng.choice(3, z.size), [np.zeros(z.size), np.ones(z.size), rng.random(z.size)])
    one = z[:, None].tolist()
    pairs = np.column_stack([z, y])
    close(node("maths", name="sigmoid", args=one), losses.sigmoid(z))
    close(node("maths", name="softplus", args=one), losses.softplus(z))
    close(
        node("maths", name="bceWithLogits", args=pairs),
        losses.bce_with_logits(z, y, reduction="none"),
    )
    terms = np.maximum((1 - y) * losses.sigmoid(z), y * losses.sigmoid(-z))
    close(
        node("maths", name="gradBceWithLogits", args=pairs),
        losses.grad_bce_with_logits(z, y, reduction="none"),
        scale=terms,
    )


@pytest.mark.parametrize("classes", [2, 5, 50])
def test_losses_of_many_classes_agree(node, classes):
    rng = np.random.default_rng(classes)
    z = logits(2000 * classes, classes).reshape(2000, classes)
    z = np.where(np.isinf(z), 1e4, z)
    q = rng.dirichlet(np.ones(classes) * 0.3, 2000)
    q /= q.sum(axis=1, keepdims=True)
    rows = [[row] for row in z.tolist()]
    close(node("maths", name="softmax", args=rows), losses.softmax(z))
    close(node("maths", name="logSoftmax", args=rows), losses.log_softmax(z))
    both = [[a, b] for a, b in zip(z.tolist(), q.tolist(), strict=True)]
    close(
        node("maths", name="crossEntropy", args=both), losses.cross_entropy(z, q, reduction="none")
    )


def test_entropies_agree(node):
    rng = np.random.default_rng(5)
    for classes in (2, 3, 10):
        q, p = rng.dirichlet(np.ones(classes) * 0.5, (2, 2000))
        q[:200, 0], p[100:300, -1] = 0, 0
        q, p = q / q.sum(axis=1, keepdims=True), p / p.sum(axis=1, keepdims=True)
        p[500:600] = q[500:600]
        close(node("maths", name="entropy", args=[[row] for row in q]), losses.entropy(q))
        with np.errstate(all="ignore"):
            terms = np.nan_to_num(np.abs(q * np.log(q / p)), posinf=0).max(axis=1)
        pairs = [[a, b] for a, b in zip(q.tolist(), p.tolist(), strict=True)]
        close(node("maths", name="klDivergence", args=pairs), losses.kl_divergence(q, p), terms)


def test_smoothed_targets_agree(node):
    cases = list(itertools.product([2, 3, 10, 1000], [0, 0.01, 0.1, 0.9], ["pytorch", "off_class"]))
    for (k, eps, convention), ours in zip(
        cases, node("maths", name="smoothTarget", args=cases), strict=True
    ):
        close(ours, losses.smooth_targets(0, k, eps, convention=convention))


# --- Every figure's numbers ----------------------------------------------------------------------

# Values a control is tried at; the least and the greatest are added.
GRID = {
    "likelihood": {"successes": [7, 30], "failures": [3, 70], "theta": [0.4, 0.5, 0.7]},
    "information": {
        "q": [[0.5, 0.5], [1, 0, 0], [0.7, 0.2, 0.1], [0, 0.4, 0.6], [0, 0, 0], [2e-9, 1, 1]],
        "p": [[0.5, 0.5], [0.3, 0.4, 0.3], [1, 0, 0], [0.01, 0.98, 0.01], [1, 1, 1]],
    },
    "bce": {"z": [-8.1, -2, 0, 0.05, 3, 17, 36.8], "y": [0.25, 0.8]},
    "softmax": {
        "z": [[2, 1, -1], [0, 0, 0, 0], [8, -8, 8, -8, 3.3], [-8, 8, 8, 8, 8, 8]],
        "label": [1, 2],
        "temperature": [1, 2.5],
        "shift": [0, 700],
    },
    "smoothing": {"epsilon": [0.1, 0.5], "k": [3, 10], "margin": [0, 0.5, 4.5]},
    "weights": {"common": [12], "p_rare": [0.4], "w_rare": [1, 4], "pos_weight": [4]},
    "precision": {"wrong_by": [0.5, 8, 8.5, 16.5, 17, 37, 88, 89, 104, 709, 710, 746]},
    "training": {"step": [1, 50], "rate": [0.5], "points": [[[0.6, 1.5], [-1.1, 0.2]]]},
    "temperature": {"temperature": [0.5, 1, 1.3, 2, 3.7]},
}
# What the JavaScript calls the results that have another name or place there.
PLACES = {
    "weights": {
        "plain": ("plain", "loss"),
        "weighted": ("weight", "loss"),
        "pos_weighted": ("pos_weight", "loss"),
        "slope_plain": ("plain", "grad"),
        "slope_weighted": ("weight", "grad"),
        "slope_pos_weighted": ("pos_weight", "grad"),
    }
}


def states(module):
    """The grid of a figure's states, its extremes included; at most some 400 of them."""
    controls = CLASSES[module].controls()
    axes = []
    for name, trait in controls.items():
        values = list(GRID.get(module, {}).get(name, [trait.default()]))
        if isinstance(trait, explorers.widgets.Choice):
            values = trait.options
        elif isinstance(trait, explorers.widgets.Switch):
            values = [False, True]
        elif type(trait) is explorers.widgets.Number:
            values = [trait.low, *values, trait.high]
        axes.append(values)
    every = list(itertools.product(*axes))
    rng = np.random.default_rng(0)
    chosen = [every[i] for i in sorted(rng.permutation(len(every))[:400])]
    return [dict(zip(controls, values, strict=True)) for values in chosen]


@every_explorer
def test_the_numbers_shown_are_those_of_numpy(node, module):
    grid = states(module)
    for state, seen in zip(grid, node("derive", module=module, states=grid), strict=True):
        widget = CLASSES[module](**state)
        for name, theirs in widget.results().items():
            value = seen
            for key in PLACES.get(module, {}).get(name, (name,)):
                value = value[key]
            if theirs is None:
                assert value is None
                continue
            try:
                compare(module, name, value, theirs, widget)
            except AssertionError as error:
                raise AssertionError(f"{name} at {state}: {value} against {theirs}") from error


def compare(module, name, ours, theirs, widget):
    """To 1e-12; where a difference of larger numbers is shown, to 1e-12 of those."""
    if module == "precision":
        # NumPy's own result, shortened to the digits that the figure shows.
        return close(ours, theirs, rtol=1e-2 if name == "grad" or abs(theirs) < 1e-3 else 6e-4)
    scale = None
    if name in {"grad", "kl", "kl_reversed", "cross_entropy", "cross_entropy_reversed"}:
        scale = 1.0
    if module == "information" and widget.unit == "bits":
        scale = 2.0
    if module == "softmax":
        scale = 1 / widget.temperature if name == "grad" else None
        if name in {"loss", "p"}:
            # (z + shift) / T is rounded before anything else happens.
            scale = np.maximum(np.abs(theirs), 1e-3)
    if module == "likelihood" and name == "likelihood":
        scale = 1e-290  # below, doubles lose their digits
    if module == "training":
        scale = 1.0
    if module == "smoothing" and name == "best":
        scale = 1.0
    if module == "temperature":
        scale = 1.0
    close(ours, theirs, scale)


def test_naive_forms_in_the_bce_figure_are_numpys(node):
    grid = [{"z": z, "y": y, "naive": True} for z in tables.BCE_LOGITS for y in (0, 1)]
    for state, seen in zip(grid, node("derive", module="bce", states=grid), strict=True):
        for name, ours in seen["naive"].items():
            theirs = float(tables.naive_bce(state["z"], state["y"], np.dtype(name).type))
            tolerance = 1e-2 if theirs < 1e-3 else 6e-4 if name == "float16" else 1e-4
            close(ours, theirs, rtol=tolerance)


def test_tables_are_what_numpy_gives_now():
    """Another processor's exp may differ in its last bit, so numbers may, in theirs."""
    for name, source in tables.modules().items():
        written = (joining.HERE / name).read_text(encoding="utf-8")
        assert re.sub(r'"[^"]*"', "", written) == re.sub(r'"[^"]*"', "", source)
        for then, now in zip(
            *(re.findall(r'"([^"]*)"', t) for t in (written, source)), strict=True
        ):
            then, now = (np.array(text.split(), float) for text in (then, now))
            np.testing.assert_allclose(then, now, rtol=2e-2)


def test_the_digits_file_holds_a_classifier_that_is_too_sure():
    z, y = digits.decode()
    assert z.shape == (len(y), 10)
    assert 0.8 < np.mean(z.argmax(axis=1) == y) < 1
    assert losses.softmax(z).max(axis=1).mean() > np.mean(z.argmax(axis=1) == y) + 0.05
    step = losses.cross_entropy(z / digits.best_temperature(), y)
    assert step < min(losses.cross_entropy(z / t, y) for t in np.arange(0.5, 5, 0.05))


# --- What every explorer keeps to ----------------------------------------------------------------


def test_every_module_has_its_python_face():
    assert sorted(CLASSES) == list(joining.MODULES)


@every_explorer
def test_python_and_javascript_declare_the_same_controls(node, module):
    definition = node("definition", module=module)
    traits = CLASSES[module].controls()
    assert [c["name"] for c in definition["controls"]] == list(traits)
    assert definition["name"] == module
    for control in definition["controls"]:
        trait = traits[control["name"]]
        assert control["value"] == trait.default(), control["name"]
        if "options" in control:
            assert tuple(value for value, _ in control["options"]) == trait.options
        elif control.get("kind") != "switch":
            assert (control["min"], control["max"]) == (trait.low, trait.high), control["name"]
        if "values" in control:
            inside = np.array(control["values"])
            assert (np.diff(inside) > 0).all() and control["value"] in inside
            assert (inside[0], inside[-1]) == (control["min"], control["max"])


@every_explorer
def test_no_challenge_is_met_at_the_beginning_or_by_a_preset(node, module):
    definition = node("definition", module=module)
    assert 2 <= len(definition["challenges"]) <= 4
    assert all(c["hint"] and c["text"] for c in definition["challenges"])
    assert node("met", module=module, states=[{}]) == [[]]
    presets = [{"preset": p["name"]} for p in definition["presets"]]
    assert len(presets) >= 2
    assert node("met", module=module, states=presets) == [[] for _ in presets]


SOLUTIONS = {
    "likelihood": [
        {"theta": 0.7},
        {"theta": 0.05},
        {"successes": 600, "failures": 600, "theta": 0.5},
        {"failures": 0},
    ],
    "information": [
        {"p": [0.7, 0.2, 0.1]},
        {"q": [0.5, 0.5], "p": [0.99, 0.01]},
        {"p": [0, 0.5, 0.5]},
        {"q": [0.5, 0.5, 0]},
    ],
    "bce": [
        {"z": 0},
        {"z": -5.1},
        {"z": 1.4, "y": 0.8},
        {"z": 20, "y": 0, "naive": True},
    ],
    "softmax": [
        {"z": [1, 1, 1, 1]},
        {"shift": 800},
        {"z": [1, 0, 0], "temperature": 10},
        {"z": [-4, 4, -4]},
    ],
    "smoothing": [
        {"margin": 4.5},
        {"margin": 12},
        {"k": 500},
        {"convention": "off_class", "k": 2, "epsilon": 0.8},
    ],
    "weights": [
        {"common": 30, "rare": 3, "w_rare": 2},
        {"w_common": 3, "w_rare": 3},
        {"pos_weight": 20},
        {"reduction": "sum"},
    ],
    "precision": [
        {"wrong_by": 17},
        {"wrong_by": 20, "formula": "clipped"},
        {"wrong_by": 20, "formula": "probability"},
        {"wrong_by": 20, "label": "1"},
    ],
    "training": [
        {"objective": "squared", "start": "wrong", "step": 200, "rate": 0.1},
        {"start": "wrong", "step": 60, "rate": 1},
        {"points": [[-1, -1], [1, 1]], "step": 100, "rate": 1},
        {"points": [[2.8, 2], [-1, 0]], "step": 200},
    ],
    "temperature": [{"temperature": 1.95}, {"temperature": 2}, {"temperature": 8}],
}


@every_explorer
def test_every_challenge_can_be_met(node, module):
    ids = [c["id"] for c in node("definition", module=module)["challenges"]]
    met = node("met", module=module, states=SOLUTIONS[module])
    for challenge, seen in zip(ids, met, strict=True):
        assert challenge in seen


@every_explorer
def test_pictures_are_drawn_by_pure_functions_and_are_whole(node, module):
    grid = [{}, *states(module)[:120]]
    for state, drawn in zip(grid, node("draw", module=module, states=grid), strict=True):
        assert drawn["pure"], state
        for picture in drawn["pictures"]:
            ElementTree.fromstring(f"<svg>{picture}</svg>")  # well-formed
            assert not re.search(r"NaN|undefined|Infinity|null", picture), state
            shades = set(re.findall(r"var\(--ce-(\w+)\)", picture))
            assert shades <= set(plotting.PALETTE) | {"page", "soft"}
            assert not re.search(r"#[0-9a-f]{3}|rgb\(|(fill|stroke)=\"(?!var|none|\d)", picture)
        for handle in drawn["handles"]:
            assert np.isfinite([handle["x"], handle["y"]]).all(), state
        assert not any(re.search(r"NaN|undefined|Infinity", text) for text in drawn["words"]), state


@every_explorer
def test_wrong_states_fall_back_to_the_nearest_valid_one(node, module):
    definition = node("definition", module=module)
    for control in definition["controls"]:
        name, kind = control["name"], control.get("kind", "range")
        wrong = {
            "range": ["abc", "", float("nan"), [1], {}, control.get("max", 1) + 5, "-1e99"],
            "choice": ["nonsense", 3, None],
            "switch": [None],
            "list": ["abc", 3, [], [1e9] * 20, ["x", "y"], "1,2,3,4,5,6,7,8"],
            "points": ["abc", 3, [[1e9, 0], [0, 0]], [[0]], "1,2"],
        }[kind]
        seen = node("clean", module=module, states=[{name: w} for w in wrong])
        traits = CLASSES[module].controls()
        for value, (state, notices) in zip(wrong, seen, strict=True):
            CLASSES[module](**{k: v for k, v in state.items() if k in traits})  # valid in Python
            if value is not None:
                assert notices and all(len(n) < 120 for n in notices), (name, value)
    state, notices = node("clean", module=module, states=[{"preset": "no-such"}])[0]
    assert state == definition["defaults"]
    assert notices == ["There is no preset “no-such”."]


def test_clean_states_stay_as_they_are(node):
    for module in CLASSES:
        for state, _ in node("clean", module=module, states=states(module)[:40]):
            [(again, quiet)] = node("clean", module=module, states=[state])
            assert again == state and not quiet


@every_explorer
def test_addresses_reproduce_the_state(node, module):
    for state in states(module)[:25]:
        (clean, _), *_ = node("clean", module=module, states=[state])
        if any(isinstance(v, float) and float(f"{v:.6g}") != v for v in clean.values()):
            continue
        turned = node("address", search="?other=1&" + module + "=old:1", key=module, state=clean)
        assert turned["written"].startswith(f"?other=1&{module}=")
        assert "%22" not in turned["written"]
        (back, notices), *_ = node("clean", module=module, states=[turned["read"]])
        assert not notices
        for name, value in clean.items():
            if isinstance(value, list):
                np.testing.assert_allclose(back[name], value, atol=1e-5)
            else:
                assert back[name] == value
    assert node("address", search="?a=1", key=module, state={})["written"] == "?a=1"
    assert node("address", search="", key=module, state={})["written"] == ""


def test_the_colours_are_the_palette():
    css = joining.style()
    light, dark = re.findall(r"--ce-ink:.*?color-scheme", css, re.DOTALL)
    for name, (day, night) in plotting.PALETTE.items():
        assert f"--ce-{name}: {day};" in light
        assert f"--ce-{name}: {night};" in dark


@pytest.mark.parametrize("module", ["element", *CLASSES])
def test_joined_scripts_are_valid_javascript(module, tmp_path):
    script = joining.classic_script(module)
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)
    files = {"classic.js": script, "small.js": minified(script)}
    if module != "element":
        files["widget.mjs"] = joining.widget_module(module)
    for name, source in files.items():
        (tmp_path / name).write_text(source, encoding="utf-8")
        checked = subprocess.run([NODE, "--check", str(tmp_path / name)], capture_output=True)
        assert checked.returncode == 0, checked.stderr.decode()


def test_all_explorers_together_are_at_most_40_kib_compressed():
    scripts = ("element", *joining.MODULES)
    script = {m: minified(joining.classic_script(m)) for m in scripts}
    sizes = {m: len(gzip.compress(text.encode(), 9)) for m, text in script.items()}
    assert sum(sizes.values()) <= 40 * 1024, sizes


# --- The Python face -----------------------------------------------------------------------------


@every_explorer
def test_every_control_is_a_synced_trait_and_every_result_read_only(module):
    widget = CLASSES[module]()
    synced = widget.traits(sync=True)
    for name in widget.controls():
        assert name in synced
    for name, value in widget.results().items():
        assert name in synced
        assert getattr(widget, name) == value or value != value
        with pytest.raises(traitlets.TraitError, match="read-only"):
            setattr(widget, name, 0)


def test_results_follow_the_controls_without_a_browser():
    widget = explorers.BCE(z=-2.0, y=1.0)
    seen = []
    widget.observe(lambda change: seen.append(change["new"]), "loss")
    widget.z = 0
    assert widget.loss == losses.bce_with_logits(0.0, 1.0) == seen[-1]
    widget.y = 0.25
    assert widget.grad == 0.25


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"z": 100}, "z goes from -40 to 40, got 100"),
        ({"z": float("nan")}, "z must be a number, got nan"),
        ({"z": "1"}, "z must be a number"),
        ({"y": True}, "y must be a number"),
        ({"naive": 1}, "naive must be True or False"),
    ],
)
def test_wrong_values_from_python_are_refused_in_a_sentence(bad, message):
    with pytest.raises(traitlets.TraitError, match=message):
        explorers.BCE(**bad)
    widget = explorers.BCE()
    with pytest.raises(traitlets.TraitError, match=message):
        setattr(widget, *next(iter(bad.items())))
    assert (widget.z, widget.y) == (-2.0, 1.0)


def test_lists_choices_and_points_are_refused_in_a_sentence():
    with pytest.raises(traitlets.TraitError, match="z wants 3 to 6 numbers, got 2"):
        explorers.Softmax(z=[1, 2])
    with pytest.raises(traitlets.TraitError, match="z goes from -8 to 8, got 9"):
        explorers.Softmax(z=[1, 2, 9])
    with pytest.raises(traitlets.TraitError, match="reduction must be one of 'mean', 'sum'"):
        explorers.Weights(reduction="median")
    with pytest.raises(traitlets.TraitError, match="points must be 2 points"):
        explorers.Training(points=[[1, 2]])
    with pytest.raises(traitlets.TraitError, match="successes must be a whole number"):
        explorers.Likelihood(successes=1.5)
    with pytest.raises(TypeError, match="BCE has no control 'logit'; it has z, y, naive"):
        explorers.BCE(logit=1)


def test_the_mime_bundle_holds_widget_and_element():
    data, _ = explorers.BCE(z=-3, y=1.0)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == (
        '<ce-explorer module="bce" state="{&quot;z&quot;:-3.0}"></ce-explorer>'
    )


def test_presets_can_be_asked_for_by_name_in_python(node):
    for module, cls in CLASSES.items():
        for preset in node("definition", module=module)["presets"]:
            cls(**preset["state"])
