"""Finding and reading submissions. Nothing here runs a learner's code, and nothing here crashes:
what cannot be read becomes a submission with the reason."""

import ast
import contextlib
import hashlib
import json
import os
import re
import signal
import stat
import threading
import warnings
from dataclasses import dataclass, field
from pathlib import Path

NOTEBOOKS = (".ipynb", ".md")
SIZE_LIMIT = 50 << 20
CODE_LIMIT = 600_000  # characters of code in one notebook
CELL_LIMIT = 2000
# Handed in by mistake: a row with the reason. Other files (tables, pictures of ours) are passed by.
MISTAKEN = {".py", ".pdf", ".zip", ".docx", ".doc", ".txt", ".html", ".rar", ".7z", ".gz", ".odt"}
SKIPPED = {"__MACOSX", "node_modules"}
HELPERS = {"check", "hint", "progress", "solution", "question"}
UNUSUAL = re.compile(r"^\s*[%!?]|\?\s*$", re.MULTILINE)  # lines that only IPython understands
QUIET_MAGICS = ("%%time", "%%timeit", "%%capture", "%%prun")


@dataclass
class Notebook:
    """The code cells of one file, ready to be run by plain Python."""

    name: str
    cells: list = field(default_factory=list)
    reason: str | None = None
    digest: str = ""


@dataclass
class Submission:
    """What one learner handed in; `reason` says why it cannot be marked."""

    name: str
    files: list
    reason: str | None = None
    remarks: list = field(default_factory=list)
    contents: list | None = None

    def with_contents(self):
        """A copy that carries its notebooks as bytes, to be read on another machine."""
        contents = self.notebooks()
        return Submission(self.name, self.files, self.reason, self.remarks, contents)

    def notebooks(self):
        """The notebooks, read here or sent along."""
        if self.reason:
            return []
        if self.contents:
            return self.contents
        with bounded():
            return [read(file) for file in self.files]


# --- finding --------------------------------------------------------------------------------------


def find(paths):
    """One submission a file or folder, by name. Raises FileNotFoundError for a path not there."""
    found = []
    for path in map(Path, paths):
        if not path.exists() and not path.is_symlink():
            raise FileNotFoundError(f"{path} is not there")
        if path.is_dir():
            for entry in sorted(path.iterdir(), key=lambda entry: entry.name):
                if not entry.name.startswith(".") and entry.name not in SKIPPED:
                    found.extend((item, path) for item in _entry(entry))
        else:
            found.extend((item, path.parent) for item in _entry(path, named=True))
    return _distinct(found)


def _entry(path, named=False):
    suffix = path.suffix.lower()
    if path.is_symlink():
        return [Submission(path.stem, [path], "a link, not a file: links are not followed")]
    if path.is_dir():
        return [_folder(path)]
    if not stat.S_ISREG(path.lstat().st_mode):
        return [Submission(path.stem, [path], "not a regular file")]
    if suffix in NOTEBOOKS:
        return [Submission(path.stem, [path])]
    if suffix in MISTAKEN or named:
        return [Submission(path.stem, [path], f"not a notebook: {path.name}")]
    return []


def _folder(path):
    files, links = [], []
    for folder, names, entries in os.walk(path):
        names[:] = sorted(n for n in names if not n.startswith(".") and n not in SKIPPED)
        for name in sorted(entries):
            file = Path(folder, name)
            if name.startswith(".") or file.suffix.lower() not in NOTEBOOKS:
                continue
            if stat.S_ISREG(file.lstat().st_mode):
                files.append(file)
            else:
                links.append(file.name)
        if len(files) > 100:
            break
    submission = Submission(path.name, files)
    if links:
        submission.remarks.append(f"not read, since not regular files: {', '.join(links)[:200]}")
    if len(files) > 100:
        submission.reason = "more than 100 notebooks in one folder"
    elif not files:
        submission.reason = "no notebook in this folder"
    return submission


