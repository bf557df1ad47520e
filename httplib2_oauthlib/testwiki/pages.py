"""The embedded wiki's pages for people: log in, allow an application, revoke access. This module has no HTTP.

The texts, the forms and the order of the checks are MediaWiki's (Extension:OAuth), so that a browser or a
script works here as it does on MediaWiki. The design of the pages is the embedded wiki's own.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from jinja2 import Environment, PackageLoader
from markupsafe import Markup, escape

from .authorization import Authorization
from .refusals import OAuthRefusal, coded_refusal
from .store import Store
from .titles import normalize_user_name

_GRANT_DESCRIPTIONS = {
    "highvolume": "High-volume editing",
    "editpage": "Edit existing pages",
    "createeditmovepage": "Create, edit, and move pages",
    "uploadfile": "Upload new files",
    "uploadeditmovefile": "Upload, replace, and move files",
    "viewmywatchlist": "View your watchlist",
    "editmywatchlist": "Edit your watchlist",
    "editmyoptions": "Edit your user preferences and JSON configuration",
    "delete": "Delete pages, revisions, and log entries",
    "privateinfo": "Access private information",
}
#: What MediaWiki says to a signed request for a page.
PAGE_REFUSAL = "OAuth can only be used with the API"
_WRONG_PASSWORD = "Incorrect username or password entered. Please try again."
_INVALID_LOGIN_TOKEN = (
    "There seems to be a problem with your login session; this action has been canceled as a precaution against"
    " session hijacking. Please resubmit the form."
)
_LOGIN_REASONS = {
    "mwoauth-login-required-reason": "You need to log into your TestWiki account to authorize applications to access"
    " it.",
    "exception-nologin-text": "Please log in to be able to access this page or action.",
}


class PageRequest(NamedTuple):
    """A browser's request for a page.

    Attributes:
        title: The page's title.
        is_post: Whether the browser sent a form.
        query: The parameters in the URL.
        values: The parameters in the URL and in the form. The form's override those in the URL.
        session: The value of the browser's cookie, or an empty str.
    """

    title: str
    is_post: bool
    query: Mapping[str, str]
    values: Mapping[str, str]
    session: str

    def get(self, *names: str) -> str:
        """Return the first of some parameters that is present, or an empty str."""
        return next((self.values[name] for name in names if name in self.values), "")


class PageResponse(NamedTuple):
    """The response to a browser.

    Attributes:
        html: The page.
        location: The URI to redirect to, or None.
        session: The new value of the browser's cookie. An empty str deletes the cookie, and None keeps it.
        status: The HTTP status, except for a redirect.
    """

    html: str = ""
    location: str | None = None
    session: str | None = None
    status: int = 200


class Pages:
    """The special pages for people.

    Args:
        store: The wiki's data.
        authorization: Records that a user allows an application or revokes its access.
        server: The wiki's scheme and authority.
    """

    def __init__(self, store: Store, authorization: Authorization, server: str) -> None:
        self.store = store
        self.authorization = authorization
        self.server = server
        loader = PackageLoader("httplib2_oauthlib.testwiki")
        self._templates = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)

    def respond(self, request: PageRequest) -> PageResponse:
        """Return the response to a request for a special page."""
        page, _, subpage = request.title.partition("/")
        try:
            if page == "Special:UserLogin":
                return self._log_in(request)
            if page == "Special:UserLogout":
                return self._log_out(request)
            if page == "Special:OAuthManageMyGrants":
                return self._manage_grants(request, subpage)
            if page == "Special:OAuth" and subpage in ("authorize", "authenticate"):
                return self._authorize(request)
            if page == "Special:OAuth" and subpage == "verified":
                return self._verified(request)
            if page == "Special:OAuth" and subpage:
                raise coded_refusal("E002")
        except OAuthRefusal as refusal:
            return self._page("message.html", request, "Application Connection Error", message=_markup(refusal))
        if page == "Special:OAuth":
            explanation = (
                "OAuth is a mechanism which allows external applications to identify a TestWiki user or act on their"
                " behalf, after receiving permission from that user. For this page to do something, more parameters"
                " are required."
            )
            return self._page("message.html", request, "OAuth", message=explanation)
        missing = "You have requested an invalid special page."
        return self._page("message.html", request, "No such special page", message=missing)._replace(status=404)

    def read(self, request: PageRequest, text: str | None) -> PageResponse:
        """Return a page of the wiki; ``text`` None means that the page does not exist."""
        return self._page("page.html", request, request.title, text=text)._replace(status=404 if text is None else 200)

    def refuse_oauth(self, request: PageRequest) -> PageResponse:
        """Return the response to a signed request for a page, which MediaWiki refuses."""
        return self._page("message.html", request, "Error", message=PAGE_REFUSAL)._replace(status=400)

    # Logging in and out

    def _log_in(self, request: PageRequest) -> PageResponse:
        """Return Special:UserLogin, or log in and redirect."""
        session, new_session = request.session, None
        if not self.store.sessions.exists(session):
            session = new_session = self.store.sessions.begin(None)
        error = ""
        if request.is_post:
            password = request.get("wpPassword")
            user = self.store.users.get(normalize_user_name(request.get("wpName")))
            expected = (user.password if user else "").encode()
            if not self.store.sessions.csrf_token_is_valid(session, "login", request.get("wpLoginToken")):
                error = _INVALID_LOGIN_TOKEN
            elif not hmac.compare_digest(password.encode(), expected) or user is None:
                error = _WRONG_PASSWORD
            else:
                # The login gets a new session, because an attacker may know the value of the old one.
                self.store.sessions.end(session)
                title = request.get("returnto") or "Main Page"
                parameters = parse_qsl(request.get("returntoquery"), keep_blank_values=True)
                location = f"{self.server}/index.php?{urlencode([('title', title), *parameters])}"
                return PageResponse(location=location, session=self.store.sessions.begin(user.name))
        response = self._page(
            "login.html",
            request,
            "Log in",
            reason=_LOGIN_REASONS.get(request.get("warning"), ""),
            error=error,
            name=request.get("wpName"),
            token=self.store.sessions.csrf_token(session, "login"),
        )
        return response._replace(session=new_session)

    def _log_out(self, request: PageRequest) -> PageResponse:
        """Return Special:UserLogout, or log out."""
        if request.is_post and self._edit_token_is_valid(request):
            self.store.sessions.end(request.session)
            anonymous = request._replace(session="")
            response = self._page("message.html", anonymous, "Log out", message="You are now logged out.")
            return response._replace(session="")
        return self._page("logout.html", request, "Log out", token=self._edit_token(request))

    # Allowing an application

    def _authorize(self, request: PageRequest) -> PageResponse:
        """Return Special:OAuth/authorize or Special:OAuth/authenticate, or allow the application and redirect."""
        user = self.store.session_user(request.session)
        if user is None:
            return self._redirect_to_login(request, "mwoauth-login-required-reason")
        token = request.get("requestToken", "oauth_token")
        key = request.get("consumerKey", "oauth_consumer_key")
        consumer = self.authorization.consumer(key, token, user)
        if request.is_post and "cancel" in request.values:
            return self._page("cancelled.html", request, "OAuth", consumer=consumer)
        is_authentication = request.title.endswith("/authenticate")
        if is_authentication and self.authorization.may_skip_dialog(consumer, user):
            return PageResponse(location=self.authorization.authorize(consumer, token, user))
        error = Markup()
        # Like MediaWiki, show the form again without an error if its token is not valid.
        if request.is_post and self._edit_token_is_valid(request):
            try:
                if not re.fullmatch("[0-9a-f]{32}", token):
                    problem = "Invalid value provided" if token else "Missing value"
                    raise OAuthRefusal(f'{problem} for "requestToken" field', "mwoauth-invalid-field")
                return PageResponse(location=self.authorization.authorize(consumer, token, user))
            except OAuthRefusal as refusal:
                error = _markup(refusal)
        return self._page(
            "authorize.html",
            request,
            "OAuth",
            consumer=consumer,
            grants=_descriptions(consumer.grants),
            is_private="mwoauth-authonlyprivate" in consumer.grants,
            request_token=token,
            is_update=self.store.access_token_of(consumer, user) is not None,
            error=error,
            token=self._edit_token(request),
        )

    def _verified(self, request: PageRequest) -> PageResponse:
        """Return Special:OAuth/verified, which shows the verifier to the user."""
        if not request.get("oauth_verifier") or not request.get("oauth_token"):
            raise coded_refusal("E001")
        return self._page("verified.html", request, "OAuth", verifier=request.get("oauth_verifier"))

    # Revoking access

    def _manage_grants(self, request: PageRequest, subpage: str) -> PageResponse:
        """Return Special:OAuthManageMyGrants, or revoke an application's access."""
        user = self.store.session_user(request.session)
        if user is None:
            return self._redirect_to_login(request, "exception-nologin-text")
        title = "Manage connected applications"
        granted = {
            token.id: {
                "id": token.id,
                "name": self.store.consumers[token.consumer].name,
                "grants": _descriptions(token.grants),
            }
            for token in list(self.store.access_tokens.values())
            if token.user == user.name
        }
        if not subpage:
            return self._page("grants.html", request, title, granted=list(granted.values()))
        # MediaWiki can also change single grants (update/N). The embedded wiki can only revoke all of them.
        match = re.fullmatch(r"revoke/(\d{1,9})", subpage)
        token_id = int(match[1]) if match else 0
        if token_id not in granted:
            return self._page("message.html", request, title, message="No access token exists with the given key.")
        error = ""
        if request.is_post and self._edit_token_is_valid(request):
            if "renounce" in request.values:
                self.authorization.revoke(token_id, user)
                done = "The application's access to your account has been revoked."
                return self._page("message.html", request, title, message=done)
            error = 'Invalid value provided for "action" field'
        token = self._edit_token(request)
        return self._page("revoke.html", request, title, chosen=granted[token_id], token=token, error=error)

    # What all pages need

    def _redirect_to_login(self, request: PageRequest, reason: str) -> PageResponse:
        """Return a redirect to the login page, which leads back to the requested page."""
        parameters = urlencode({name: value for name, value in request.values.items() if name != "title"})
        query = urlencode({"returnto": request.title, "returntoquery": parameters, "warning": reason})
        return PageResponse(location=f"{self.server}/index.php?title=Special:UserLogin&{query}")

    def _edit_token(self, request: PageRequest) -> str:
        """Return the token of the session's forms."""
        return self.store.sessions.csrf_token(request.session, "edit")

    def _edit_token_is_valid(self, request: PageRequest) -> bool:
        """Return whether a form came from a page of this session."""
        return self.store.sessions.csrf_token_is_valid(request.session, "edit", request.get("wpEditToken"))

    def _page(self, template: str, request: PageRequest, title: str, **values: Any) -> PageResponse:
        """Return a page that is rendered from a template."""
        user = self.store.session_user(request.session)
        html = self._templates.get_template(template).render(
            title=title,
            page=request.title,
            query=urlencode(request.query),
            user=user,
            server=self.server,
            release=self.store.version.release,
            **values,
        )
        return PageResponse(html)


def _descriptions(grants: Iterable[str]) -> list[str]:
    """Return MediaWiki's descriptions of grants. Hidden grants have none and are left out."""
    return [_GRANT_DESCRIPTIONS[grant] for grant in grants if grant in _GRANT_DESCRIPTIONS]


def _markup(refusal: OAuthRefusal) -> Markup:
    """Return a refusal as HTML."""
    if not refusal.code:
        return escape(refusal.sentence)
    parts = (refusal.sentence, refusal.detail, refusal.uri, refusal.code)
    return Markup('{}<br><small>{}, <a href="{}">{}</a></small>').format(*parts)
