"""Explorers and questions in a real JupyterLab with its browser; all explorers by the protocol."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import nbformat
import pytest
import traitlets
from jupyter_client import BlockingKernelClient

from exercises.bank.questions import find
from tests.browser.waiting import until
from tests.patience import PATIENCE
from tests.unit.test_explorers_maths import CLASSES
from utils import explorers, losses

CELLS = [
    "import ipywidgets\nfrom utils import explorers\nbce = explorers.BCE(z=-2.0, y=1.0)\nbce",
    "softmax = explorers.Softmax()\nsoftmax",
    "plain = ipywidgets.FloatSlider(min=-8, max=8, value=-2)\n"
    "ipywidgets.jslink((bce, 'z'), (plain, 'value'))\nplain",
]
NUMBER, CHOICE, ORDER = (
    find(f"coin-flips-{name}") for name in ("gradient", "stops-teaching", "five-steps")
)
CELLS += [
    f"from exercises import question\n{name} = question({asked.id!r})\n{name}"
    for name, asked in (("number", NUMBER), ("choice", CHOICE), ("order", ORDER))
]
OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--port=0",
    "--IdentityProvider.token=",
    "--expose-app-in-browser",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
]


@pytest.fixture(scope="module")
def lab(root, tmp_path_factory):
    """A JupyterLab of its own: address of a notebook, and the folder of its kernels' files."""
    desk = tmp_path_factory.mktemp("desk")
    home = tmp_path_factory.mktemp("home")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, desk / "explorers.ipynb")
    folders = {f"JUPYTER_{k}_DIR": str(home / k.lower()) for k in ("CONFIG", "DATA", "RUNTIME")}
    log = home / "log.txt"  # no pipe, which would fill up and halt the server
    with log.open("w") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *OPTIONS],
            cwd=desk,
            env={**os.environ, **folders, "PYTHONPATH": str(root), "HOME": str(home)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )

    def address():
        assert server.poll() is None, log.read_text()
        return re.search(r"(http://127\.0\.0\.1:\d+)/", log.read_text())

    try:
        found = until(address, "JupyterLab's address", seconds=90)
        yield f"{found[1]}/lab/tree/explorers.ipynb", home / "runtime"
    finally:
        server.terminate()
        server.wait(timeout=20)


