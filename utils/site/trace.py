"""Note which of the project's files a notebook's kernel reads.

Run in the kernel before the notebook's first cell (`utils.site.execute` arranges it); writes the
list when the kernel ends. Stands alone: it is run by path, so that it imports nothing itself.
"""

import atexit
import json
import os
import sys


def watch(root, report):
    """Write to `report`, at exit, the files below `root` that were imported or opened."""
    root = os.path.join(os.path.realpath(root), "")
    opened = set()

    def hook(event, args):
        if event == "open" and isinstance(args[0], str):
            path = os.path.abspath(args[0])
            if path.startswith(root):
                opened.add(path)

    def write():
        files = {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
        files = {os.path.realpath(file) for file in files | opened if file}
        files = sorted(f[len(root) :] for f in files if f.startswith(root) and f[-4:] != ".pyc")
        with open(report, "w") as out:
            json.dump(files, out)

    sys.addaudithook(hook)
    atexit.register(write)
