"""What the modules of api.php accept (``action=paraminfo``). Clients look here before they use a module."""

from collections.abc import Sequence

from .api_request import ApiRequest, ApiResult
from .page_properties import IMAGE_PROPERTIES, INFO_PROPERTIES, REVISION_PROPERTIES
from .query import GENERATORS, LISTS, METAS, PAGE_MODULES, SITE_PROPERTIES, TOKEN_TYPES
from .titles import NAMESPACES
from .userinfo import USER_PROPERTIES

_READS, _LOGS_IN, _WRITES = "readrights", "writerights mustbeposted", "readrights writerights mustbeposted"
# Each module's prefix of parameters, MediaWiki's class, what MediaWiki states of it, and its parameters. A question
# mark follows the name of a Boolean.
_MODULES = {
    "main": ("", "Main", "", "action format maxlag assert assertuser requestid curtimestamp?"),
    "clientlogin": ("login", "ClientLogin", _LOGS_IN, "returnurl continue? token"),
    "delete": ("", "Delete", _WRITES, "title reason token"),
    "edit": (
        "",
        "EditPage",
        _WRITES,
        "title text appendtext prependtext summary minor? notminor? bot? basetimestamp starttimestamp createonly?"
        " nocreate? recreate? watchlist md5 contentformat contentmodel token",
    ),
    "login": ("lg", "Login", _LOGS_IN, "name password domain token"),
    "logout": ("", "Logout", _LOGS_IN, "token"),
    "paraminfo": ("", "ParamInfo", "", "modules helpformat"),
    "query": ("", "Query", _READS, "prop list meta indexpageids? rawcontinue? continue titles generator"),
    "upload": ("", "Upload", _WRITES, "filename comment text watchlist ignorewarnings? file url token"),
    "query+allpages": ("ap", "QueryAllPages", _READS, "from continue to prefix namespace filterredir limit dir"),
    "query+categoryinfo": ("ci", "QueryCategoryInfo", _READS, ""),
    "query+imageinfo": ("ii", "QueryImageInfo", _READS, "prop limit"),
    "query+info": ("in", "QueryInfo", _READS, "prop"),
    "query+revisions": ("rv", "QueryRevisions", _READS, "prop slots limit dir continue"),
    "query+siteinfo": ("si", "QuerySiteinfo", _READS, "prop"),
    "query+templates": ("tl", "QueryLinks", _READS, "namespace limit continue"),
    "query+tokens": ("", "QueryTokens", "", "type"),
    "query+userinfo": ("ui", "QueryUserInfo", _READS, "prop"),
}
_GROUPS = {"prop": PAGE_MODULES, "list": LISTS, "meta": METAS}
# The parameters that take some of several values, or one of them.
_NAMESPACES = [number for number in NAMESPACES if number >= 0]
_MULTIPLE_CHOICES: dict[str, Sequence[str | int]] = {
    "query prop": PAGE_MODULES,
    "query list": LISTS,
    "query meta": METAS,
    "query+imageinfo prop": IMAGE_PROPERTIES,
    "query+info prop": INFO_PROPERTIES,
    "query+revisions prop": REVISION_PROPERTIES,
    "query+siteinfo prop": SITE_PROPERTIES,
    "query+templates namespace": _NAMESPACES,
    "query+tokens type": TOKEN_TYPES,
    "query+userinfo prop": USER_PROPERTIES,
}
_CHOICES: dict[str, Sequence[str | int]] = {
    "main action": sorted(path for path in _MODULES if path != "main" and "+" not in path),
    "query generator": GENERATORS,
    "query+allpages namespace": _NAMESPACES,
}
_LISTS_OF_STR = ("query titles", "paraminfo modules")


def paraminfo(request: ApiRequest, server: str) -> ApiResult:
    """Run ``action=paraminfo``; ``server`` is the wiki's scheme and authority."""
    request.accept("helpformat")
    modules = []
    for path in dict.fromkeys((request.get("modules") or "").split("|")):
        if path in _MODULES:
            modules.append(_module(path, server, "apihighlimits" in request.caller.rights))
        elif path:
            parent, _, name = path.rpartition("+")
            request.warn("paraminfo", f'The module "{parent or "main"}" does not have a submodule "{name}".')
    return {"paraminfo": {"helpformat": "none", **({"modules": modules} if modules else {})}}


def _module(path: str, server: str, has_high_limits: bool) -> ApiResult:
    """Return what a module accepts."""
    prefix, class_name, flags, names = _MODULES[path]
    module_name = path.rpartition("+")[2]
    group = next((group for group, members in _GROUPS.items() if module_name in members), "action")
    return {
        "name": module_name,
        "classname": f"MediaWiki\\Api\\Api{class_name}",
        "path": path,
        **({"group": group} if path != "main" else {}),
        "prefix": prefix,
        "source": "MediaWiki",
        "sourcename": "MediaWiki",
        "licensetag": "GPL-2.0-or-later",
        "licenselink": f"{server}/index.php/Special:Version/License/MediaWiki",
        **dict.fromkeys(flags.split(), True),
        "helpurls": [],
        "parameters": [
            {"index": index, **_parameter(path, name, has_high_limits)} for index, name in enumerate(names.split(), 1)
        ],
        "templatedparameters": [],
    }


def _parameter(path: str, marked_name: str, has_high_limits: bool) -> ApiResult:
    """Return what a parameter accepts."""
    name = marked_name.rstrip("?")
    key = f"{path} {name}"
    values = _CHOICES.get(key) or _MULTIPLE_CHOICES.get(key)
    info: ApiResult = {"name": name, "type": list(values) if values else "string"}
    info.update(required=name == "token", multi=key in _MULTIPLE_CHOICES or key in _LISTS_OF_STR)
    if marked_name.endswith("?"):
        info["type"] = "boolean"
    elif name == "limit":
        info.update(type="limit", default=10, min=1, max=500, highmax=5000)
    if info["multi"]:
        info.update(lowlimit=50, highlimit=500, limit=500 if has_high_limits else 50)
    if values and path in ("main", "query"):
        info["submodules"] = {value: value if path == "main" else f"query+{value}" for value in values}
    return info
