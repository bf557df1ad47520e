"""The embedded wiki's pages for people: log in, allow an application, take that back. No HTTP lives here.

Their words, forms and order of checks are MediaWiki's (Extension:OAuth, REL1_39), so that what a browser or a script
does here it does there; their looks are not.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from .authorization import Authorization
from .oauth import OAuthRefusal, coded_refusal
from .store import Store, User, normal_name

_GRANT_NAMES = {
    "highvolume": "High-volume editing",
    "editpage": "Edit existing pages",
    "createeditmovepage": "Create, edit, and move pages",
    "uploadfile": "Upload new files",
    "delete": "Delete pages, revisions, and log entries",
    "privateinfo": "Access private information",
}
_WRONG_PASSWORD = "Incorrect username or password entered. Please try again."
_LOST_SESSION = (
    "There seems to be a problem with your login session; this action has been canceled as a precaution against"
    " session hijacking. Please resubmit the form."
)
_LOGIN_REASONS = {
    "mwoauth-login-required-reason": "You need to log into your TestWiki account to authorize applications to access"
    " it.",
    "exception-nologin-text": "Please log in to be able to access this page or action.",
}


class PageRequest(NamedTuple):
    """What a browser asks for.

    Attributes:
        title: The page's.
        is_post: Whether a form was sent.
        query: The parameters in the URL.
        values: Those, and those of the form, which win.
        session: The value of the browser's cookie, or nothing.
    """

    title: str
    is_post: bool
    query: Mapping[str, str]
    values: Mapping[str, str]
    session: str

    def get(self, *names: str) -> str:
        """Return the first of some parameters that is there, or nothing."""
        return next((self.values[name] for name in names if name in self.values), "")


class PageAnswer(NamedTuple):
    """What the browser gets: a page, or a location to go to; and a new cookie, or an empty one to forget it."""

    html: str = ""
    location: str | None = None
    session: str | None = None
    status: int = 200


class Pages:
    """The special pages for people.

    Args:
        store: What the wiki knows.
        authorization: Takes the users' yes.
        server: Scheme and authority by which the wiki calls itself.
    """

    def __init__(self, store: Store, authorization: Authorization, server: str) -> None:
        self.store = store
        self.authorization = authorization
        self.server = server
        loader = PackageLoader("httplib2_oauthlib.testwiki")
        self._templates = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)

    def answer(self, request: PageRequest) -> PageAnswer:
        """Answer a request for a special page."""
        page, _, rest = request.title.partition("/")
        try:
            if page == "Special:UserLogin":
                return self._log_in(request)
            if page == "Special:UserLogout":
                return self._log_out(request)
            if page == "Special:OAuthManageMyGrants":
                return self._manage(request, rest)
            if page == "Special:OAuth" and rest in ("authorize", "authenticate"):
                return self._authorize(request)
            if page == "Special:OAuth" and rest == "verified":
                return self._verified(request)
            if page == "Special:OAuth" and rest:
                raise coded_refusal("E002")
        except OAuthRefusal as refusal:
            return self._page("message.html", request, "Application Connection Error", message=_markup(refusal))
        if page == "Special:OAuth":
            explained = (
                "OAuth is a mechanism which allows external applications to identify a TestWiki user or act on their"
                " behalf, after receiving permission from that user. For this page to do something, more parameters"
                " are required."
            )
            return self._page("message.html", request, "OAuth", message=explained)
        missing = "You have requested an invalid special page."
        return self._page("message.html", request, "No such special page", message=missing)._replace(status=404)

    def read(self, request: PageRequest, text: str | None) -> PageAnswer:
        """Answer a request for a page of the wiki; ``text`` None means that there is none."""
        return self._page("page.html", request, request.title, text=text)._replace(status=404 if text is None else 200)

    # -- logging in and out

    def _log_in(self, request: PageRequest) -> PageAnswer:
        session, new_session = request.session, None
        if not self.store.has_session(session):
            session = new_session = self.store.begin_session(None)
        error = ""
        if request.is_post:
            password = request.get("wpPassword")
            user = self.store.users.get(normal_name(request.get("wpName")))
            expected = (user.password if user else "").encode()
            if not self.store.token_is_good(session, "login", request.get("wpLoginToken")):
                error = _LOST_SESSION
            elif not hmac.compare_digest(password.encode(), expected) or user is None:
                error = _WRONG_PASSWORD
            else:
                # A session of its own, which nobody can have known before.
                self.store.end_session(session)
                title = request.get("returnto") or "Main Page"
                after = parse_qsl(request.get("returntoquery"), keep_blank_values=True)
                location = f"{self.server}/index.php?{urlencode([('title', title), *after])}"
                return PageAnswer(location=location, session=self.store.begin_session(user))
        answer = self._page(
            "login.html",
            request,
            "Log in",
            reason=_LOGIN_REASONS.get(request.get("warning"), ""),
            error=error,
            name=request.get("wpName"),
            token=self.store.token(session, "login"),
        )
        return answer._replace(session=new_session)

    def _log_out(self, request: PageRequest) -> PageAnswer:
        if request.is_post and self._form_is_ours(request):
            self.store.end_session(request.session)
            anonymous = request._replace(session="")
            return self._page("message.html", anonymous, "Log out", message="You are now logged out.")._replace(
                session=""
            )
        return self._page("logout.html", request, "Log out", token=self._form_token(request))

    # -- allowing an application

    def _authorize(self, request: PageRequest) -> PageAnswer:
        user = self.store.session_user(request.session)
        if user is None:
            return self._to_login(request, "mwoauth-login-required-reason")
        token = request.get("requestToken", "oauth_token")
        key = request.get("consumerKey", "oauth_consumer_key")
        consumer = self.authorization.consumer(key, token, user)
        if request.is_post and "cancel" in request.values:
            return self._page("cancelled.html", request, "OAuth", consumer=consumer)
        is_authentication = request.title.endswith("/authenticate")
        if is_authentication and self.authorization.needs_no_question(consumer, user):
            return PageAnswer(location=self.authorization.authorize(consumer, token, user))
        error = Markup()
        # A form that is not from here is shown again, without a word.
        if request.is_post and self._form_is_ours(request):
            try:
                if not re.fullmatch("[0-9a-f]{32}", token):
                    what = "Invalid value provided" if token else "Missing value"
                    raise OAuthRefusal(f'{what} for "requestToken" field', "mwoauth-invalid-field")
                return PageAnswer(location=self.authorization.authorize(consumer, token, user))
            except OAuthRefusal as refusal:
                error = _markup(refusal)
        return self._page(
            "authorize.html",
            request,
            "OAuth",
            consumer=consumer,
            grants=_names(consumer.grants),
            is_private="mwoauth-authonlyprivate" in consumer.grants,
            request_token=token,
            is_update=self.store.granted(consumer, user) is not None,
            error=error,
            token=self._form_token(request),
        )

    def _verified(self, request: PageRequest) -> PageAnswer:
        if not request.get("oauth_verifier") or not request.get("oauth_token"):
            raise coded_refusal("E001")
        return self._page("verified.html", request, "OAuth", verifier=request.get("oauth_verifier"))

    # -- taking it back

    def _manage(self, request: PageRequest, rest: str) -> PageAnswer:
        user = self.store.session_user(request.session)
        if user is None:
            return self._to_login(request, "exception-nologin-text")
        title = "Manage connected applications"
        granted = {
            token.id: {
                "id": token.id,
                "name": self.store.consumers[token.consumer].name,
                "grants": _names(token.grants),
            }
            for token in list(self.store.access_tokens.values())
            if token.user == user.name
        }
        if not rest:
            return self._page("grants.html", request, title, granted=list(granted.values()))
        # Only revoking is known here, not MediaWiki's changing of single grants (update/N).
        match = re.fullmatch(r"revoke/(\d{1,9})", rest)
        number = int(match[1]) if match else 0
        if number not in granted:
            return self._page("message.html", request, title, message="No access token exists with the given key.")
        error = ""
        if request.is_post and self._form_is_ours(request):
            if "renounce" in request.values:
                self.authorization.revoke(number, user)
                done = "The application's access to your account has been revoked."
                return self._page("message.html", request, title, message=done)
            error = 'Invalid value provided for "action" field'
        token = self._form_token(request)
        return self._page("revoke.html", request, title, chosen=granted[number], token=token, error=error)

    # -- what all of them need

    def _to_login(self, request: PageRequest, reason: str) -> PageAnswer:
        after = urlencode({name: value for name, value in request.values.items() if name != "title"})
        query = urlencode({"returnto": request.title, "returntoquery": after, "warning": reason})
        return PageAnswer(location=f"{self.server}/index.php?title=Special:UserLogin&{query}")

    def _form_token(self, request: PageRequest) -> str:
        return self.store.token(request.session, "edit")

    def _form_is_ours(self, request: PageRequest) -> bool:
        return self.store.token_is_good(request.session, "edit", request.get("wpEditToken"))

    def _page(self, template: str, request: PageRequest, title: str, **values: Any) -> PageAnswer:
        user: User | None = self.store.session_user(request.session)
        text = self._templates.get_template(template).render(
            title=title, page=request.title, query=urlencode(request.query), user=user, server=self.server, **values
        )
        return PageAnswer(text)


def _names(grants: Iterable[str]) -> list[str]:
    """Return what people are told of some grants; of the hidden ones nothing."""
    return [_GRANT_NAMES[grant] for grant in grants if grant in _GRANT_NAMES]


def _markup(refusal: OAuthRefusal) -> Markup:
    """Return a refusal as it stands on a page."""
    if not refusal.code:
        return escape(refusal.sentence)
    parts = (refusal.sentence, refusal.detail, refusal.uri, refusal.code)
    return Markup('{}<br><small>{}, <a href="{}">{}</a></small>').format(*parts)
