"""`python -m exercises grade`: marks for a folder of submissions."""

import argparse
import importlib.util
import os
import secrets
import sys
from pathlib import Path

from utils.grading import batch, likeness, report, sandbox, submissions

ROOT = Path(__file__).resolve().parents[1]
BANK = "exercises.bank:functions"
DECIDE = ("exercises/bank", "utils/grading", "utils/losses.py")  # the code that makes marks


def parser():
    out = argparse.ArgumentParser(
        prog="python -m exercises grade",
        description="Mark submissions: .ipynb or .md, one file or one folder a learner.",
        epilog="Exit code: 0 when all were marked, 1 when some could not be, 2 for wrong usage.",
    )
    out.add_argument("paths", nargs="+", metavar="PATH", help="a notebook, or a folder of them")
    out.add_argument("--csv", default="grades.csv", metavar="FILE", help="the gradebook")
    out.add_argument("--jsonl", metavar="FILE", help="full verdicts, a line a learner")
    out.add_argument("--gradescope", metavar="PATH", help="results.json, or a folder of them")
    out.add_argument("--feedback", metavar="DIR", help="an HTML page a learner")
    out.add_argument("--report", metavar="FILE", help="an HTML page about the class")
    out.add_argument("--likeness", metavar="FILE", help="an HTML page of pairs that are alike")
    out.add_argument("--bank", default=BANK, metavar="MODULE:FUNCTION", help="whose exercises")
    out.add_argument("--only", metavar="NAMES", help="functions to mark, with commas between")
    out.add_argument("--seed", type=int, help="draw the inputs of an earlier run again")
    out.add_argument("--jobs", type=int, help="workers (default: one a core)")
    out.add_argument("--timeout", type=float, default=10.0, help="seconds for one answer (10)")
    out.add_argument("--dask", metavar="ADDRESS", help="mark on this Dask cluster")
    out.add_argument(
        "--require-sandbox", action="store_true", help="refuse to mark if the sandbox lacks a part"
    )
    return out


def main(arguments=None):
    """The command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        return grade(options)
    except Wrong as error:
        print(error, file=sys.stderr)
        return 2


class Wrong(Exception):
    """The command was used wrongly; one sentence."""


def grade(options):
    try:
        found = submissions.find(options.paths)
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        raise Wrong(f"Nothing was marked: {error}.") from None
    if not found:
        raise Wrong("Nothing was marked: there is no notebook in " + ", ".join(options.paths) + ".")
    plan = make_plan(options)
    head = {"seed": plan.seed, "version": version(plan.bank), "only": sorted(plan.names)}
    journal_path = Path(f"{options.csv}.journal")
    try:
        Path(options.csv).parent.mkdir(parents=True, exist_ok=True)
        journal = batch.Journal(journal_path, head)
    except OSError as error:
        raise Wrong(f"Nothing was marked: {journal_path}: {error.strerror}.") from None
    if journal.continued and journal.done:
        say(f"Going on: {len(journal.done)} are marked already ({journal_path}).")
    if journal.aside:
        say(
            f"{journal_path} was of a marking with another seed, other exercises or another "
            f"version of the book: it is kept as {journal.aside}. To go on with it, give it its "
            "old name back and start its command again."
        )
    interrupted = False
    try:
        runner = None
        if options.dask:
            runner = on_cluster(options)
        jobs = options.jobs or cores()
        results = batch.grade(found, plan, journal, jobs, batch.progress_bar, runner)
    except KeyboardInterrupt:
        interrupted = True
        keys = {batch.key_of(item) for item in found}
        results = [journal.done[key] for key in journal.done if key in keys]
        results.sort(key=lambda result: result["name"])
    except sandbox.NoSandbox as error:
        journal.close(finished=not journal.done)
        raise Wrong(f"Nothing was marked, since --require-sandbox was asked: {error}") from None
    try:
        write(options, found, results, head, plan)
    except OSError as error:
        journal.close(finished=False)
        raise Wrong(
            f"{error.filename}: {error.strerror}. No mark is lost: start the command again with "
            f"a path that can be written, and it goes on from {journal_path}."
        ) from None
    journal.close(finished=not interrupted)
    lost = sum(result["reason"] is not None for result in results)
    if interrupted:
        say(
            f"Stopped: {len(results)} of {len(found)} are marked and written to {options.csv}. "
            "Start the same command again to go on."
        )
        return 130
    say(
        f"Marked {len(results) - lost} of {len(found)} submissions; {options.csv} holds the points."
        + (f" {lost} could not be marked: the remarks say why." if lost else "")
        + f" Seed {plan.seed}."
    )
    return 1 if lost else 0


def cores():
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def say(sentence):
    print(sentence, file=sys.stderr, flush=True)


def make_plan(options):
    """What all workers share; says once what the sandbox lacks."""
    try:
        known = {exercise.name for exercise in batch.Plan(options.bank, 0, None).exercises()}
    except (ImportError, AttributeError, ValueError) as error:
        raise Wrong(
            f"Nothing was marked: --bank wants MODULE:FUNCTION, and {options.bank}: {error}."
        ) from None
    names = tuple(filter(None, (options.only or "").replace(" ", "").split(",")))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise Wrong(f"Nothing was marked: there is no exercise {', '.join(unknown)}.")
    if options.jobs is not None and options.jobs < 1:
        raise Wrong("Nothing was marked: --jobs wants at least 1.")
    if not 0 < options.timeout < 3600:
        raise Wrong("Nothing was marked: --timeout wants seconds, above 0 and below 3600.")
    if options.seed is not None and options.seed < 0:
        raise Wrong("Nothing was marked: --seed wants a number of at least 0.")
    seed = options.seed
    if seed is None:
        seed = batch.Journal.seed_of(f"{options.csv}.journal")
    if seed is None:
        seed = secrets.randbits(63)
    hidden = tuple(str(Path(path).resolve()) for path in [*options.paths, Path(options.csv).parent])
    confinement = None
    if not options.dask:
        confinement = sandbox.detect(hidden)
        say(confinement.sentence())
        if options.require_sandbox and confinement.missing:
            raise Wrong("Nothing was marked, since --require-sandbox was asked.")
    limits = sandbox.Limits(answer=options.timeout)
    return batch.Plan(options.bank, seed, confinement, names, limits, hidden)


def on_cluster(options):
    """The function that marks on a Dask cluster."""
    if importlib.util.find_spec("distributed") is None:
        raise Wrong("Nothing was marked: --dask wants `pip install '.[cluster]'`.")
    from utils.grading import cluster

    try:
        sentences, count = cluster.sentences(options.dask)
    except (OSError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise Wrong(f"Nothing was marked: no cluster at {options.dask}: {first}") from None
    say(f"Cluster: {count} workers. " + " ".join(sentences))
    return lambda left, plan, jobs: cluster.run(left, plan, options.dask, options.require_sandbox)


def version(bank):
    """Changes with the code that makes marks, so that a journal is not continued with another."""
    theirs = importlib.util.find_spec(bank.partition(":")[0]).origin
    return batch.fingerprint(*(ROOT / part for part in DECIDE), theirs)


def write(options, found, results, head, plan):
    """All files that were asked for."""
    report.write_csv(options.csv, results)
    if options.jsonl:
        report.write_jsonl(options.jsonl, results, head)
    if options.gradescope:
        report.write_gradescope(options.gradescope, results)
    if options.feedback:
        report.write_feedback(options.feedback, results)
    if options.report:
        report.write_class_report(options.report, results, head)
    if options.likeness:
        likeness.write(options.likeness, found, [e.name for e in plan.exercises()])


if __name__ == "__main__":
    sys.exit(main())