def _distinct(found):
    """Names are unique: those that collide are told apart by their paths."""
    names = [submission.name for submission, _ in found]
    taken = set()
    for submission, top in found:
        if names.count(submission.name) > 1:
            submission.remarks.append(f"more than one submission is named {submission.name}")
            place = submission.files[0] if submission.files else top / submission.name
            submission.name = str(place.relative_to(top)) if place != top else submission.name
            if submission.name in taken:
                submission.name = str(place)
        while submission.name in taken:
            submission.name += "'"
        submission.name = submission.name.encode("utf-8", "replace").decode()
        taken.add(submission.name)
    return [submission for submission, _ in sorted(found, key=lambda item: item[0].name)]


# --- reading --------------------------------------------------------------------------------------


@contextlib.contextmanager
def bounded(seconds=30, memory=2 << 30):
    """Reading a file must not cost more than this (processor time), whatever its parser does."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        with open("/proc/self/statm") as file:
            mapped = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory, hard))
    except (OSError, ValueError):
        pass  # no such limit here
    main = threading.current_thread() is threading.main_thread()
    if main:
        before = signal.signal(signal.SIGPROF, _too_long)
        signal.setitimer(signal.ITIMER_PROF, seconds, 1)  # again: there may be more files
    try:
        yield
    finally:
        if main:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _too_long(number, frame):
    raise TimeoutError("reading it takes too long")


def read(path):
    """The code cells of a notebook file; every failure becomes a reason."""
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > SIZE_LIMIT:
            return Notebook(
                path.name, reason=f"{size / 1e6:.0f} MB; {SIZE_LIMIT >> 20} MB are read"
            )
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
    except OSError as error:
        return Notebook(path.name, reason=f"cannot be read: {error.strerror or error}")
    notebook = parse(path.name, data)
    notebook.digest = digest
    return notebook


def parse(name, data):
    """As `read`, from the bytes of the file."""
    try:
        text = decode(data)
        if not text.strip():
            return Notebook(name, reason="the file is empty")
        markdown = name.lower().endswith(".md")
        cells = _markdown_cells(text) if markdown else _notebook_cells(text)
        cells = [clean(cell) for cell in cells]
    except NotPython as error:
        return Notebook(name, reason=str(error))
    except RecursionError:
        return Notebook(name, reason="not a notebook: nested too deeply")
    except Exception as error:
        first = str(error).partition("\n")[0][:120]
        return Notebook(name, reason=f"not a notebook: {type(error).__name__}: {first}")
    cells = [cell for cell in cells if cell.strip()]
    if not cells:
        return Notebook(name, reason="the notebook holds no code")
    if len(cells) > CELL_LIMIT or sum(map(len, cells)) > CODE_LIMIT:
        return Notebook(name, reason=f"more than {CODE_LIMIT} characters of code")
    return Notebook(name, cells)


class NotPython(Exception):
    """The notebook belongs to another language."""


def decode(data):
    """Text of a file that some editor wrote: UTF-8 with or without BOM, UTF-16, or Latin-1."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _notebook_cells(text):
    """Code of an .ipynb of any nbformat, valid or not quite."""
    notebook = json.loads(text)
    if not isinstance(notebook, dict):
        raise ValueError("the file is JSON, but not a notebook")
    _check_language(notebook.get("metadata"))
    cells = notebook.get("cells")
    if cells is None:  # nbformat 3 and before
        cells = [
            cell for sheet in notebook.get("worksheets", ()) for cell in sheet.get("cells", ())
        ]
    code = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", cell.get("code", "")))
        source = "".join(source) if isinstance(source, list) else source
        if isinstance(source, str):
            code.append(source.replace("\r\n", "\n").replace("\r", "\n"))
    return code


def _markdown_cells(text):
    import jupytext

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notebook = jupytext.reads(text, fmt="md")
    _check_language(notebook.metadata)
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def _check_language(metadata):
    if not isinstance(metadata, dict):
        return
    for key, inner in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(key)
        language = part.get(inner) if isinstance(part, dict) else None
        if isinstance(language, str) and language.lower() not in ("python", "ipython", "python3"):
            raise NotPython(f"written for {language[:40]}, not for Python")


