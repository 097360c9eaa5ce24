"""Scripts as browsers get them: made small by terser, which a build installs with KaTeX."""

from functools import cache
from pathlib import Path

from sphinx.errors import ExtensionError

from utils.site.node import LineService

service = LineService(Path(__file__).with_name("terser.mjs"))


@cache
def minified(source):
    """The same script without comments, line ends and long local names.

    Raises ExtensionError with terser's message if `source` is not JavaScript.
    """
    answer = service.ask({"source": source})
    if "error" in answer:
        raise ExtensionError(f"A script of the pages cannot be read: {answer['error']}")
    return answer["code"]
