"""How Sphinx builds the documentation: ``sphinx-build -W docs somewhere``."""

import httplib2_oauthlib

project = "httplib2-oauthlib"
author = "The httplib2-oauthlib developers"
copyright = author  # noqa: A001 (Sphinx's name)
version = release = httplib2_oauthlib.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"httplib2-oauthlib {version}"
html_copy_source = False
templates_path: list[str] = []

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_class_signature = "separated"
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
# Whatever is named must be there; other projects' objects are named without a link.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(collections|contextlib|httplib2|io|oauthlib|os|pathlib|vcr)\..*"),
    # What is not for use by its name: base classes, type variables, what a documented method takes or returns.
    ("py:class", r"(httplib2_oauthlib\..*\.)?_\w+"),
    ("py:class", r"httplib2_oauthlib\.(answers\.Answer|cassettes\.recording\.CassetteContext|testwiki\.store\.User)"),
    ("py:class", r"httplib2_oauthlib\._signing\.request\.SignableRequest"),
]
