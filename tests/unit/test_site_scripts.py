"""What terser makes of the pages' scripts."""

import pytest
from sphinx.errors import ExtensionError

from utils.site.scripts import minified


def test_comments_and_local_names_go_and_strings_stay():
    small = minified(
        '(() => {\n// why\nconst longName = " //  kept ";\nconsole.log(longName);\n})();'
    )
    assert " //  kept " in small
    assert "why" not in small and "longName" not in small and "\n" not in small


def test_what_is_not_javascript_is_refused():
    with pytest.raises(ExtensionError, match="cannot be read"):
        minified("const = 1")
