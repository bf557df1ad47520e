"""The embedded wiki's api.php: it checks what concerns every module, and then runs one."""

from collections.abc import Callable, Mapping

from .api_request import ApiError, ApiRequest, ApiResult
from .editing import delete, edit, upload
from .paraminfo import paraminfo
from .query import ANONYMOUS_TOKEN, query
from .store import Store, iso_time

_DOCUMENTATION = (
    "See {}/api.php for API usage. Subscribe to the mediawiki-api-announce mailing list at"
    " &lt;https://lists.wikimedia.org/postorius/lists/mediawiki-api-announce.lists.wikimedia.org/&gt; for notice of API"
    " deprecations and breaking changes."
)
_LOGIN_UNDER_OAUTH = "Cannot log in when using MediaWiki\\Extension\\OAuth\\SessionProvider sessions."
# MediaWiki's message where a login needs more than a password, and the user has no bot password.
_LOGIN_WITHOUT_BOT_PASSWORD = (
    "Authentication requires user interaction, which is not supported by action=login. To be able to login with"
    " action=login, see [[Special:BotPasswords]]. To continue using main-account login, see action=clientlogin."
)
# MediaWiki has further errorformats, which are refused here like any unknown value.
_ERRORFORMATS = ("bc", "plaintext")
# These need neither the right to read nor a csrf token.
_ACTIONS_FOR_ALL = ("paraminfo", "login")


def error_result(store: Store, error: ApiError, parameters: Mapping[str, str]) -> ApiResult:
    """Return the result for an error, in the errorformat that the parameters of the request ask for."""
    documentation = _DOCUMENTATION.format(store.server)
    if parameters.get("errorformat") == "plaintext":
        data = {"data": error.details} if error.details else {}
        module = {"module": error.module} if error.module else {}
        one = {"code": error.code, "text": error.info, **data, **module}
        result: ApiResult = {"errors": [one], "docref": documentation}
    else:
        result = {"error": {"code": error.code, "info": error.info, **error.details, "docref": documentation}}
    return {**result, **_request_data(store, parameters)}


def _request_data(store: Store, parameters: Mapping[str, str]) -> ApiResult:
    """Return the id of a request and the wiki's time, if the request asks for them."""
    data: ApiResult = {"requestid": parameters["requestid"]} if "requestid" in parameters else {}
    if "curtimestamp" in parameters:
        data["curtimestamp"] = iso_time(store.clock())
    return data


def run(request: ApiRequest, lag: float) -> ApiResult:
    """Run the module that a request names.

    Args:
        request: The request.
        lag: The wiki's database lag in seconds.

    Raises:
        ApiError: The response is an error.
    """
    if request.method not in ("GET", "HEAD", "POST"):
        raise ApiError("invalidmethod", "Invalid HTTP method. Consider using GET or POST.", status=405)
    # The order of the checks is MediaWiki's.
    errorformat = request.get("errorformat") or "bc"
    if errorformat not in _ERRORFORMATS:
        raise ApiError("badvalue", f'Unrecognized value for parameter "errorformat": {errorformat}.')
    max_lag = request.integer("maxlag", 0) if request.flag("maxlag") else None
    _check_assertions(request)
    action = request.get("action") or ""
    if action not in _MODULES:
        raise ApiError("badvalue", f'Unrecognized value for parameter "action": {action}.')
    if action not in ("query", *_ACTIONS_FOR_ALL):
        _check_token(request, action)
    # A caller without the right to read may still fetch tokens.
    needs_no_right = action in _ACTIONS_FOR_ALL or (action == "query" and request.get("meta") == "tokens")
    if "read" not in request.caller.rights and not needs_no_right:
        raise ApiError("readapidenied", "You need read permission to use this module.")
    if max_lag is not None and lag > max_lag:
        raise ApiError(
            "maxlag",
            f"Waiting for {request.store.host}: {lag:g} seconds lagged.",
            headers={"Retry-After": str(max(max_lag, 5)), "X-Database-Lag": str(int(lag))},
            details={"host": request.store.host, "lag": lag, "type": "db"},
        )
    try:
        result = _MODULES[action](request)
    except ApiError as error:
        error.module = action
        raise
    return _with_warnings(result, request)


def _with_warnings(result: ApiResult, request: ApiRequest) -> ApiResult:
    """Return a result with the warnings and the request's own data, which follow ``batchcomplete``."""
    parameters = {**request.query, **request.post}
    unused = [name for name in parameters if name not in request.used]
    if unused:
        plural = "s" if len(unused) > 1 else ""
        request.warn("main", f"Unrecognized parameter{plural}: {', '.join(unused)}.")
    first = {"batchcomplete": result["batchcomplete"]} if "batchcomplete" in result else {}
    if request.warnings:
        first["warnings"] = {module: {"warnings": text} for module, text in sorted(request.warnings.items())}
    return {**first, **_request_data(request.store, parameters), **result}


def _check_token(request: ApiRequest, action: str) -> None:
    """Check the csrf token. An error belongs to the module that needs the token."""
    token = request.get("token")
    if token is None:
        raise ApiError("missingparam", 'The "token" parameter must be set.', module=action)
    _check_posted(request, action, "token")
    session, sessions = request.caller.session, request.store.sessions
    is_valid = sessions.csrf_token_is_valid(session, "", token) if session else token == ANONYMOUS_TOKEN
    if not is_valid:
        raise ApiError("badtoken", "Invalid CSRF token.", module=action)


def _check_posted(request: ApiRequest, module: str, *names: str) -> None:
    """Check that a request is a POST and has none of some parameters in its URL."""
    found = [name for name in names if name in request.query]
    if found:
        plural = "s were" if len(found) > 1 else " was"
        where = f"found in the query string, but must be in the POST body: {', '.join(found)}"
        raise ApiError("mustpostparams", f"The following parameter{plural} {where}.", module=module)
    if request.method != "POST":
        raise ApiError("mustbeposted", f'The "{module}" module requires a POST request.', module=module)


def _check_assertions(request: ApiRequest) -> None:
    """Check the parameters assert and assertuser."""
    caller, asserted, user = request.caller, request.get("assert"), request.get("assertuser")
    failed = "{}, so the action could not be completed."
    if asserted == "anon" and caller.user is not None:
        text = failed.format("You are no longer logged out")
        raise ApiError("assertanonfailed", text)
    if asserted in ("user", "bot") and caller.user is None:
        text = failed.format("You are no longer logged in")
        raise ApiError("assertuserfailed", text)
    if asserted == "bot" and "bot" not in caller.rights:
        text = failed.format('You do not have the "bot" right')
        raise ApiError("assertbotfailed", text)
    if user is not None and (caller.user is None or caller.name != user[:1].upper() + user[1:].replace("_", " ")):
        raise ApiError("assertnameduserfailed", failed.format(f'You are no longer logged in as "{user}"'))


def _logout(request: ApiRequest) -> ApiResult:
    """Run ``action=logout``."""
    if request.caller.user is not None:
        raise ApiError(
            "cannotlogout",
            "Logging out is not possible when using MediaWiki\\Extension\\OAuth\\SessionProvider sessions.",
        )
    return {}


def _login(request: ApiRequest) -> ApiResult:
    """Run ``action=login``, which always fails: users log in with a browser, and bots use OAuth."""
    _check_posted(request, "login", "lgpassword", "lgtoken")
    request.accept("lgname", "lgpassword", "lgdomain", "lgtoken")
    reason = _LOGIN_WITHOUT_BOT_PASSWORD if request.caller.user is None else _LOGIN_UNDER_OAUTH
    return {"login": {"result": "Aborted", "reason": reason}}


_MODULES: dict[str, Callable[[ApiRequest], ApiResult]] = {
    "query": query,
    "edit": edit,
    "delete": delete,
    "upload": upload,
    "logout": _logout,
    "login": _login,
    "paraminfo": paraminfo,
}
