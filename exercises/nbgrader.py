"""`python -m exercises export --nbgrader DIR`: source notebooks for those who must use nbgrader.

Each exercise becomes a solution cell (our answer between nbgrader's marks, which
`generate_assignment` takes out) and a locked, graded cell that asks `points`, nbgrader's way to
partial credit. Such marks are made in the learner's own process and can be forged there; marks of
`python -m exercises grade` cannot.
"""

import re
import secrets
from pathlib import Path

from exercises import bank, desk, learner

ROOT = desk.ROOT
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "cross-entropy"
c.ClearSolutions.code_stub = {"python": "# Write in place of the stub above."}
"""


def points(function):
    """The points of a function or class, as a number: the last line of a graded cell."""
    from utils.grading import guard
    from utils.grading.judge import judge

    exercise = bank.find(function.__name__)
    seed = secrets.randbits(32)
    return round(float(judge(exercise, guard.asking(exercise, function), seed).points), 4)


def solutions(topic):
    """{exercise name: code} of our solutions to one notebook."""
    return {e.name: learner.solution_code(e).rstrip() for e in bank.of_topic(topic)}


def source(topic):
    """One source notebook: the book's, with solutions and graded cells."""
    import jupytext
    import nbformat

    notebook = jupytext.read(ROOT / "exercises" / f"{topic}.md")
    notebook.metadata.pop("jupytext", None)
    ours, cells = solutions(topic), []
    asked = {exercise.name: exercise for exercise in bank.of_topic(topic)}
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        stub = re.search(r"^(?:def|class) +(\w+)", cell.source, flags=re.MULTILINE)
        checked = re.fullmatch(r"\s*check\((\w+)\)\s*", cell.source)
        if cell.cell_type == "code" and stub and stub[1] in asked:
            name = stub[1]
            cell.source += f"\n\n\n### BEGIN SOLUTION\n{ours[name]}\n### END SOLUTION"
            cell.metadata["nbgrader"] = _marks(f"solution-{name}", solution=True)
        elif cell.cell_type == "code" and checked and checked[1] in asked:
            name = checked[1]
            graded = nbformat.v4.new_code_cell(
                f"from exercises.nbgrader import points\n\npoints({name})"
            )
            graded.metadata["nbgrader"] = _marks(
                f"points-{name}", grade=True, locked=True, points=asked[name].points
            )
            cells.append(graded)
            continue
        cells.append(cell)
    notebook.cells = cells
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    return nbformat.writes(notebook, version=4) + "\n"


def _marks(name, **kind):
    marks = {"grade": False, "locked": False, "solution": False, "task": False} | kind
    return marks | {"grade_id": name, "schema_version": 3, "cell_type": "code"}


def write(folder):
    """A course folder: nbgrader_config.py and source/TOPIC/TOPIC.ipynb."""
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a new folder.")
    if not learner.SOLUTIONS.is_dir():
        raise FileNotFoundError("This copy of the book comes without solutions: use the whole one.")
    topics = [name for name in bank.TOPICS if (ROOT / "exercises" / f"{name}.md").is_file()]
    for topic in topics:
        path = folder / "source" / topic / f"{topic}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source(topic), encoding="utf-8")
    (folder / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    print(f"{folder} holds {len(topics)} assignments; there: nbgrader generate_assignment NAME")
    return 0
