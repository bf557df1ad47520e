"""``action=login`` and ``action=clientlogin``, which always fail: users log in with a browser, and bots use OAuth."""

from .api_request import ApiError, ApiRequest, ApiResult
from .sessions import Sessions

_UNDER_OAUTH = "Cannot log in when using MediaWiki\\Extension\\OAuth\\SessionProvider sessions."
# MediaWiki's message where a login needs more than a password, and the user has no bot password.
_WITHOUT_BOT_PASSWORD = (
    "Authentication requires user interaction, which is not supported by action=login. To be able to login with"
    " action=login, see [[Special:BotPasswords]]. To continue using main-account login, see action=clientlogin."
)


def login(request: ApiRequest, sessions: Sessions) -> ApiResult:
    """Run ``action=login``."""
    _check_posted(request, "login", "lgpassword", "lgtoken")
    request.accept("lgname", "lgpassword", "lgdomain")
    token = request.get("lgtoken")
    if request.caller.user is not None:
        result = {"result": "Aborted", "reason": _UNDER_OAUTH}
    elif not token:
        result = {"result": "NeedToken", "token": sessions.csrf_token("", "login")}
    elif not sessions.csrf_token_is_valid("", "login", token):
        result = {"result": "WrongToken"}
    else:
        result = {"result": "Aborted", "reason": _WITHOUT_BOT_PASSWORD}
    return {"login": result}


def client_login(request: ApiRequest, sessions: Sessions) -> ApiResult:
    """Run ``action=clientlogin``."""
    token = request.get("logintoken")
    if token is None:
        raise ApiError("missingparam", 'The "logintoken" parameter must be set.')
    _check_posted(request, "clientlogin", "logintoken")
    if not sessions.csrf_token_is_valid(request.caller.session, "login", token):
        raise ApiError("badtoken", "Invalid CSRF token.")
    # The fields of a wiki's login form are parameters, too, so that no parameter is unknown.
    request.accept(*request.post)
    # MediaWiki responds with the key of this message because it has no text for it.
    key = "userlogin-cannot-login"
    failed = {"status": "FAIL", "canpreservestate": False, "message": f"\u29fc{key}\u29fd", "messagecode": key}
    return {"clientlogin": failed}


def _check_posted(request: ApiRequest, module: str, *names: str) -> None:
    """Check that a request is a POST and has none of some parameters in its URL."""
    found = [name for name in names if name in request.query]
    if found:
        plural = "s were" if len(found) > 1 else " was"
        raise ApiError(
            "mustpostparams",
            f"The following parameter{plural} found in the query string, but must be in the POST body:"
            f" {', '.join(found)}.",
        )
    if request.method != "POST":
        raise ApiError("mustbeposted", f'The "{module}" module requires a POST request.')
