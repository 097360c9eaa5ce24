"""A browser whose pages no driver enters: what a driver puts into a page is a long task itself.

Playwright prepares a world of its own in every page before the page has one. Here a few words of
the browser's debugging protocol set a window's size and speed, open an address, and ask at the end.
"""

import contextlib
import itertools
import json
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.request import Request, urlopen

from websocket import create_connection

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0"]
FLAGS += ["--remote-allow-origins=*", "--no-first-run", "--disable-background-networking"]


@contextlib.contextmanager
def undriven(executable):
    """Yields a function that opens an empty page of the browser."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [executable, *FLAGS, f"--user-data-dir={profile}", "about:blank"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, **quiet)
        try:
            host = f"127.0.0.1:{port(Path(profile, 'DevToolsActivePort'))}"
            yield lambda: Page(host)
        finally:
            process.terminate()
            process.wait(timeout=20)


def port(told):
    """The browser writes it into its profile when it is ready."""
    for _ in range(300):
        with contextlib.suppress(FileNotFoundError, IndexError):
            return told.read_text().split()[0]
        time.sleep(0.1)
    raise TimeoutError("The browser has not opened its debugging port within 30 seconds.")


class Page:
    def __init__(self, host):
        self.host = host
        with urlopen(Request(f"http://{host}/json/new?about:blank", method="PUT")) as answer:
            target = json.load(answer)
        self.id = target["id"]
        self.socket = create_connection(target["webSocketDebuggerUrl"], timeout=60)
        self.numbers = itertools.count(1)

    def ask(self, method, **parameters):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": parameters}
        self.socket.send(json.dumps(message))
        while (answer := json.loads(self.socket.recv())).get("id") != number:
            pass
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def evaluate(self, expression):
        result = self.ask(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"]["description"])
        return result["result"].get("value")

    def close(self):
        self.socket.close()
        urlopen(f"http://{self.host}/json/close/{self.id}").close()
