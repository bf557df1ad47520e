"""How Sphinx builds the documentation: ``sphinx-build -W docs somewhere``. The build needs no network."""

from pathlib import Path

import httplib2_oauthlib

HERE = Path(__file__).parent

project = "httplib2-oauthlib"
author = "The httplib2-oauthlib developers"
copyright = author  # noqa: A001 (Sphinx's name)
version = release = httplib2_oauthlib.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinxarg.ext",
]
html_theme = "furo"
html_title = f"httplib2-oauthlib {version}"
html_copy_source = False
html_static_path = ["static"]
html_css_files = ["custom.css"]
templates_path: list[str] = []
# A block without a language is plain text, such as the output of a program. Sphinx would color it as Python.
highlight_language = "text"

autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
# The signatures have short names: OAuth1 instead of httplib2_oauthlib._signing.oauth1.OAuth1.
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

# The names that this documentation links to, as text files, so that a build reaches no network. To link to another
# name, add a line to the project's file.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", str(HERE / "inventories" / "python.txt")),
    "httplib2": ("https://httplib2.readthedocs.io/en/latest", str(HERE / "inventories" / "httplib2.txt")),
    "oauthlib": ("https://oauthlib.readthedocs.io/en/latest", str(HERE / "inventories" / "oauthlib.txt")),
}

# Every name that is referred to must exist.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(httplib2|vcr)\..*"),
    # Sphinx splits the type of a function's arguments.
    ("py:class", r"collections\.abc\.Callable\[\[\]"),
    # Private names that occur in the signatures of public ones.
    ("py:.*", r"(httplib2_oauthlib\..*\.)?_\w+.*"),
    ("py:class", r"httplib2_oauthlib\.(cassettes\.recording\.CassetteContext|testwiki\.store\.User)"),
    ("py:class", r"httplib2_oauthlib\._.*"),
    ("py:class", r"(SignersLike|Signers|Body|HttpResponse|SignableRequest|Installation|User|CassetteContext)"),
]
