"""What the marker's tests share: the sandbox of this machine, and one big marked batch."""

import shutil
import sys
from pathlib import Path

import pytest

from utils.grading import batch, sandbox, submissions

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))  # workers import the bank of these tests by its name

BANK = "tests.grading.bank:exercises"
LIMITS = sandbox.Limits(answer=6, cells=10, cpu=30, total=120)
SEED = 20260417


@pytest.fixture(scope="session")
def confinement():
    """The whole sandbox; without it these tests would run hostile code in the open."""
    found = sandbox.detect()
    if not found.rooms or not found.filter:
        pytest.skip(found.sentence())
    return found


@pytest.fixture(scope="session")
def plan(confinement):
    return batch.Plan(BANK, SEED, confinement, limits=LIMITS)


@pytest.fixture(scope="session")
def server(confinement):
    server = sandbox.ForkServer(confinement)
    yield server
    server.close()


@pytest.fixture
def child(server):
    """A function that gives a child with a notebook loaded."""
    children = []

    def start(*cells):
        child = server.child(LIMITS)
        children.append(child)
        child.loaded, _ = child.request(
            {"op": "load", "sources": [{"name": "test.ipynb", "cells": list(cells)}]}, seconds=20
        )
        return child

    yield start
    for child in children:
        child.end()


@pytest.fixture(scope="session")
def submitted(tmp_path_factory):
    """All hostile and broken submissions, and honest ones, in one folder."""
    folder = tmp_path_factory.mktemp("submitted")
    for path in sorted((HERE / "hostile").glob("*.md")):
        shutil.copy(path, folder)
    for path in sorted((HERE / "broken").iterdir()):
        if path.name == "expected.json":
            continue
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / path.name)
    return folder


@pytest.fixture(scope="session")
def marked(submitted, plan):
    """Results by name of everything in `submitted`, marked side by side."""
    found = submissions.find([submitted])
    return {result["name"]: result for result in batch.run(found, plan, 2)}
