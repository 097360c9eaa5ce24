"""A Sphinx extension: makes the learner's kit before the pages that link it are read."""

from pathlib import Path

from exercises import export

PLACE = Path("_build", "kit", f"{export.KIT}.zip")


def setup(app):
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def make(app):
    root = Path(app.srcdir)
    if (root / "exercises" / "index.md").is_file() and not is_fresh(root):
        export.write_kit(root / PLACE, root)


def is_fresh(root):
    """Whether nothing that goes into the kit is newer than the kit."""
    if not (root / PLACE).is_file():
        return False
    made = (root / PLACE).stat().st_mtime
    return all(path.stat().st_mtime <= made for path in export.parts(root, solutions=True))
