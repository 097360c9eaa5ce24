"""A local server for the built book: compressed, cached nowhere, and as strict as a careful host.

`make serve` runs it for readers; the browser tests and the benchmarks measure pages through it.
"""

import argparse
import contextlib
import gzip
import sys
import threading
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from utils.site import first

# What a careful host would send. Styles may be inline (KaTeX places glyphs by style attributes);
# of scripts, only the one that each page begins with.
POLICY = (
    f"default-src 'self'; script-src 'self' '{first.HASH}'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'self'"
)
COMPRESSIBLE = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".xml", ".txt", ".ipynb", ".inv"}


@lru_cache(maxsize=512)
def compressed(path, changed):
    """A file's gzip form, made once: a host does not compress anew at every visit either."""
    return gzip.compress(path.read_bytes(), 6)


class Handler(SimpleHTTPRequestHandler):
    """Static files, gzip-compressed, under the policy above; `prefix` serves them at a sub-path."""

    protocol_version = "HTTP/1.1"
    extensions_map = {
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".woff2": "font/woff2",
        ".ipynb": "application/x-ipynb+json",
    }

    def __init__(self, *args, prefix="", quiet=True, **kwargs):
        self.prefix, self.quiet = prefix.rstrip("/"), quiet
        super().__init__(*args, **kwargs)

    def translate_path(self, path):
        if self.prefix:
            if not path.startswith(self.prefix + "/"):
                return str(Path(self.directory, "outside-of-the-prefix"))
            path = path.removeprefix(self.prefix)
        return super().translate_path(path)

    def send_head(self):
        path = Path(self.translate_path(self.path))
        if path.is_dir() and not self.path.split("?")[0].endswith("/"):
            return super().send_head()  # the redirect to the folder's address
        if path.is_dir():
            path = path / "index.html"
        status = 200
        if not path.is_file():
            status, path = 404, Path(self.directory, "404.html")
            if not path.is_file():
                self.send_error(404)
                return None
        self.send_response(status)
        if path.suffix in COMPRESSIBLE and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = compressed(path, path.stat().st_mtime_ns)
            self.send_header("Content-Encoding", "gzip")
        else:
            body = path.read_bytes()
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        if self.command == "GET":
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body)
        return None

    def log_message(self, *args):
        if not self.quiet:
            super().log_message(*args)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A browser that closes a connection early is no error of ours."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving(directory, *, port=0, prefix=""):
    """Serve `directory` on localhost in the background; yields the address of its root."""
    server = Server(("127.0.0.1", port), partial(Handler, directory=str(directory), prefix=prefix))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix.rstrip('/')}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def main():
    parser = argparse.ArgumentParser(description="Serve the built book on this machine.")
    parser.add_argument("directory", nargs="?", default="_build/html", type=Path)
    parser.add_argument("--port", type=int, default=8000)
    args = parser.parse_args()
    if not (args.directory / "index.html").is_file():
        sys.exit(f"{args.directory} holds no built book: run `make book` first.")
    with contextlib.ExitStack() as stack:
        try:
            address = stack.enter_context(serving(args.directory, port=args.port))
        except OSError:  # the port is taken: any free one will do
            address = stack.enter_context(serving(args.directory))
        print(f"The book is at {address}/ (Ctrl-C ends).", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
