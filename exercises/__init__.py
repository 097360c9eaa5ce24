"""The book's exercises: questions asked in the chapters and functions to write in notebooks.

    from exercises import check, hint, progress, solution
    check(softmax)

Everything is imported when it is first asked for: a chapter that asks a question does not load the
bank of functions.
"""

__all__ = ["browser_progress", "check", "hint", "progress", "question", "solution"]


def question(id):
    """The question with this id, to be shown as the last line of a cell."""
    from exercises.bank.questions import find
    from utils.grading.questions import Question

    return Question(find(id))


def check(function):
    """Try a function that you wrote: what is right, what is not, and which mistake it is."""
    from exercises import learner

    return learner.check(function)


def hint(name):
    """The next of three hints on an exercise: hint("softmax")."""
    from exercises import learner

    return learner.hint(name)


def progress():
    """How far you are, in all notebooks."""
    from exercises import learner

    return learner.progress()


def solution(name, *, insist=False):
    """Our solution with its reasons, after full marks or with insist=True."""
    from exercises import learner

    return learner.solution(name, insist=insist)


def browser_progress():
    """What can be solved in the book's pages and on a desk, with what this browser knows of it."""
    from exercises.browser import Progress, chapters, notebooks

    return Progress(chapters(), notebooks())
