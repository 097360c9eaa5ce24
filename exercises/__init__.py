"""The book's exercises: questions asked in the chapters and functions to write in notebooks.

    from exercises import check, hint, progress, solution
    check(softmax)

Everything is imported when it is first asked for: a chapter that asks a question does not load the
bank of functions.
"""


def question(id):
    """The question with this id, to be shown as the last line of a cell."""
    from exercises.bank.questions import find
    from utils.grading.questions import Question

    return Question(find(id))
