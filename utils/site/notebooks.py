"""Publish the built book's notebooks as a branch of its repository, from which Colab opens them.

    python3 -m utils.site.notebooks _build/html [--branch notebooks] [--push origin]

The branch holds the notebooks alone, each where its page is, in one commit that replaces the last:
built files are not kept for ever. Standard library and git only: the workflow runs this where
nothing is installed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def git(*command, **environment):
    done = subprocess.run(
        ["git", *command], env={**os.environ, **environment}, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"`git {' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout.strip()


def commit(site, branch):
    """Point `branch` at a commit of all notebooks of the built book; return how many there are."""
    found = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.ipynb"))
    if not found:
        sys.exit(f"{site} holds no notebooks: run `make book` first.")
    with tempfile.TemporaryDirectory() as folder:
        index = str(Path(folder, "index"))
        for name in found:
            blob = git("hash-object", "-w", "--", str(site / name))
            entry = f"100644,{blob},{name}"
            git("update-index", "--add", "--cacheinfo", entry, GIT_INDEX_FILE=index)
        tree = git("write-tree", GIT_INDEX_FILE=index)
    author = ["-c", "user.name=book", "-c", "user.email=book@localhost"]
    made = git(*author, "commit-tree", tree, "-m", "The notebooks of the published book")
    git("update-ref", f"refs/heads/{branch}", made)
    return len(found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path)
    parser.add_argument("--branch", default="notebooks")
    parser.add_argument("--push", metavar="REMOTE")
    args = parser.parse_args()
    count = commit(args.site.resolve(), args.branch)
    if args.push:
        git("push", "--force", "--quiet", args.push, args.branch)
    print(f"{count} notebooks on the branch {args.branch}.")


if __name__ == "__main__":
    main()
