"""The embedded wiki's api.php: parameters in, plain data out. This module has no HTTP and no OAuth."""

from collections.abc import Callable, Mapping

from .api_request import ApiError, ApiRequest, ApiResult
from .editing import Editing
from .login import client_login, login
from .paraminfo import paraminfo
from .query import ANONYMOUS_TOKEN, Query
from .store import Store, iso_time

_MAILING_LIST = "https://lists.wikimedia.org/postorius/lists/mediawiki-api-announce.lists.wikimedia.org/"
_DOCUMENTATION = (
    "See {}/api.php for API usage. Subscribe to the mediawiki-api-announce mailing list at &lt;{}&gt; for notice of API"
    " deprecations and breaking changes."
)
# The member that holds an error's message, by errorformat.
_TEXT_NAMES = {"plaintext": "text", "wikitext": "text", "html": "html"}
# These need neither the right to read nor a csrf token.
_ACTIONS_FOR_ALL = ("paraminfo", "login", "clientlogin")


class Api:
    """api.php: it checks what concerns every module, and then runs one.

    Args:
        store: The wiki's data.
        server: The wiki's scheme and authority.
        lag: Returns the wiki's database lag in seconds.
    """

    def __init__(self, store: Store, server: str, lag: Callable[[], float]) -> None:
        self.store = store
        self.server = server
        self.host = server.partition("://")[2].partition(":")[0]
        self.lag = lag
        editing = Editing(store, server)
        self._modules: dict[str, Callable[[ApiRequest], ApiResult]] = {
            "query": Query(store, server, self.host).run,
            "edit": editing.edit,
            "delete": editing.delete,
            "upload": editing.upload,
            "logout": _logout,
            "login": lambda request: login(request, store.sessions),
            "clientlogin": lambda request: client_login(request, store.sessions),
            "paraminfo": lambda request: paraminfo(request, server),
        }

    @property
    def documentation(self) -> str:
        """The reference to the documentation that every error carries."""
        return _DOCUMENTATION.format(self.server, _MAILING_LIST)

    def error_result(self, error: ApiError, parameters: Mapping[str, str]) -> ApiResult:
        """Return the result for an error, in the errorformat that the parameters of the request ask for."""
        wanted = parameters.get("errorformat", "bc")
        if wanted in _TEXT_NAMES or wanted in ("raw", "none"):
            result: ApiResult = {"errors": [_formatted(each, wanted) for each in (error, *error.more)]}
            result["docref"] = self.documentation
        else:
            one = {"code": error.code, "info": error.info, **error.details, "docref": self.documentation}
            result = {"error": one}
        return {**result, **self._request_data(parameters)}

    def _request_data(self, parameters: Mapping[str, str]) -> ApiResult:
        """Return the id of a request and the wiki's time, if the request asks for them."""
        data: ApiResult = {"requestid": parameters["requestid"]} if "requestid" in parameters else {}
        if "curtimestamp" in parameters:
            data["curtimestamp"] = iso_time(self.store.clock())
        return data

    def run(self, request: ApiRequest) -> ApiResult:
        """Run the module that a request names.

        Raises:
            ApiError: The response is an error.
        """
        if request.method not in ("GET", "HEAD", "POST"):
            raise ApiError("invalidmethod", "Invalid HTTP method. Consider using GET or POST.", status=405)
        # The order of the checks is MediaWiki's.
        max_lag = request.integer("maxlag", 0) if request.flag("maxlag") else None
        _check_assertions(request)
        action = request.get("action") or ""
        if action not in self._modules:
            raise ApiError("badvalue", f'Unrecognized value for parameter "action": {action}.')
        if action not in ("query", *_ACTIONS_FOR_ALL):
            self._check_token(request)
        # A caller without the right to read may still fetch tokens.
        needs_no_right = action in _ACTIONS_FOR_ALL or (action == "query" and request.get("meta") == "tokens")
        if "read" not in request.caller.rights and not needs_no_right:
            text = "You need read permission to use this module."
            raise ApiError("readapidenied", text, key="apierror-readapidenied")
        if max_lag is not None:
            self._check_lag(max_lag)
        try:
            result = self._modules[action](request)
        except ApiError as error:
            for each in (error, *error.more):
                each.module = action
            raise
        return self._with_request_data(result, request)

    def _with_request_data(self, result: ApiResult, request: ApiRequest) -> ApiResult:
        """Return a result with the warnings and the request's own data, which follow ``batchcomplete``."""
        if self.store.version.accepts_crossorigin:
            request.accept("crossorigin")
        unused = [name for name in {**request.query, **request.post} if name not in request.used]
        if unused:
            plural = "s" if len(unused) > 1 else ""
            request.warn("main", f"Unrecognized parameter{plural}: {', '.join(unused)}.")
        first = {"batchcomplete": result["batchcomplete"]} if "batchcomplete" in result else {}
        if request.warnings:
            first["warnings"] = {module: {"warnings": text} for module, text in sorted(request.warnings.items())}
        return {**first, **self._request_data({**request.query, **request.post}), **result}

    def _check_lag(self, max_lag: int) -> None:
        """Check that the database doesn't lag more than a request accepts."""
        lag = self.lag()
        if lag > max_lag:
            raise ApiError(
                "maxlag",
                f"Waiting for {self.host}: {lag:g} seconds lagged.",
                headers={"Retry-After": str(max(max_lag, 5)), "X-Database-Lag": str(int(lag))},
                details={"host": self.host, "lag": lag, "type": "db"},
            )

    def _check_token(self, request: ApiRequest) -> None:
        """Check the csrf token."""
        token = request.get("token")
        if token is None:
            raise _token_error(request, "missingparam", 'The "token" parameter must be set.')
        if "token" in request.query or request.method != "POST":
            raise _token_error(
                request,
                "mustpostparams",
                "The following parameter was found in the query string, but must be in the POST body: token.",
            )
        session, sessions = request.caller.session, self.store.sessions
        is_valid = sessions.csrf_token_is_valid(session, "", token) if session else token == ANONYMOUS_TOKEN
        if not is_valid:
            raise _token_error(request, "badtoken", "Invalid CSRF token.", key="apierror-badtoken")


