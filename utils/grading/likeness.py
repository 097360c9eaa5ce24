"""Pairs of submissions that are alike after names and layout are taken away.

For a person to look at: it never changes a mark, and short functions are alike by nature. Code that
many have in common (the notebook's own cells, the one obvious line) weighs little; what only two
have in common weighs much.
"""

import ast
import hashlib
import html
from collections import defaultdict
from itertools import combinations
from math import log

from utils.grading import report

SHINGLE = 10  # consecutive tokens of the normalised tree that make one fingerprint


def tokens(node):
    """The syntax tree as a flat list: kinds and constants; names by order of appearance."""
    order, out = {}, []

    def walk(node):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return  # a docstring, or a value that is thrown away
        out.append(type(node).__name__)
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "ctx", "type_comment", "kind", "type_params"):
                continue
            if field in ("id", "arg", "name") and isinstance(value, str):
                out.append(f"n{order.setdefault(value, len(order))}")
            elif field in ("attr", "op", "value", "n", "s") and not isinstance(value, ast.AST):
                out.append(repr(value)[:40])
            elif isinstance(value, ast.AST):
                walk(value)
            elif isinstance(value, list):
                for item in value:
                    if isinstance(item, ast.AST):
                        walk(item)

    walk(node)
    return out


def fingerprints(notebooks, names):
    """{function: set of fingerprints} of the asked functions that were really written."""
    out = {}
    for notebook in notebooks:
        for code in notebook.cells:
            try:
                tree = ast.parse(code)
                for node in tree.body:
                    if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name in names:
                        flat = tokens(node)
                        if len(flat) > 2 * SHINGLE and "'NotImplementedError'" not in flat:
                            out[node.name] = {
                                hashlib.blake2b(repr(flat[i : i + SHINGLE]).encode()).hexdigest()
                                for i in range(len(flat) - SHINGLE + 1)
                            }
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                continue
    return out


def pairs(found, names, threshold=0.7):
    """(share alike, one name, other name, functions) for pairs above the threshold.

    `found` maps a learner's name to `fingerprints(...)`. The share is of the smaller submission's
    weight that the other also has.
    """
    owners = defaultdict(set)
    for who, functions in found.items():
        for name, prints in functions.items():
            for mark in prints:
                owners[name, mark].add(who)
    count = max(len(found), 2)
    weight = {key: log(1 + count / len(who)) for key, who in owners.items()}
    total = {
        who: sum(weight[name, mark] for name, prints in functions.items() for mark in prints)
        for who, functions in found.items()
    }
    shared = defaultdict(lambda: defaultdict(float))
    for (name, mark), who in owners.items():
        if 1 < len(who) <= max(3, count // 10):  # what a tenth of the class writes tells nothing
            for pair in combinations(sorted(who), 2):
                shared[pair][name] += weight[name, mark]
    out = []
    for (one, other), by_name in shared.items():
        share = sum(by_name.values()) / min(total[one], total[other])
        if share >= threshold:
            functions = [name for name in names if by_name.get(name)]
            out.append((round(share, 3), one, other, functions))
    return sorted(out, key=lambda row: (-row[0], row[1], row[2]))


def write(path, found_submissions, names):
    """A page with the pairs, or the sentence that there are none."""
    found = {
        item.name: fingerprints(item.notebooks(), names)
        for item in found_submissions
        if not item.reason
    }
    rows = pairs(found, list(names))
    out = [
        "<h1>Likeness report</h1>",
        "<p>Pairs whose code is alike after normalising names and layout, weighted by how rare the "
        "likeness is in this class. Look before you judge: short functions have few honest forms, "
        "and no mark was changed.</p>",
    ]
    if not rows:
        out.append("<p>No pair is alike beyond what the tasks themselves bring about.</p>")
    else:
        out.append('<table><tr><th>one</th><th>other</th><th class="n">alike</th><th>in</th></tr>')
        out += [
            f"<tr><td>{html.escape(one)}</td><td>{html.escape(other)}</td>"
            f'<td class="n">{100 * share:.0f} %</td><td>{", ".join(functions)}</td></tr>'
            for share, one, other, functions in rows
        ]
        out.append("</table>")
    with open(path, "w", encoding="utf-8") as file:
        file.write(report.page("Likeness report", "\n".join(out)))
    return rows
