"""Systematic small changes of right answers: a bank that lets one pass has a hole in its inputs.

    python -m tests.unit.exercise_mutants [name …]

prints, for each exercise, how many mutants of our solution its cases refuse, and each survivor with
the reason why no input could refuse it (`exercise_survivors.py`).
"""

import ast
import copy
import sys

import numpy as np
import torch
import torch.nn.functional as F

from exercises import bank, learner
from tests.unit.exercise_helpers import asking
from tests.unit.exercise_survivors import ARGUED
from utils.grading.guard import OutOfTime, _limit
from utils.grading.judge import _try

OPERATORS = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Gt: ast.Lt,
    ast.Lt: ast.Gt,
    ast.GtE: ast.Lt,
}
NAMES = {
    "max": "min",
    "maximum": "minimum",
    "exp": "exp2",
    "log": "log2",
    "log1p": "log",
    "sum": "mean",
    "mean": "sum",
    "abs": "negative",
    "zeros_like": "ones_like",
    "log_softmax": "softmax",
    "nll_loss": "cross_entropy",
    "isfinite": "isnan",
}


def mutants(source):
    """(the changed line, code) for each single change of the source."""
    tree = ast.parse(source)
    lines = ast.unparse(tree).splitlines()
    for number, node in enumerate(ast.walk(tree)):
        for change in changes(node):
            changed = copy.deepcopy(tree)
            change(list(ast.walk(changed))[number])
            code = ast.unparse(ast.fix_missing_locations(changed))
            pairs = zip(lines, code.splitlines(), strict=True)
            yield next(new.strip() for old, new in pairs if new != old), code


def changes(node):
    """The single changes of one node: operators, constants and axes, signs, names, order."""
    if isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in OPERATORS:
        yield lambda n: setattr(n, "op", OPERATORS[type(node.op)]())
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.Div):
        yield _exchange
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OPERATORS:
        yield lambda n: setattr(n, "ops", [OPERATORS[type(node.ops[0])]()])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield lambda n: setattr(n, "op", ast.UAdd())
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for value in (node.value + 1, node.value - 1):
            yield lambda n, v=value: setattr(n, "value", v)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        yield lambda n: setattr(n, "value", not n.value)
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield lambda n: setattr(n, "attr", NAMES[node.attr])
    if isinstance(node, ast.IfExp):
        yield _exchange_branches


def _exchange(node):
    node.left, node.right = node.right, node.left


def _exchange_branches(node):
    node.body, node.orelse = node.orelse, node.body


def environment(exercise):
    """Names that the notebook offers: imports, and our solutions of its other functions."""
    space = {"np": np, "torch": torch, "F": F}
    for other in bank.of_topic(exercise.topic):
        exec(learner.solution_code(other), space)
    return space


def killed(exercise, function, seeds=(0,)):
    """Whether any case of the exercise refuses the function."""
    ask = asking(exercise, function)
    for seed in seeds:
        for number, case in enumerate(exercise.cases):
            if _try(exercise, case, exercise.draw(seed, number), ask).problem:
                return True
    return False


def survey(exercise):
    """(how many mutants, the changed lines of those that survive)."""
    space, survivors, count = environment(exercise), [], 0
    assert not killed(exercise, space[exercise.name])  # and loads all that torch loads late
    for line, code in mutants(learner.solution_code(exercise)):
        count += 1
        own = dict(space)
        try:
            with _limit(5.0):
                exec(code, own)
                if not killed(exercise, own[exercise.name]):
                    survivors.append(line)
        except (Exception, OutOfTime):
            continue  # it does not even run: refused
    return count, survivors


def main(names):
    total = alive = 0
    for exercise in bank.functions():
        if names and exercise.name not in names:
            continue
        count, survivors = survey(exercise)
        total, alive = total + count, alive + len(survivors)
        print(f"{exercise.name}: {count - len(survivors)} of {count} killed")
        for line in survivors:
            reason = ARGUED.get(exercise.name, {}).get(line, "NOT ARGUED: a hole in the inputs?")
            print(f"    survives: {line}\n              {reason}")
    print(f"together: {total - alive} of {total} killed ({1 - alive / total:.1%})")


if __name__ == "__main__":
    main(sys.argv[1:])
