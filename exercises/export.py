"""A release for a class: the learner's kit without our solutions; and the kit itself, as a zip."""

import zipfile
from pathlib import Path

from exercises import desk

ROOT = Path(__file__).parents[1]
KIT = "cross-entropy-learners-kit"
START = """\
Cross-Entropy from Scratch: the learner's kit
=============================================

    python -m venv .venv && . .venv/bin/activate      (Windows: .venv\\Scripts\\activate)
    pip install -r requirements.txt
    python -m exercises desk                          lays the notebooks out in work/
    jupyter lab work                                  write there; check(...) answers at once
    python -m exercises check                         all your notebooks at once

Your files in work/ are never written over. Python 3.11, 3.12 or 3.13 is needed.

On Linux, pip takes PyTorch with CUDA, several gigabytes that are not needed here. PyTorch's
"Get started" page (Linux, Pip, CPU) names the address of a small one, for
    pip install -r requirements.txt --extra-index-url ADDRESS
"""


def parts(root=ROOT, *, solutions):
    """The files of the repository that a learner needs."""
    for folder in ("utils", "exercises", "chapters"):
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root)
            wanted = path.is_file() and "__pycache__" not in name.parts and path.suffix != ".pyc"
            ours = name.parts[:3] == ("exercises", "bank", "solutions")
            if wanted and not (ours and not solutions):
                yield path
    for name in ("requirements.txt", "constraints.txt", "pyproject.toml", "LICENSE", "_toc.yml"):
        if (root / name).is_file():
            yield root / name


def files(root=ROOT, *, solutions):
    """What is handed out: (path in the kit, content)."""
    for path in parts(root, solutions=solutions):
        yield path.relative_to(root), path.read_bytes()
    for source in desk.sources(root):
        name = Path("notebooks") / source.relative_to(root).with_suffix(".ipynb")
        yield name, desk.as_notebook(source, root).encode()
    yield Path("START.txt"), START.encode()


def write_kit(path, root=ROOT):
    """The learner's kit as one zip; the same files make the same bytes."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(root, solutions=True):
            entry = zipfile.ZipInfo(f"{KIT}/{name.as_posix()}", (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return path


def write_class(folder, root=ROOT):
    """A folder to hand out to a class: notebooks, code, no solutions."""
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: name a new folder.")
    for name, content in files(root, solutions=False):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder
