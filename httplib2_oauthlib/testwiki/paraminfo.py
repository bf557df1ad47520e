"""What the modules of api.php accept (``action=paraminfo``). Clients look here before they use a module."""

from dataclasses import dataclass
from typing import NamedTuple

from .api_request import ApiRequest, ApiResult
from .query import (
    GENERATORS,
    INFO_PROPERTIES,
    LISTS,
    METAS,
    PAGE_MODULES,
    REVISION_PROPERTIES,
    SITE_PROPERTIES,
    TOKEN_TYPES,
)
from .titles import NAMESPACES
from .userinfo import USER_PROPERTIES


class _Module(NamedTuple):
    """A module of api.php.

    Attributes:
        class_name: The name of MediaWiki's class.
        flags: What MediaWiki states of the module.
        prefix: The beginning of its parameters' names.
        parameters: The parameters. The type follows the name and a colon; ``string`` is left out.
    """

    class_name: str
    flags: str = ""
    prefix: str = ""
    parameters: str = ""


_WRITES = "readrights writerights mustbeposted"
_LOGS_IN = "writerights mustbeposted"
_MODULES = {
    "main": _Module(
        "ApiMain",
        parameters="action:actions format:formats maxlag:integer assert assertuser requestid curtimestamp:boolean",
    ),
    "clientlogin": _Module("ApiClientLogin", _LOGS_IN, "login", "returnurl continue:boolean token"),
    "delete": _Module("ApiDelete", _WRITES, parameters="title reason token"),
    "edit": _Module(
        "ApiEditPage",
        _WRITES,
        parameters="title text:text appendtext:text prependtext:text summary minor:boolean notminor:boolean bot:boolean"
        " basetimestamp:timestamp starttimestamp:timestamp createonly:boolean nocreate:boolean watchlist md5"
        " contentformat contentmodel token",
    ),
    "login": _Module("ApiLogin", _LOGS_IN, "lg", "name password:password domain token"),
    "logout": _Module("ApiLogout", _LOGS_IN, parameters="token"),
    "paraminfo": _Module("ApiParamInfo", parameters="modules:names helpformat"),
    "query": _Module(
        "ApiQuery",
        "readrights",
        parameters="prop:props list:lists meta:metas indexpageids:boolean rawcontinue:boolean continue titles:names"
        " generator:generators",
    ),
    "upload": _Module(
        "ApiUpload",
        _WRITES,
        parameters="filename comment text:text watchlist ignorewarnings:boolean file:upload url token",
    ),
    "query+allpages": _Module(
        "ApiQueryAllPages",
        "readrights",
        "ap",
        "from continue to prefix namespace:namespace filterredir:redirects limit:limit dir:directions",
    ),
    "query+info": _Module("ApiQueryInfo", "readrights", "in", "prop:info"),
    "query+revisions": _Module(
        "ApiQueryRevisions",
        "readrights",
        "rv",
        "prop:revisions slots limit:limit dir:orders continue",
    ),
    "query+templates": _Module("ApiQueryLinks", "readrights", "tl", "namespace:namespaces limit:limit continue"),
    "query+siteinfo": _Module("ApiQuerySiteinfo", "readrights", "si", "prop:site"),
    "query+tokens": _Module("ApiQueryTokens", "", "", "type:tokens"),
    "query+userinfo": _Module("ApiQueryUserInfo", "readrights", "ui", "prop:user"),
}
_NAMESPACES = [number for number in NAMESPACES if number >= 0]
# The parameters that take some of several values: the values, and the default.
_CHOICES = {
    "formats": (("json", "jsonfm", "xml"), "jsonfm"),
    "actions": (sorted(path for path in _MODULES if path != "main" and "+" not in path), "help"),
    "generators": (GENERATORS, None),
    "namespace": (_NAMESPACES, 0),
    "redirects": (("all", "nonredirects", "redirects"), "all"),
    "directions": (("ascending", "descending"), "ascending"),
    "orders": (("newer", "older"), "older"),
}
_MULTIPLE_CHOICES = {
    "props": (PAGE_MODULES, None),
    "lists": (LISTS, None),
    "metas": (METAS, None),
    "namespaces": (_NAMESPACES, None),
    "info": (INFO_PROPERTIES, None),
    "revisions": (REVISION_PROPERTIES, "ids|timestamp|flags|comment|user"),
    "site": (SITE_PROPERTIES, "general"),
    "tokens": (TOKEN_TYPES, "csrf"),
    "user": (USER_PROPERTIES, None),
}
_GROUPS = {"prop": PAGE_MODULES, "list": LISTS, "meta": METAS}
_SUBMODULES = {"actions": "", "generators": "query+", "props": "query+", "lists": "query+", "metas": "query+"}


@dataclass(frozen=True)
class ParamInfo:
    """The module paraminfo.

    Attributes:
        server: The wiki's scheme and authority.
    """

    server: str

    def run(self, request: ApiRequest) -> ApiResult:
        """Run ``action=paraminfo``."""
        request.accept("helpformat")
        modules = []
        for path in dict.fromkeys((request.get("modules") or "").split("|")):
            if path in _MODULES:
                modules.append(self._module(path, "apihighlimits" in request.caller.rights))
            elif path:
                parent, _, name = path.rpartition("+")
                request.warn("paraminfo", f'The module "{parent or "main"}" does not have a submodule "{name}".')
        return {"paraminfo": {"helpformat": "none", **({"modules": modules} if modules else {})}}

    def _module(self, path: str, has_high_limits: bool) -> ApiResult:
        """Return what a module accepts."""
        module, name = _MODULES[path], path.rpartition("+")[2]
        group = next((group for group, names in _GROUPS.items() if name in names), "action")
        parameters = [part.partition(":") for part in module.parameters.split()]
        return {
            "name": name,
            "classname": f"MediaWiki\\Api\\{module.class_name}",
            "path": path,
            **({"group": group} if path != "main" else {}),
            "prefix": module.prefix,
            "source": "MediaWiki",
            "sourcename": "MediaWiki",
            "licensetag": "GPL-2.0-or-later",
            "licenselink": f"{self.server}/index.php/Special:Version/License/MediaWiki",
            **dict.fromkeys(module.flags.split(), True),
            "helpurls": [],
            "parameters": [
                {"index": index, "name": name, **_parameter(name, kind or "string", has_high_limits)}
                for index, (name, _, kind) in enumerate(parameters, 1)
            ],
            "templatedparameters": [],
        }


def _parameter(name: str, kind: str, has_high_limits: bool) -> ApiResult:
    """Return what a parameter accepts."""
    is_multiple = kind in _MULTIPLE_CHOICES or kind == "names"
    info: ApiResult = {"type": "string" if kind == "names" else kind, "required": name == "token", "multi": is_multiple}
    if kind in _CHOICES or kind in _MULTIPLE_CHOICES:
        values, default = {**_CHOICES, **_MULTIPLE_CHOICES}[kind]
        info["type"] = list(values)
        info.update({} if default is None else {"default": default})
    if kind in _SUBMODULES:
        info["submodules"] = {value: _SUBMODULES[kind] + value for value in info["type"]}
    if kind == "limit":
        info.update(default=10, min=1, max=500, highmax=5000)
    if is_multiple:
        info.update(lowlimit=50, highlimit=500, limit=500 if has_high_limits else 50)
    return info
