"""The same marking on a Dask cluster: `pip install .[cluster]` on every machine.

Submissions travel as bytes; each Dask worker tries its own machine's sandbox and keeps one fork
server a thread. A worker that dies takes no submission with it: Dask gives them to another, and
since a mark depends on submission and seed alone, it comes out the same.
"""

import dataclasses
import threading

from utils.grading import batch, sandbox

_local = threading.local()


def confinement():
    """What this worker's machine lacks, for the sentence at the start."""
    return sandbox.detect()


def mark(submission, plan, require_sandbox=False):
    """Runs on a Dask worker."""
    key = repr((plan.bank, plan.seed, plan.names, plan.limits))
    if getattr(_local, "key", None) != key:
        found = sandbox.detect(plan.hidden)
        if require_sandbox and found.missing:
            raise sandbox.NoSandbox(found.sentence())
        if getattr(_local, "marker", None) is not None:
            _local.marker.close()
        _local.marker = batch.Marker(dataclasses.replace(plan, confinement=found))
        _local.key = key
    return _local.marker(submission)


def run(submissions, plan, address, require_sandbox=False):
    """Yield results as they come from the cluster; as `batch.run`."""
    from distributed import Client, as_completed

    by_key = {}
    with Client(address, timeout=30) as client:
        try:
            futures = []
            for number, submission in enumerate(submissions):
                key = f"mark-{plan.seed:x}-{number}"
                by_key[key] = submission
                futures.append(
                    client.submit(
                        mark,
                        submission.with_contents(),
                        plan,
                        require_sandbox,
                        key=key,
                        pure=False,
                        retries=2,
                    )
                )
            for future in as_completed(futures):
                if future.status == "finished":
                    yield future.result()
                elif isinstance(future.exception(), sandbox.NoSandbox):
                    raise future.exception()
                else:
                    why = f"marking it failed on the cluster: {type(future.exception()).__name__}"
                    yield batch.unmarked(by_key[future.key], why)
                future.release()
        finally:
            client.cancel(futures)


def sentences(address):
    """What the machines of the cluster lack, each sentence once."""
    from distributed import Client

    with Client(address, timeout=30) as client:
        found = client.run(confinement)
        return sorted({item.sentence() for item in found.values()}), len(found)
