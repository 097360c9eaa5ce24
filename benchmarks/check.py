"""How long `check` takes to answer, function by function: our solution, and a known mistake."""

import statistics
import time

import torch

from exercises import bank
from tests.unit.right_solutions import WAYS
from utils.grading import guard
from utils.grading.judge import judge

RUNS = 7


def milliseconds(exercise, function):
    """The median time of an answer; the first run, which may import and compile, does not count."""
    took = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        judge(exercise, guard.asking(exercise, function), 0)
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took[1:])


def main():
    print(f"milliseconds, median of {RUNS}, {torch.get_num_threads()} threads")
    print(f"{'function':24} {'right':>9} {'a mistake':>10}")
    for exercise in bank.functions():
        right = milliseconds(exercise, WAYS[exercise.name][0])
        wrong = milliseconds(exercise, exercise.misconceptions[0].wrong)
        print(f"{exercise.name:24} {right:9.1f} {wrong:10.1f}")


if __name__ == "__main__":
    main()
