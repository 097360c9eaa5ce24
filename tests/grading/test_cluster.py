"""The same marks on a Dask cluster, also when a worker is killed in the middle."""

import os
import signal
import threading
import time

import pytest

from utils.grading import batch, cluster, submissions

SIGMOID = """```python
import time

import numpy as np

time.sleep(0.3)


def sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))
```
"""
SOFTMAX = """```python
def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
```
"""


def test_a_killed_worker_loses_no_submission_and_changes_no_mark(plan, tmp_path):
    distributed = pytest.importorskip("distributed")
    for number in range(12):
        text = SIGMOID + (SOFTMAX if number % 3 else "")
        (tmp_path / f"learner{number:02}.md").write_text(text)
    found = submissions.find([tmp_path])
    local = {result["name"]: result for result in batch.run(found, plan, 1)}
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as machines,
        distributed.Client(machines) as client,
    ):
        sentences, count = cluster.sentences(machines.scheduler_address)
        assert count == 2
        assert sentences == [plan.confinement.sentence()]
        victim = next(iter(client.run(os.getpid).values()))
        results = []
        killed = threading.Event()

        def kill_when_busy():
            while len(results) < 2:
                time.sleep(0.02)
            os.kill(victim, signal.SIGKILL)
            killed.set()

        killer = threading.Thread(target=kill_when_busy)
        killer.start()
        for result in cluster.run(found, plan, machines.scheduler_address):
            results.append(result)
        killer.join()
        assert killed.is_set()
    names = [result["name"] for result in results]
    assert sorted(names) == sorted(local), "each once"
    assert {result["name"]: result for result in results} == local
