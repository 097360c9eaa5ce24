"""`check` in the learner's own kernel: what it says, and that the kernel survives."""

import os
import re
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import torch

from exercises import bank, learner
from tests.patience import PATIENCE
from tests.unit.exercise_helpers import asking
from utils import losses
from utils.grading import guard
from utils.grading.judge import judge


@pytest.fixture(autouse=True)
def own_desk(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    learner._asked.clear()


def checked(body, name="softplus", seconds=None, **names):
    """What check says to a function of this name with this body."""
    space = {"np": np, "torch": torch, "os": os, "sys": sys, "losses": losses, **names}
    exec(f"def {name}(z):\n    " + body.replace("\n", "\n    "), space)
    if seconds is None:
        return str(learner.check(space[name]))
    exercise = bank.find(name)
    verdict = judge(exercise, guard.asking(exercise, space[name], seconds), 0)
    return learner.report(exercise, verdict)


# --- what is said --------------------------------------------------------------------------------


def test_it_says_what_is_right_then_what_is_wrong_then_its_name_then_a_question():
    said = checked("return np.log1p(np.exp(z))")
    right, wrong, name = (
        said.index(part) for part in ("Right on ordinary logits", "should give", "overflows")
    )
    assert right < wrong < name < said.index("?", name)
    assert "Read again: “Sigmoid and softplus”, chapters/from_scratch/sigmoid." in said


def test_it_shows_the_smallest_input_that_fails():
    assert "softplus(z=[" in checked("return np.maximum(z, 0)")
    said = checked("return np.maximum(z, 0)")
    assert "," not in said[said.index("z=[") : said.index("]")]  # one logit shows it


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return -2 * losses.softplus(z)", "the sign is flipped and the result is doubled"),
        ("return losses.softplus(z) / np.log(2)", "bits (base 2)|logarithm is to base 2"),
        ("return losses.softplus(z) * 3", "always the right answer times 3"),
        ("return losses.softplus(z) + 0.25", "always off by the same amount, +0.25"),
        ("return losses.softplus(z)[::-1]", "wrong order"),
        ("return losses.softplus(z).mean()", "should give an array, but gave a number"),
        ("return losses.softplus(z)[:, None]", "should have the shape (1,), but has (1, 1)"),
        ("return list(losses.softplus(z))", "gave a list. `np.array(…)` makes one of it."),
        ("yield z", "gave a generator. Is there a `yield` where `return` is meant?"),
        ("losses.softplus(z)", "gave None. Is there a `return` at the end?"),
        ("return torch.tensor(losses.softplus(z))", "done in NumPy, without torch"),
        ("return torch.nn.functional.softplus(torch.tensor(z))", "It calls torch.nn.functional"),
        ("z -= 1\nreturn losses.softplus(z + 1)", "changes the array it was given"),
        ("return losses.softplus(z) + np.random.rand()", "off by the same amount|two different"),
        ("return z.foo", "raised AttributeError"),
        ("return 'nothing'", "gave a str"),
        ("return 10**400", "should give an array, but gave an integer of more than 64 bits."),
        ("return np.array([None] * len(z))", "array of object"),
        ("return losses.softplus(z) * (1 + 1j)", "array of complex128"),
        ("raise NotImplementedError", "not written yet"),
    ],
)
def test_a_wrong_answer_gets_its_telling_difference(body, words):
    said = " ".join(checked(body).split())
    assert any(word in said for word in words.split("|")), said


