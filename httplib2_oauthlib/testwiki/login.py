"""``action=login`` and ``action=clientlogin``, which log nobody in: users have a browser, and bots have OAuth."""

from dataclasses import dataclass

from .api_request import ApiError, ApiRequest, ApiResult
from .store import Store

_UNDER_OAUTH = "Cannot log in when using MediaWiki\\Extension\\OAuth\\SessionProvider sessions."
# MediaWiki's message where a login needs more than a password, and the user has no bot password.
_WITHOUT_BOT_PASSWORD = (
    "Authentication requires user interaction, which is not supported by action=login. To be able to login with"
    " action=login, see [[Special:BotPasswords]]. To continue using main-account login, see action=clientlogin."
)


@dataclass(frozen=True)
class Login:
    """The modules that log in with a password, and that refuse every password.

    Attributes:
        store: The wiki's data.
    """

    store: Store

    def login(self, request: ApiRequest) -> ApiResult:
        """Run ``action=login``."""
        _check_posted(request, "login", "lgpassword", "lgtoken")
        request.accept("lgname", "lgpassword", "lgdomain")
        token = request.get("lgtoken")
        if request.caller.user is not None:
            return {"login": {"result": "Aborted", "reason": _UNDER_OAUTH}}
        if not token:
            request.warn(
                "login",
                "Fetching a token via action=login is deprecated. Use action=query&meta=tokens&type=login instead.",
            )
            return {"login": {"result": "NeedToken", "token": self.store.sessions.csrf_token("", "login")}}
        if not self._is_valid(token, request):
            return {"login": {"result": "WrongToken"}}
        return {"login": {"result": "Aborted", "reason": _WITHOUT_BOT_PASSWORD}}

    def client_login(self, request: ApiRequest) -> ApiResult:
        """Run ``action=clientlogin``."""
        token = request.get("logintoken")
        if token is None:
            raise ApiError("missingparam", 'The "logintoken" parameter must be set.')
        _check_posted(request, "clientlogin", "logintoken")
        if not self._is_valid(token, request):
            raise ApiError("badtoken", "Invalid CSRF token.")
        if request.get("loginreturnurl") is None and request.get("logincontinue") is None:
            raise ApiError(
                "missingparam", 'At least one of the parameters "logincontinue" and "loginreturnurl" is required.'
            )
        # The fields of the form have names of their own, and so clientlogin warns about no parameter.
        request.accept(*request.post)
        # MediaWiki responds with the key of this message because it has no text for it.
        key = "userlogin-cannot-login"
        result = {"status": "FAIL", "canpreservestate": False, "message": f"\u29fc{key}\u29fd", "messagecode": key}
        return {"clientlogin": result}

    def _is_valid(self, token: str, request: ApiRequest) -> bool:
        """Return whether a login token belongs to the caller."""
        return self.store.sessions.csrf_token_is_valid(request.caller.session, "login", token)


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
