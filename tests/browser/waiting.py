"""Waiting in browser tests: our policy refuses the strings that Playwright's own wait evaluates."""

import time

from tests.patience import PATIENCE


def until(condition, what, seconds=PATIENCE):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)
    return value


def until_page(page, expression):
    """The first true value of a JavaScript expression in a page."""
    return until(lambda: page.evaluate(expression), f"{expression} on {page.url}")
