"""How Sphinx builds these pages: offline, every broken link an error."""

import spin_nb

project = "spin_nb"
author = "The spin_nb developers"
version = release = spin_nb.__version__
html_title = f"spin_nb {version}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"

autodoc_default_options = {"members": True, "show-inheritance": False}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = False
napoleon_use_rtype = False

# Types of parameters are prose ("float32 (n, d)"), which Sphinx reads as names of classes.  Every other reference must
# lead somewhere.
nitpicky = True
nitpick_ignore_regex = [("py:class", ".*"), ("py:obj", r".*\.Result")]
suppress_warnings = ["ref.python"]
