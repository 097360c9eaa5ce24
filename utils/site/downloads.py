"""The executed notebook of each chapter, beside its page: `coin_flips.html`, `coin_flips.ipynb`.

Chapters are written as MyST; learners want a notebook that reads well anywhere, with its outputs.
Where the book's repository is known, a first cell fetches the book's own code on Colab.
"""

import ast
from importlib.metadata import version
from pathlib import Path

import nbformat
from jupyter_cache import get_cache

from exercises.plain import Page


def setup(app):
    app.connect("html-page-context", offer, priority=500)


def offer(app, pagename, templatename, context, doctree):
    """Write the page's notebook, and list the page's tools."""
    known = app.config.site_addresses
    tools = context.setdefault("page_tools", [])
    if write_notebook(app, pagename, known):
        name = f"{pagename.rsplit('/', 1)[-1]}.ipynb"
        tools.append(tool("Notebook", name, "Download this page as a notebook", "download", name))
        if known.colab(pagename):
            tools.append(tool("Colab", known.colab(pagename), "Open in Google Colab", "run"))
    if doctree is not None and known.repository:
        source = Path(app.env.doc2path(pagename)).relative_to(app.srcdir).as_posix()
        tools.append(tool("Edit", known.edit(source), "Edit this page on GitHub", "edit"))


def tool(label, href, title, icon, download=None):
    return {"label": label, "href": href, "title": title, "icon": icon, "download": download}


def write_notebook(app, pagename, known):
    """Copy what MyST-NB has executed; False if the page is no notebook."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if pagename not in app.env.found_docs or not executed.is_file():
        return False
    notebook = nbformat.read(executed, as_version=4)
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        return False
    notebook = with_outputs(app, notebook)
    make_plain(app, notebook, pagename, known)
    if known.repository:
        notebook.cells.insert(0, first_cell(known, notebook))
    target = Path(app.outdir, f"{pagename}.ipynb")
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    return True


def with_outputs(app, notebook):
    """MyST-NB writes the cells; when they were in its cache, their outputs are only there."""
    if any(cell.get("outputs") for cell in notebook.cells):
        return notebook
    try:
        cache = get_cache(app.env.mystnb_config.execution_cache_path)
        return cache.merge_match_into_notebook(notebook)[1]
    except KeyError:  # not executed: nothing to show
        return notebook


def make_plain(app, notebook, pagename, known):
    """Only Sphinx reads MyST: say the same in Markdown, with the numbers the cells computed."""
    root = Path(app.srcdir)

    def address(path):
        name = path.relative_to(root).with_suffix("").as_posix()
        return known.page(name) if name in app.env.found_docs else ""

    page = Page(Path(app.env.doc2path(pagename)), root, glued(notebook), address)
    notebook.cells = list(page.cells(notebook.cells))


GLUED = "application/papermill.record/"


def glued(notebook):
    """{name: value} of what the cells have glued; and the outputs, which show nothing, go."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", [])[:]:
            mark = output.get("metadata", {}).get("scrapbook", {})
            if mark.get("mime_prefix") == GLUED:
                found[mark["name"]] = ast.literal_eval(output.data[f"{GLUED}text/plain"])
                cell.outputs.remove(output)
    return found


# What a notebook imports and Colab does not bring: (the word in its cells, the package).
LACKING = (("utils", "anywidget"), ("exercises", "latex2mathml"))


def first_cell(known, notebook):
    """On Colab: the book's files (widgets are more than Python) and the packages it lacks."""
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    needed = [f"{name}=={version(name)}" for word, name in LACKING if f"{word} import" in code]
    install = f"\n    %pip install -q {' '.join(needed)}" if needed else ""
    cell = nbformat.v4.new_code_cell(
        "# On Google Colab, this fetches the book's own code; elsewhere it does nothing.\n"
        "import sys\n\n"
        'if "google.colab" in sys.modules:\n'
        f"    ![ -d /content/book ] || git clone -q --depth 1 --branch {known.branch} "
        f"{known.repository} /content/book\n"
        f'    sys.path.insert(0, "/content/book"){install}'
    )
    cell["id"] = "fetch-on-colab"
    return cell