@pytest.fixture(scope="module")
def notebook(lab, browser):
    """The notebook, run, in a browser; and a client of its kernel."""
    address, runtime = lab
    page = browser.new_context(viewport={"width": 1100, "height": 4200}).new_page()
    page.goto(address)
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    kernel = until(lambda: next(runtime.glob("kernel-*.json"), None), "the kernel")
    until(
        lambda: page.evaluate(
            "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
        ),
        "an idle kernel",
    )
    page.evaluate("jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function("document.querySelectorAll('.ce-alive').length === 2")
    page.wait_for_function("document.querySelectorAll('.ce-question').length === 3")
    client = BlockingKernelClient(connection_file=str(kernel))
    client.load_connection_file()
    client.start_channels()
    client.wait_for_ready(timeout=PATIENCE)

    def ask(code):
        """The value of a Python expression in the notebook's kernel."""
        wrapped = {"value": f"__import__('json').dumps({code})"}
        reply = client.execute(
            "", silent=True, user_expressions=wrapped, reply=True, timeout=PATIENCE
        )
        answer = reply["content"]["user_expressions"]["value"]
        assert answer["status"] == "ok", answer
        return json.loads(eval(answer["data"]["text/plain"]))

    yield SimpleNamespace(page=page, ask=ask, tell=lambda code: client.execute(code, reply=True))
    client.stop_channels()
    page.context.close()


def figure(notebook, module):
    return notebook.page.locator(f'form.ce[data-module="{module}"]')


def test_a_slider_moved_in_the_browser_changes_the_python_trait(notebook):
    slider = figure(notebook, "bce").locator('input.ce-range[data-name="z"]')
    slider.focus()
    notebook.page.keyboard.press("ArrowRight")
    until(lambda: notebook.ask("bce.z") == -1.9, "bce.z")
    right = [losses.bce_with_logits(-1.9, 1.0), losses.grad_bce_with_logits(-1.9, 1.0)]
    until(lambda: notebook.ask("[bce.loss, bce.grad]") == right, "bce.loss and bce.grad")


def test_a_trait_set_in_python_moves_the_figure(notebook):
    notebook.tell("bce.z = 3.0; bce.y = 0.0")
    # The two traits arrive one after the other, and the figure draws on the next frame.
    entry = figure(notebook, "bce").locator('input.ce-number[data-name="z"]')
    until(lambda: entry.input_value() == "3", "the number entry")
    formula = figure(notebook, "bce").locator(".ce-formula")
    until(lambda: "3.0486" in formula.inner_text(), "the loss in the figure")


def test_lists_travel_both_ways(notebook):
    slider = figure(notebook, "softmax").locator('input.ce-range[data-name="z"][data-item="1"]')
    slider.focus()
    notebook.page.keyboard.press("End")
    until(lambda: notebook.ask("softmax.z") == [2.0, 8.0, -1.0], "softmax.z")
    notebook.tell("softmax.z = [0, 0, 0, 0]")
    formula = figure(notebook, "softmax").locator(".ce-formula")
    until(lambda: "1.3863" in formula.inner_text(), "ln 4 in the figure")


def test_jslink_ties_an_explorer_to_a_plain_slider(notebook):
    notebook.tell("bce.y = 1.0")
    slider = figure(notebook, "bce").locator('input.ce-range[data-name="z"]')
    slider.focus()
    notebook.page.keyboard.press("Home")
    readout = notebook.page.locator(".widget-readout")
    until(lambda: readout.inner_text().replace("−", "-") == "-8.00", "the plain slider")


def test_the_widget_has_its_style_and_the_notebooks_theme(notebook):
    colour = "getComputedStyle(document.querySelector('.ce')).getPropertyValue('--ce-ink')"
    until(lambda: notebook.page.evaluate(colour) == "#1f2328", "the light colours")
    notebook.page.evaluate(
        "jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
    )
    until(lambda: notebook.page.evaluate(colour) == "#e6e9ee", "the dark colours")


# --- Questions -----------------------------------------------------------------------------------


def asked(notebook, question):
    """The form of a question, and a function that waits for its reply."""
    start = question.prompt.replace("`", "").split("$")[0].strip()
    form = notebook.page.locator("form.ce-question").filter(has_text=start)
    reply = form.get_by_role("status")

    def says(*words):
        until(lambda: all(w in reply.inner_text() for w in words), f"{words} in the reply")

    return form, says


def test_a_number_answered_wrong_is_told_which_mistake_it_is(notebook):
    form, says = asked(notebook, NUMBER)
    data = NUMBER.data()
    for_label_1 = next(w for w in data["wrong"] if "slope for label 1" in w["feedback"])
    entry = form.get_by_label("Your answer")
    entry.fill(f"{for_label_1['value']:.6g}")
    entry.press("Enter")
    says("Not yet", for_label_1["feedback"])
    assert notebook.ask("number.solved") is False
    entry.fill("")
    entry.press_sequentially(f"{data['answer']:.4f}")  # no key of which JupyterLab takes
    form.get_by_role("button", name="Check").click()
    says("Right.")
    until(lambda: notebook.ask("number.solved") is True, "number.solved")


def test_a_choice_answered_wrong_by_keyboard_says_why(notebook):
    form, says = asked(notebook, CHOICE)
    form.get_by_role("radio").first.focus()
    notebook.page.keyboard.press("Space")
    for _, right, feedback in CHOICE.options:
        notebook.page.keyboard.press("Enter")
        says("Right." if right else "Not yet", feedback.replace("`", "").split("$")[0].strip())
        if right:
            break
        notebook.page.keyboard.press("ArrowDown")
    until(lambda: notebook.ask("choice.solved") is True, "choice.solved")


def test_steps_are_brought_into_order_by_keyboard(notebook):
    form, says = asked(notebook, ORDER)
    form.get_by_role("button", name="Check").click()
    says("Not yet", "what does it need")
    steps, order = form.locator(".ce-steps li > span"), list(ORDER.data()["start"])
    for place in range(len(order)):
        for at in range(order.index(place), place, -1):
            order[at - 1], order[at] = order[at], order[at - 1]
            form.get_by_role("button", name=f"Move step {at + 1} up").press("Enter")
            starts = [ORDER.steps[i].split("$")[0].strip() for i in order]
            until(
                lambda starts=starts: all(map(str.startswith, steps.all_inner_texts(), starts)),
                f"the order {order}",
            )
    form.get_by_role("button", name="Check").press("Enter")
    says("Right.")
    until(lambda: notebook.ask("order.solved") is True, "order.solved")


def test_formulas_of_a_question_are_laid_out_as_mathematics(notebook):
    """In MathML the exponent of θ stands higher than θ; as text it would not."""
    form, _ = asked(notebook, ORDER)
    assert "$" not in form.inner_text() and "theta" not in form.inner_text()
    parts = [form.locator("msup").first.locator(f":scope > :nth-child({i})") for i in (1, 2)]

    def is_a_power():
        low, high = (part.bounding_box() for part in parts)
        after = high["x"] >= low["x"] + low["width"] - 1
        return after and high["y"] + high["height"] / 2 < low["y"] + low["height"] / 2

    until(is_a_power, "an exponent above its base")


# --- All of them, by the messages that a front end sends -----------------------------------------


class Wire:
    """Stands for the connection to a front end: keeps what a widget sends."""

    comm_id = kernel = "explorer"

    def __init__(self):
        self.sent = {}

    def send(self, data=None, metadata=None, buffers=None):
        if data.get("method") == "update":
            self.sent |= data["state"]

    def close(self, *args, **kwargs):
        pass

    on_msg = on_close = close


def wired(module):
    widget = CLASSES[module]()
    wire = Wire()
    widget.comm = wire
    wire.sent.clear()
    return widget, wire


def another(trait, value):
    """A valid value of a control that is not the present one."""
    widgets = explorers.widgets
    if isinstance(trait, widgets.Choice):
        return next(o for o in trait.options if o != value)
    if isinstance(trait, widgets.Switch):
        return not value
    if isinstance(trait, widgets.Points):
        return [[1.0, 1.0], [-1.0, -1.0]]
    if isinstance(trait, widgets.Numbers):
        return [value[-1], *value[:-1]]
    return trait.low if value != trait.low else trait.high


@pytest.mark.parametrize("module", CLASSES)
def test_every_control_travels_both_ways_and_brings_its_results(module):
    for name, trait in CLASSES[module].controls().items():
        widget, wire = wired(module)
        value = another(trait, getattr(widget, name))
        # From the front end: what the reader moved arrives, and new results go back.
        state = {"method": "update", "state": {name: value}}
        widget._handle_msg({"content": {"data": state}, "buffers": []})
        assert getattr(widget, name) == value
        results = widget.results()
        changed = repr(results) != repr(CLASSES[module]().results())
        assert changed == any(k in wire.sent for k in results)
        json.dumps(wire.sent, allow_nan=False)
        # From Python: what was set is sent.
        widget, wire = wired(module)
        seen = []
        widget.observe(seen.append, name)
        setattr(widget, name, value)
        assert wire.sent[name] == value
        assert seen


@pytest.mark.parametrize("module", CLASSES)
def test_a_linked_widget_follows(module):
    one, two = CLASSES[module](), CLASSES[module]()
    name, trait = next(iter(CLASSES[module].controls().items()))
    traitlets.link((one, name), (two, name))
    setattr(one, name, another(trait, getattr(one, name)))
    assert getattr(two, name) == getattr(one, name)
    assert repr(two.results()) == repr(one.results())