def test_an_answer_that_changes_from_call_to_call_is_called_so():
    count = iter(range(100))
    said = checked("return losses.softplus(z) * (1 + next(count) % 6 // 3)", count=count)
    assert "two different answers" in " ".join(said.split())


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda W, b: [W, b], "right on one step"),
        (lambda W, b: (W, None), "value 2 of training_step(W=[["),
        (lambda W, b: (W, None), "should be an array, but is None."),
        (lambda W, b: (W,), "should give 2 values, but gave 1."),
        (lambda W, b: W, "should give a tuple of 2, but gave an array."),
        (lambda W, b: (W, 10**400), "should be an array, but is an integer of more than 64 bits."),
        (lambda W, b: (W, b[:, None]), "the shapes should be (3, 4) and (4,)"),
    ],
)
def test_of_several_values_the_wrong_one_is_named(answer, words):
    exercise = bank.find("training_step")

    def training_step(*args):
        return answer(*exercise.reference(*args))

    verdict = judge(exercise, guard.asking(exercise, training_step), 0)
    assert words in " ".join(verdict.feedback)
    assert verdict.right == words.startswith("right")


def test_mistake_and_factor_are_both_named():
    exercise = bank.find("bce_with_logits")

    def wrong(z, y, pos_weight=1.0):
        loss = y * losses.softplus(-z) + pos_weight * (1 - y) * losses.softplus(z)
        return -2 * np.mean(loss)

    verdict = judge(exercise, asking(exercise, wrong), 0)
    assert "weighs label 0" in verdict.mistakes[0] and "sign is flipped" in verdict.mistakes[1]
    assert "and besides the sign is flipped" in " ".join(verdict.feedback)


MEANS = {
    "bernoulli_nll": lambda theta, y: y.size,
    "bce": lambda p, y: y.size,
    "bce_with_logits": lambda z, y, *rest: y.size,
    "nll": lambda log_p, y: y.size,
    "cross_entropy": lambda z, y: y.size,
    "cross_entropy_probs": lambda z, q: len(q),
    "cross_entropy_nd": lambda z, y: y.size,
    "cross_entropy_ignore": lambda z, y, ignored=-100: (y != ignored).sum(),
    "weighted_cross_entropy": lambda z, y, w: w[y].sum(),
}


@pytest.mark.parametrize("name", MEANS)
def test_a_sum_for_a_mean_is_named_alone_and_beside_every_known_mistake(name):
    exercise, unnamed = bank.find(name), []
    for mistake in (None, *exercise.misconceptions):
        function = mistake.wrong if mistake else exercise.reference
        for sign in (1, -1):

            def summed(*args, function=function, sign=sign):
                return sign * function(*args) * MEANS[name](*args)

            verdict = judge(exercise, asking(exercise, summed), 0)
            if not (verdict.mistakes or verdict.right):
                unnamed.append(mistake.name if mistake else "")
    # Answers that are no loss at all: there the sum of it has no name either.
    no_loss = {
        "the likelihood itself is returned, without the logarithm",
        "one loss a sample is returned",
    }
    assert set(unnamed) <= no_loss, unnamed


def test_symbols_at_the_beginning_of_a_sentence_stay_as_they_are():
    exercise = bank.find("train_tagger")
    mistake = next(m for m in exercise.misconceptions if m.hint.startswith("z has shape"))
    said = learner.report(exercise, judge(exercise, asking(exercise, mistake.wrong), 0))
    assert "\nz has shape (N, L, K)" in said and "\nNot right yet." in said
    assert "\nsoftplus is not written yet." in checked("raise NotImplementedError")


def test_twins_are_named_together():
    exercise = bank.find("train_churn")
    verdicts = [judge(exercise, asking(exercise, m.wrong), 0) for m in exercise.misconceptions]
    twins = [v for v in verdicts if len(v.mistakes) > 1]
    assert twins
    for verdict in twins:
        said = " ".join(verdict.feedback)
        assert all(name in said for name in verdict.mistakes) and "on these inputs the same" in said


def test_the_answer_to_another_question_is_recognised():
    exercise = bank.find("logsumexp")
    verdict = judge(exercise, asking(exercise, lambda z: losses.softmax(z)), 0)
    assert "another question: softmax" in " ".join(verdict.feedback)


def test_right_for_small_inputs_only_says_from_where_on():
    exercise = bank.find("log_softmax")

    def wrong(z):
        return np.where(np.abs(z).max() < 50, losses.log_softmax(z), 7.0 * np.sign(z) + z)

    verdict = judge(exercise, asking(exercise, wrong), 0)
    assert "wrong from" in " ".join(verdict.feedback)


