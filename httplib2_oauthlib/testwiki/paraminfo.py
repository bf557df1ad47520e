"""What the modules of api.php accept (``action=paraminfo``). Clients look here before they use a module."""

from collections.abc import Sequence

from .api_request import ApiRequest, ApiResult
from .query import GENERATORS, LISTS, METAS, PAGE_MODULES, TOKEN_TYPES
from .titles import NAMESPACES

# Each module's prefix of parameters, whether it must be posted, and its parameters. A question mark follows the name of
# a Boolean.
_MODULES = {
    "main": ("", False, "action format maxlag assert assertuser requestid curtimestamp?"),
    "delete": ("", True, "title reason token"),
    "edit": (
        "",
        True,
        "title text appendtext prependtext summary minor? notminor? bot? basetimestamp starttimestamp createonly?"
        " nocreate? recreate? watchlist contentformat contentmodel token",
    ),
    "login": ("lg", True, "name password domain token"),
    "logout": ("", True, "token"),
    "paraminfo": ("", False, "modules helpformat"),
    "query": ("", False, "prop list meta indexpageids? continue titles generator"),
    "upload": ("", True, "filename comment text watchlist ignorewarnings? file url token"),
    "query+allpages": ("ap", False, "from continue prefix namespace limit"),
    "query+categoryinfo": ("ci", False, ""),
    "query+imageinfo": ("ii", False, "prop limit"),
    "query+info": ("in", False, "prop"),
    "query+revisions": ("rv", False, "prop slots limit dir continue"),
    "query+siteinfo": ("si", False, "prop"),
    "query+templates": ("tl", False, "namespace limit"),
    "query+tokens": ("", False, "type"),
    "query+userinfo": ("ui", False, "prop"),
}
_GROUPS = {"prop": PAGE_MODULES, "list": LISTS, "meta": METAS}
# The parameters that take some of several values, or one of them.
_NAMESPACES = [number for number in NAMESPACES if number >= 0]
_MULTIPLE_CHOICES: dict[str, Sequence[str | int]] = {
    "query prop": PAGE_MODULES,
    "query list": LISTS,
    "query meta": METAS,
    "query+templates namespace": _NAMESPACES,
    "query+tokens type": TOKEN_TYPES,
}
_CHOICES: dict[str, Sequence[str | int]] = {
    "main action": sorted(path for path in _MODULES if path != "main" and "+" not in path),
    "query generator": GENERATORS,
    "query+allpages namespace": _NAMESPACES,
}
_LISTS_OF_STR = ("prop", "type", "titles", "modules")


def paraminfo(request: ApiRequest) -> ApiResult:
    """Run ``action=paraminfo``. It returns what Pywikibot looks at."""
    request.accept("helpformat")
    modules = []
    for path in dict.fromkeys((request.get("modules") or "").split("|")):
        if path in _MODULES:
            modules.append(_module(path, "apihighlimits" in request.caller.rights))
        elif path:
            parent, _, name = path.rpartition("+")
            request.warn("paraminfo", f'The module "{parent or "main"}" does not have a submodule "{name}".')
    return {"paraminfo": {"helpformat": "none", **({"modules": modules} if modules else {})}}


def _module(path: str, has_high_limits: bool) -> ApiResult:
    """Return what a module accepts."""
    prefix, must_be_posted, names = _MODULES[path]
    name = path.rpartition("+")[2]
    group = next((group for group, members in _GROUPS.items() if name in members), "action")
    return {
        "name": name,
        "path": path,
        **({"group": group} if path != "main" else {}),
        "prefix": prefix,
        **({"mustbeposted": True} if must_be_posted else {}),
        "parameters": [_parameter(path, name, has_high_limits) for name in names.split()],
    }


def _parameter(path: str, marked_name: str, has_high_limits: bool) -> ApiResult:
    """Return what a parameter accepts."""
    name = marked_name.rstrip("?")
    key = f"{path} {name}"
    values = _CHOICES.get(key) or _MULTIPLE_CHOICES.get(key)
    info: ApiResult = {"name": name, "type": list(values) if values else "string"}
    info.update(required=name == "token", multi=key in _MULTIPLE_CHOICES or name in _LISTS_OF_STR)
    if marked_name.endswith("?"):
        info["type"] = "boolean"
    elif name == "limit":
        info.update(type="limit", default=10, min=1, max=500, highmax=5000)
    if info["multi"]:
        info.update(lowlimit=50, highlimit=500, limit=500 if has_high_limits else 50)
    if values and path in ("main", "query"):
        info["submodules"] = {value: value if path == "main" else f"query+{value}" for value in values}
    return info