# --- cleaning -------------------------------------------------------------------------------------


def clean(code):
    """A cell as plain Python: no magics, no shell lines, no import of the course's helpers."""
    if code.lstrip().startswith("%%"):
        magic, _, rest = code.lstrip().partition("\n")
        if magic.split()[0] not in QUIET_MAGICS:
            return ""
        code = rest
    if "exercises" not in code and not UNUSUAL.search(code):
        return code
    tree = _tree(code)
    if tree is None:
        lines = [
            _same_indent(line) if line.lstrip()[:1] in ("%", "!", "?") else line
            for line in code.split("\n")
        ]
        lines = [_same_indent(line) if line.rstrip()[-1:] == "?" else line for line in lines]
        code = "\n".join(lines)
        tree = _tree(code)
    if tree is None or "exercises" not in code:
        return code
    lines = code.split("\n")
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level]
    for node in nodes:
        names = {alias.name for alias in node.names if alias.asname is None}
        if node.module == "exercises" and len(names) == len(node.names) and names <= HELPERS:
            first, last = node.lineno - 1, node.end_lineno - 1
            alone = lines[first].lstrip().startswith("from") and ";" not in lines[last]
            if alone:
                lines[first : last + 1] = [_same_indent(lines[first])] + [""] * (last - first)
    return "\n".join(lines)


def _same_indent(line):
    return line[: len(line) - len(line.lstrip())] + "pass"


def _tree(code):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def definitions(code):
    """Imports, functions, classes and plain assignments of a cell: what is kept when running the
    whole notebook hangs or kills its process."""
    tree = _tree(code)
    if tree is None:
        return ""
    kept = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    out = []
    for node in tree.body:
        constant = isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        if isinstance(node, kept) or constant:
            for part in [*getattr(node, "decorator_list", ()), node]:
                text = ast.get_source_segment(code, part) or ""
                out += [""] * (part.lineno - 1 - len(out))
                out += (text if part is node else f"@{text}").split("\n")
    return "\n".join(out)


class Text:
    """The code of a submission as it stands, for remarks: nothing is run, and nobody is accused."""

    def __init__(self, cells):
        self.cells, self.imported = cells, {}
        for tree in filter(None, (_tree(cell) for cell in cells if "import" in cell)):
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    names = [(a.asname or a.name.partition(".")[0], a) for a in node.names]
                    self.imported |= {n: a.name if a.asname else n for n, a in names}
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
                    self.imported |= names

    def _function(self, name, words):
        """The last function or class of this name, if one of these words stands in its cell."""
        start = re.compile(rf"^\s*(def|async\s+def|class)\s+{name}\b", re.MULTILINE)
        for cell in reversed(self.cells):
            tree = _tree(cell) if start.search(cell) else None
            found = [n for n in tree.body if getattr(n, "name", None) == name] if tree else ()
            if found:
                return found[-1] if any(word in cell for word in words) else ast.Pass()
        return ast.Pass()

    def call(self, name, forbidden):
        """The call of a forbidden library function inside function `name`, or None."""
        wanted = {f for f in forbidden if "(" not in f}
        methods = {f.rpartition(".")[2] for f in wanted if f.startswith("torch.Tensor.")}
        short = {f.rpartition(".")[2] for f in wanted}
        short |= {alias for alias, thing in self.imported.items() if thing in wanted}
        for node in ast.walk(self._function(name, short)):
            if not isinstance(node, ast.Call):
                continue
            parts, root = [], node.func
            while isinstance(root, ast.Attribute):
                parts.insert(0, root.attr)
                root = root.value
            start = self.imported.get(root.id) if isinstance(root, ast.Name) else None
            own = isinstance(root, ast.Name) and root.id in ("self", "cls", "ctx")
            if start is None and parts and parts[-1] in methods and not own:
                return ast.unparse(node.func)
            if start is not None and ".".join([start, *parts]) in wanted:
                return ast.unparse(node.func)
        return None