def test_an_answer_that_is_only_small_is_not_said_to_have_the_wrong_sign():
    exercise = bank.find("sigmoid")
    clipped = asking(exercise, lambda z: losses.sigmoid(np.clip(z, -60, 60)))
    said = " ".join(judge(exercise, clipped, 0).feedback)
    assert "should give [0], but gave [8.7565e-27]" in said and "sign" not in said


def test_partial_credit_needs_the_plain_case():
    exercise = bank.find("softplus")
    plain = judge(exercise, asking(exercise, lambda z: np.log1p(np.exp(z))), 0)
    assert 0 < plain.points < exercise.points
    lucky = judge(exercise, asking(exercise, lambda z: np.maximum(z, 0) + (z < -19) * np.exp(z)), 0)
    assert any(case.right for case in lucky.cases) and lucky.points == 0


# --- the kernel lives ----------------------------------------------------------------------------


def test_an_endless_loop_is_stopped_with_its_line():
    began = time.perf_counter()
    said = checked("x = 0\nwhile True:\n    x += 1", seconds=0.4)
    assert time.perf_counter() - began < 3
    assert "did not come back (0.4 seconds)" in " ".join(said.split()) and "line" in said


def test_a_loop_that_swallows_exceptions_is_stopped_too():
    body = "while True:\n    try:\n        z = z + 0\n    except Exception:\n        pass"
    assert "did not come back" in checked(body, seconds=0.3)


def test_an_endless_loop_is_stopped_outside_the_main_thread():
    out = []
    thread = threading.Thread(target=lambda: out.append(checked("while True: pass", seconds=0.3)))
    thread.start()
    thread.join(10)
    assert out and "did not come back" in out[0]


@pytest.mark.parametrize(
    "body", ["exit()", "quit()", "sys.exit(3)", "raise SystemExit", "os._exit(1)"]
)
def test_leaving_ends_the_function_and_nothing_else(body):
    assert "never has to exit" in " ".join(checked(body).split())


def test_a_flood_of_output_is_cut(capsys):
    said = checked("print('x' * 10**7)\nreturn losses.softplus(z)")
    assert len(said) < 4000 and "characters more" in said and "3 of 3" in said
    assert capsys.readouterr().out == ""


def test_warnings_of_numpy_are_passed_on():
    assert "NumPy warned: overflow encountered in exp" in checked("return np.log1p(np.exp(z))")


def test_deep_recursion_is_an_error_like_others():
    assert "RecursionError" in checked("return softplus(z)")


# --- hints, solutions, progress ------------------------------------------------------------------


def test_hints_come_one_at_a_time():
    said = [str(learner.hint("softmax")) for _ in range(4)]
    assert [f"Hint {i} of 3" in s for i, s in zip((1, 2, 3, 3), said, strict=True)] == [True] * 4


def test_the_solution_waits_for_full_marks_or_insistence():
    assert "First try softplus yourself" in learner.solution("softplus")
    assert "def softplus" in learner.solution("softplus", insist=True)
    checked("return losses.softplus(z)")
    assert "def softplus" in learner.solution("softplus")


def test_progress_says_what_is_next():
    assert "Next: bernoulli_nll, in exercises/likelihood.ipynb" in learner.progress()
    checked("return losses.softplus(z)")
    said = learner.progress()
    assert "3 of 18" in " ".join(said.split()) and "of 100" in said


def test_a_worse_try_takes_no_points_away():
    checked("return losses.softplus(z)")
    checked("return z")
    assert "3 of 18" in " ".join(learner.progress().split())


def test_a_broken_progress_file_counts_as_none(tmp_path):
    (tmp_path / ".progress.json").write_text("{broken")
    assert "of 100" in learner.progress()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("softplus", "without quotes: check(softplus)"),
        (3, "This is an int"),
        (lambda z: z, "write it with `def`"),
        (print, "There is no exercise 'print'"),
        (None, "wants a function"),
    ],
)
def test_what_is_no_function_of_the_book_gets_a_sentence(what, words):
    assert words in learner.check(what)


