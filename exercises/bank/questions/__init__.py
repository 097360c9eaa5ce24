"""The chapters' questions, one module a chapter, each with a list `QUESTIONS`.

A question's id begins with its chapter's name, so that looking one up reads that module alone.
"""

from importlib import import_module
from pathlib import Path


def modules():
    """The names of the modules, one a chapter."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem != "__init__")


def of_chapter(module):
    """The questions of one chapter, in its order."""
    return import_module(f"{__name__}.{module}").QUESTIONS


def all_questions():
    return [question for module in modules() for question in of_chapter(module)]


def find(id):
    """The question with this id."""
    wanted = [m for m in modules() if id.startswith(m.replace("_", "-"))]
    # An id may begin with a short form of its chapter's name: then every module is asked.
    for module in sorted(wanted, key=len, reverse=True) or modules():
        for question in of_chapter(module):
            if question.id == id:
                return question
    for module in modules():
        for question in of_chapter(module):
            if question.id == id:
                return question
    known = ", ".join(q.id for m in wanted or modules() for q in of_chapter(m))
    raise KeyError(f"There is no question {id!r}; there are {known}.")