def _token_error(request: ApiRequest, code: str, info: str, key: str = "") -> ApiError:
    """Return an error with a csrf token, which belongs to the module that needs the token."""
    error = ApiError(code, info, key=key)
    error.module = request.get("action") or ""
    return error


def _formatted(error: ApiError, wanted: str) -> ApiResult:
    """Return an error in one of the errorformats that are not ``bc``."""
    formatted: ApiResult = {"code": error.code}
    if wanted in _TEXT_NAMES:
        # Wikitext with links and lists is not converted to HTML.
        is_marked_up = error.wikitext and (wanted == "wikitext" or (wanted == "html" and "[[" not in error.wikitext))
        formatted[_TEXT_NAMES[wanted]] = error.wikitext if is_marked_up else error.info
    elif wanted == "raw" and error.key:
        formatted.update(key=error.key, params=error.params)
    if error.details:
        formatted["data"] = error.details
    return {**formatted, "module": error.module} if error.module else formatted


def _logout(request: ApiRequest) -> ApiResult:
    """Run ``action=logout``."""
    if request.caller.user is not None:
        raise ApiError(
            "cannotlogout",
            "Logging out is not possible when using MediaWiki\\Extension\\OAuth\\SessionProvider sessions.",
        )
    return {}


def _check_assertions(request: ApiRequest) -> None:
    """Check the parameters assert and assertuser."""
    caller, asserted, user = request.caller, request.get("assert"), request.get("assertuser")
    failed = "{}, so the action could not be completed."
    if asserted == "anon" and caller.user is not None:
        text = failed.format("You are no longer logged out")
        raise ApiError("assertanonfailed", text, key="apierror-assertanonfailed")
    if asserted in ("user", "bot") and caller.user is None:
        text = failed.format("You are no longer logged in")
        raise ApiError("assertuserfailed", text, key="apierror-assertuserfailed")
    if asserted == "bot" and "bot" not in caller.rights:
        text = failed.format('You do not have the "bot" right')
        wikitext = text.replace('"bot"', "<code>bot</code>")
        raise ApiError("assertbotfailed", text, key="apierror-assertbotfailed", wikitext=wikitext)
    if user is not None and (caller.user is None or caller.name != user[:1].upper() + user[1:].replace("_", " ")):
        raise ApiError("assertnameduserfailed", failed.format(f'You are no longer logged in as "{user}"'))