def test_check_works_in_a_real_kernel(tmp_path):
    """IPython's own exit() inside a learner's function: the kernel goes on."""
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(tmp_path))
    try:
        code = (
            "import numpy as np\nfrom exercises import check\n"
            "def softplus(z):\n    exit()\n"
            "print(check(softplus))"
        )
        said = []
        reply = client.execute_interactive(
            code, timeout=PATIENCE, output_hook=lambda m: said.append(m["content"].get("text", ""))
        )
        assert reply["content"]["status"] == "ok"
        assert "never has to exit" in " ".join("".join(said).split())
        again = client.execute_interactive("1 + 1", timeout=PATIENCE, output_hook=lambda m: None)
        assert again["content"]["status"] == "ok" and manager.is_alive()
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


# --- the desk and the command line ---------------------------------------------------------------


def command(*arguments, cwd, root):
    return subprocess.run(
        [sys.executable, "-m", "exercises", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )


def test_the_desk_never_writes_over_a_file(tmp_path, root):
    from exercises import desk

    book = tmp_path / "book"
    (book / "exercises").mkdir(parents=True)
    source = book / "exercises" / "sigmoid.md"
    text = (root / "exercises" / "sigmoid.md").read_text(encoding="utf-8")
    source.write_text(text, encoding="utf-8")
    assert desk.lay_out(tmp_path / "work", book)[0].startswith("1 notebooks laid out")
    mine = tmp_path / "work" / "exercises" / "sigmoid.ipynb"
    mine.write_text("mine", encoding="utf-8")
    assert desk.lay_out(tmp_path / "work", book) == [f"{tmp_path / 'work'} is ready."]
    source.write_text(text.replace("Five functions", "5 functions"), encoding="utf-8")
    said = desk.lay_out(tmp_path / "work", book)
    assert "has changed in the book. Yours is kept" in said[1]
    assert mine.read_text(encoding="utf-8") == "mine"
    assert mine.with_suffix(".new.ipynb").is_file()


def test_a_desk_holds_plain_markdown_with_links_that_lead_somewhere(root):
    """JupyterLab knows no roles, no directives, no labels."""
    import nbformat

    from exercises import desk

    myst = re.compile(r"\{[\w:]+\}`|^`{3,}\{|^\([\w-]+\)=$|^:\w+:", re.M)
    for source in desk.sources(root):
        for cell in nbformat.reads(desk.as_notebook(source, root), as_version=4).cells:
            if cell.cell_type == "markdown":
                assert not myst.search(cell.source), cell.source
                for way in re.findall(r"\]\(([^)]+)\.ipynb\)", cell.source):
                    assert (source.parent / f"{way}.md").is_file(), way


def test_myst_becomes_what_jupyterlab_can_show(root):
    from exercises.plain import Page

    source = root / "chapters" / "foundations" / "surprise.md"
    shown = Page(source, root, glued={"loss": 0.51234}).markdown

    assert shown("See {doc}`dice`.").startswith("See [From dice") and "(dice.ipynb)" in shown(
        "{doc}`dice`"
    )
    assert shown("{doc}`flips <coin_flips>`") == "[flips](coin_flips.ipynb)"
    assert shown("{doc}`/chapters/pytorch/errors`").endswith("(../pytorch/errors.ipynb)")
    assert shown("({ref}`ch-errors`, 3)").endswith("(../pytorch/errors.ipynb), 3)")
    assert shown("{cite:t}`good1952`") == "[good1952]"
    assert shown("{glue:text}`loss:.2f`, {glue:text}`other:.2f`") == "0.51, `other`"
    folded = shown("```{solution} ex-a\n:class: dropdown\n\n$x$\n```\n")
    assert folded == "<details><summary>Solution</summary>\n\n$x$\n\n</details>\n"
    assert shown("````{exercise}\n:label: ex-a\n\nWhy?\n````\n") == "**Exercise.** Why?\n"
    assert shown("(ch-a)=\n# Title") == "# Title"


def test_a_notebook_numbers_equations_through_the_whole_book(tmp_path):
    from exercises.plain import Page

    (tmp_path / "_toc.yml").write_text("root: one\nchapters:\n- file: two\n", encoding="utf-8")
    kernel = "---\nkernelspec: {name: python3}\n---\n# One\n"
    (tmp_path / "one.md").write_text(kernel + "$$\na\n$$ (eq-a)\n$$\nb\n$$\n", encoding="utf-8")
    (tmp_path / "two.md").write_text("$$\nc\n$$ (eq-c)\n", encoding="utf-8")
    shown = Page(tmp_path / "two.md", tmp_path).markdown
    assert shown("$$\nc\n$$ (eq-c)\n") == "$$\nc\n\\tag{2}\n$$\n"
    assert shown("{eq}`eq-c` from {eq}`eq-a`") == "(2) from [(1)](one.ipynb)"


def test_a_notebook_folds_what_the_page_hides_and_keeps_its_captions(root):
    import nbformat

    from exercises import desk

    source = root / "chapters" / "foundations" / "coin_flips.md"
    cells = nbformat.reads(desk.as_notebook(source, root), as_version=4).cells
    names = [c.source for c in cells if c.metadata.get("jupyter", {}).get("source_hidden")]
    assert any("question(" in source for source in names)
    assert not any("def bce_naive" in source for source in names)
    figure = next(n for n, c in enumerate(cells) if "explorers.Likelihood(" in c.source)
    assert cells[figure + 1].source.startswith("**Figure.** The likelihood is largest exactly")


def test_a_number_for_the_text_is_printed_in_a_notebook(tmp_path, capsys):
    from exercises.plain import Page

    cell = 'from myst_nb import glue\nglue("loss", 0.5123456789, display=False)\nglue("n", 3)'
    exec(Page(tmp_path / "a.md", tmp_path).code(cell), {})
    assert capsys.readouterr().out == "loss = 0.512346\nn = 3\n"


def test_the_terminal_marks_a_desk(tmp_path, root):
    import nbformat

    from exercises import desk

    desk.lay_out(tmp_path / "work", root)
    path = tmp_path / "work" / "exercises" / "sigmoid.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.source.startswith("def sigmoid"):
            imports = (
                "%matplotlib inline\nfrom exercises import (\n    check, hint)\ncheck(print)\n"
            )
            cell.source = imports + learner.solution_code(bank.find("sigmoid"))
        if cell.source.startswith("def softplus"):
            cell.source = "def softplus(z):\n    return np.maximum(z, 0)"
        if cell.source.startswith("def bce("):
            cell.source = "def bce(:"
    nbformat.write(notebook, path)
    done = command("check", "work", cwd=tmp_path, root=root)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "sigmoid: 4 of 4 points" in said
    assert "the corner is not rounded off" in said
    assert "sigmoid.ipynb, cell" in said and "SyntaxError" in said
    assert "Next: bernoulli_nll" in said and "4 of 100" in said


def test_a_class_release_holds_no_solution(tmp_path, root):
    done = command("export", "--class", tmp_path / "class", cwd=tmp_path, root=root)
    assert done.returncode == 0, done.stderr
    files = [p for p in (tmp_path / "class").rglob("*") if p.is_file()]
    assert (tmp_path / "class" / "notebooks" / "exercises" / "softmax.ipynb").is_file()
    assert not [p for p in files if "solutions" in p.parts]
    code = "from exercises import solution; print(solution('softmax', insist=True))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / "class",
        env={**os.environ, "PYTHONPATH": str(tmp_path / "class")},
        capture_output=True,
        text=True,
    )
    assert "comes without solutions" in run.stdout, run.stderr
    again = command("export", "--class", tmp_path / "class", cwd=tmp_path, root=root)
    assert again.returncode == 2 and "not empty" in again.stderr


