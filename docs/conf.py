"""How Sphinx makes the site of docs/: `make docs`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "gitlab-runner-aws"
author = "the authors of gitlab-runner-aws"
copyright = author  # noqa: A001 - Sphinx's own name
html_title = project
html_theme = "furo"
html_static_path = ["_static"]
html_theme_options = {"source_edit_link": ""}
html_show_sphinx = False
exclude_patterns = ["_build", "_extensions"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "docs._extensions.reference"]
myst_heading_anchors = 3
myst_url_schemes = ["http", "https", "mailto"]
nitpicky = True
# The inventories of Python and Pulumi, to which types would lead, are on the network.
nitpick_ignore_regex = [("py:.*", ".*")]
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
highlight_language = "text"
smartquotes_action = "qe"  # no dashes: --run-program is something to copy

# Addresses in examples are nobody's; the others are asked by `make docs-links`, where there is a network.
linkcheck_ignore = [r"https?://([\w.-]+\.)?example\.(com|org)", r"https?://(localhost|127\.0\.0\.1)"]
linkcheck_anchors = False
linkcheck_timeout = 20
