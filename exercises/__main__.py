"""`python -m exercises check | desk | export | grade`: what is done outside a notebook."""

import argparse
import sys

from exercises import desk


def main(arguments=None):
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["grade"]:  # has its own arguments, and imports the sandbox
        from exercises import grade

        return grade.main(arguments[1:])
    options = parser().parse_args(arguments)
    try:
        return options.run(options)
    except (OSError, ValueError) as error:
        print(f"{error}", file=sys.stderr)
        return 2


def parser():
    out = argparse.ArgumentParser(prog="python -m exercises", description=__doc__)
    commands = out.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="mark the notebooks on your desk")
    check.add_argument("folder", nargs="?", help="the desk (default: work/, or where you are)")
    check.set_defaults(run=run_check)
    lay = commands.add_parser("desk", help="lay the notebooks out, never over a file of yours")
    lay.add_argument("folder", nargs="?", default="work")
    lay.set_defaults(run=run_desk)
    export = commands.add_parser("export", help="write a release for a class, or a kit")
    target = export.add_mutually_exclusive_group(required=True)
    target.add_argument("--class", dest="release", metavar="DIR", help="without our solutions")
    target.add_argument("--kit", metavar="ZIP", help="the learner's kit as one zip")
    target.add_argument("--nbgrader", metavar="DIR", help="source notebooks for nbgrader")
    export.set_defaults(run=run_export)
    commands.add_parser("grade", help="mark a class (python -m exercises grade --help)")
    return out


def run_desk(options):
    print("\n".join(desk.lay_out(options.folder)))
    return 0


def run_check(options):
    from pathlib import Path

    from exercises import learner, marking

    where = Path(options.folder or ("work" if Path("work", desk.MARKER).is_file() else "."))
    if options.folder is None and where == Path("."):
        where = desk.find_desk()
    verdicts, remarks = marking.mark_desk(where)
    for verdict in verdicts:
        if verdict.written:
            print(learner.report(learner.bank.find(verdict.exercise), verdict), end="\n\n")
    for remark in remarks:
        print(f"! {remark}")
    print(learner.progress(where))
    return 0


def run_export(options):
    from exercises import export

    if options.nbgrader:
        from exercises import nbgrader

        return nbgrader.write(options.nbgrader)
    made = export.write_class(options.release) if options.release else export.write_kit(options.kit)
    print(f"{made} is written.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