# Loaded by every Python that is started on the kit: the checkout might as well not be there.
BLINDFOLD = """
import os, sys
def audit(event, arguments, root={root!r} + os.sep, ours=(sys.prefix + os.sep, {unpacked!r})):
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.path.abspath(os.fsdecode(arguments[0]))
        if path.startswith(root) and not path.startswith(ours):
            raise FileNotFoundError(f"The kit has no {{path}}")
sys.addaudithook(audit)
"""
SHOW_ALL = """
from exercises import hint, progress, question, solution
from exercises.bank.questions import all_questions
from utils.explorers.widgets import Explorer
shown = [question(q.id)._repr_mimebundle_() for q in all_questions()]
shown += [kind()._repr_mimebundle_() for kind in Explorer.__subclasses__()]
print(len(shown), "shown", hint("softmax"), solution("logsumexp"), progress())
"""


def test_the_kit_runs_unpacked(tmp_path, root):
    """As a learner runs it, in an environment that has the packages, without the checkout."""
    import zipfile

    import nbformat

    from exercises import desk, export
    from exercises.bank.questions import all_questions
    from utils.explorers.widgets import Explorer

    zipfile.ZipFile(export.write_kit(tmp_path / "kit.zip", root)).extractall(tmp_path)
    kit, blindfold = tmp_path / export.KIT, tmp_path / "blindfold"
    blindfold.mkdir()
    text = BLINDFOLD.format(root=str(root), unpacked=str(tmp_path))
    (blindfold / "sitecustomize.py").write_text(text, encoding="utf-8")
    path = os.pathsep.join([str(blindfold), str(kit)])

    def run(*arguments, cwd=kit):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return " ".join(done.stdout.split())

    seen = f"open({str(root / 'exercises' / 'desk.py')!r})"
    run("-c", f"try: {seen}\nexcept FileNotFoundError: pass\nelse: raise SystemExit('seen')")
    assert str(kit) in run("-c", "import exercises; print(exercises.__file__)")
    assert (kit / "requirements.txt").is_file() and (kit / "START.txt").is_file()

    assert f"{len(desk.sources(root))} notebooks laid out" in run("-m", "exercises", "desk")
    softmax = kit / "work" / "exercises" / "softmax.ipynb"
    notebook = nbformat.read(softmax, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("tags", None)  # run the cells that a build leaves out, too
        if cell.source.startswith("def logsumexp"):
            cell.source = learner.solution_code(bank.find("logsumexp"))
        if cell.source.startswith("def softmax"):
            cell.source = "def softmax(z, axis=-1):\n    return np.exp(z) / np.exp(z).sum()"
    notebook.cells.append(nbformat.v4.new_code_cell(SHOW_ALL))
    nbformat.write(notebook, softmax)
    convert = ("-m", "jupyter", "nbconvert", "--execute", "--inplace", "--to", "notebook")
    run(*convert, softmax, cwd=softmax.parent)
    cells = nbformat.read(softmax, as_version=4).cells
    widgets = len(all_questions()) + len(Explorer.__subclasses__())
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    said = "".join(output.get("text", "") + str(output.get("data", "")) for output in outputs)
    for words in ("logsumexp: 3 of 3 points", "all entries together are normalised to 1", "Hint 1"):
        assert words in said
    assert "Pulling $e^{m}$" in said and f"{widgets} shown" in said and "3 of 15" in said

    said = run("-m", "exercises", "check")
    assert "logsumexp: 3 of 3 points" in said and "Next: bernoulli_nll" in said


def test_a_notebook_shows_the_verdict_with_a_link_to_the_section():
    space = {"np": np}
    exec("def softplus(z):\n    return z < 3", space)
    shown = learner.check(space["softplus"])._repr_html_()
    assert '<a href="../chapters/from_scratch/sigmoid.ipynb">' in shown
    assert "<pre" in shown and "z < 3" not in shown
