"""The embedded wiki's pages for people: log in, allow an application, revoke access.

The texts, the forms and the order of the checks are MediaWiki's (Extension:OAuth). The design of the pages is not.
"""

import hmac
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import Response, render_template, request
from markupsafe import Markup, escape

from .authorization import authorize, consumer_to_allow, may_skip_dialog
from .refusals import OAuthRefusal, coded_refusal
from .store import AccessToken, Store
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
_HTML = "text/html; charset=UTF-8"
_SESSION_COOKIE = "testwiki_session"


class PageView:
    """A browser's view of a page.

    Attributes:
        session: The value of the browser's cookie, or an empty str.
        user: The user who is logged in, or None.
        values: The parameters in the URL and in the form. The form's override those in the URL.
    """

    def __init__(self, store: Store, title: str) -> None:
        self.store = store
        self.title = title
        self.session = request.cookies.get(_SESSION_COOKIE, "")
        self.user = store.session_user(self.session)
        self.values = {**request.args.to_dict(), **request.form.to_dict()}

    def special(self) -> Response:
        """Return the response to a request for a special page."""
        page, _, subpage = self.title.partition("/")
        try:
            if page == "Special:UserLogin":
                return self._log_in()
            if page == "Special:UserLogout":
                return self._log_out()
            if page == "Special:OAuthManageMyGrants":
                return self._manage_grants(subpage)
            if page == "Special:OAuth" and subpage in ("authorize", "authenticate"):
                return self._authorize(subpage)
            if page == "Special:OAuth" and subpage == "verified":
                return self._verified()
            if page == "Special:OAuth" and subpage:
                raise coded_refusal("E002")
        except OAuthRefusal as refusal:
            return self._message("Application Connection Error", _markup(refusal))
        if page == "Special:OAuth":
            return self._page("oauth.html", "OAuth")
        return self._message("No such special page", "You have requested an invalid special page.", 404)

    def read(self, text: str | None) -> Response:
        """Return a page of the wiki; ``text`` None means that the page does not exist."""
        return self._page("page.html", self.title, 404 if text is None else 200, text=text)

    def refuse_oauth(self) -> Response:
        """Return the response to a signed request for a page, which MediaWiki refuses."""
        return self._message("Error", PAGE_REFUSAL, 400)

    def _log_in(self) -> Response:
        """Return Special:UserLogin, or log in and redirect."""
        sessions, session, error = self.store.sessions, self.session, ""
        is_new = not sessions.exists(session)
        if is_new:
            session = sessions.begin(None)
        if request.method == "POST":
            user = self.store.users.get(normalize_user_name(self._value("wpName")))
            expected = (user.password if user else "").encode()
            if not sessions.csrf_token_is_valid(session, "login", self._value("wpLoginToken")):
                error = _INVALID_LOGIN_TOKEN
            elif not hmac.compare_digest(self._value("wpPassword").encode(), expected) or user is None:
                error = _WRONG_PASSWORD
            else:
                # The login gets a new session, because an attacker may know the value of the old one.
                sessions.end(session)
                title = self._value("returnto") or "Main Page"
                parameters = parse_qsl(self._value("returntoquery"), keep_blank_values=True)
                response = redirect(f"{self.store.server}/index.php?{urlencode([('title', title), *parameters])}")
                return _with_session(response, sessions.begin(user.name))
        token, name, warning = sessions.csrf_token(session, "login"), self._value("wpName"), self._value("warning")
        response = self._page("login.html", "Log in", token=token, name=name, warning=warning, error=error)
        return _with_session(response, session) if is_new else response

    def _log_out(self) -> Response:
        """Return Special:UserLogout, or log out."""
        if request.method == "POST" and self._edit_token_is_valid():
            self.store.sessions.end(self.session)
            self.user = None
            return _with_session(self._message("Log out", "You are now logged out."), "")
        return self._page("logout.html", "Log out")

    def _authorize(self, subpage: str) -> Response:
        """Return Special:OAuth/authorize or Special:OAuth/authenticate, or allow the application and redirect."""
        user, store = self.user, self.store
        if user is None:
            return self._redirect_to_login("mwoauth-login-required-reason")
        token = self._value("requestToken", "oauth_token")
        consumer = consumer_to_allow(store, self._value("consumerKey", "oauth_consumer_key"), token, user)
        if request.method == "POST" and "cancel" in self.values:
            return self._page("cancelled.html", "OAuth", consumer=consumer)
        if subpage == "authenticate" and may_skip_dialog(store, consumer, user):
            return redirect(authorize(store, consumer, token, user))
        error = Markup()
        # Like MediaWiki, show the form again without an error if its token is not valid.
        if request.method == "POST" and self._edit_token_is_valid():
            try:
                if not re.fullmatch("[0-9a-f]{32}", token):
                    problem = "Invalid value provided" if token else "Missing value"
                    raise OAuthRefusal(f'{problem} for "requestToken" field', "mwoauth-invalid-field")
                return redirect(authorize(store, consumer, token, user))
            except OAuthRefusal as refusal:
                error = _markup(refusal)
        return self._page(
            "authorize.html",
            "OAuth",
            consumer=consumer,
            grants=_descriptions(consumer.grants),
            is_private="mwoauth-authonlyprivate" in consumer.grants,
            request_token=token,
            is_update=store.access_token_of(consumer, user) is not None,
            error=error,
        )

    def _verified(self) -> Response:
        """Return Special:OAuth/verified, which shows the verifier to the user."""
        if not self._value("oauth_verifier") or not self._value("oauth_token"):
            raise coded_refusal("E001")
        return self._page("verified.html", "OAuth", verifier=self._value("oauth_verifier"))

    def _manage_grants(self, subpage: str) -> Response:
        """Return Special:OAuthManageMyGrants, or revoke an application's access."""
        if self.user is None:
            return self._redirect_to_login("exception-nologin-text")
        title = "Manage connected applications"
        tokens = [token for token in list(self.store.access_tokens.values()) if token.user == self.user.name]
        if not subpage:
            return self._page("grants.html", title, granted=[self._described(token) for token in tokens])
        # MediaWiki can also change single grants (update/N). The embedded wiki can only revoke all of them.
        chosen = next((token for token in tokens if subpage == f"revoke/{token.id}"), None)
        if chosen is None:
            return self._message(title, "No access token exists with the given key.")
        error = ""
        if request.method == "POST" and self._edit_token_is_valid():
            if "renounce" in self.values:
                self.store.access_tokens.pop(chosen.key, None)
                return self._message(title, "The application's access to your account has been revoked.")
            error = 'Invalid value provided for "action" field'
        return self._page("revoke.html", title, chosen=self._described(chosen), error=error)

    def _described(self, token: AccessToken) -> dict[str, Any]:
        """Return what the pages show of an access token."""
        name = self.store.consumers[token.consumer].name
        return {"id": token.id, "name": name, "grants": _descriptions(token.grants)}

    def _value(self, *names: str) -> str:
        """Return the first of some parameters that is present, or an empty str."""
        return next((self.values[name] for name in names if name in self.values), "")

    def _redirect_to_login(self, reason: str) -> Response:
        """Return a redirect to the login page, which leads back to the requested page."""
        parameters = urlencode({name: value for name, value in self.values.items() if name != "title"})
        query = urlencode({"returnto": self.title, "returntoquery": parameters, "warning": reason})
        return redirect(f"{self.store.server}/index.php?title=Special:UserLogin&{query}")

    def _edit_token_is_valid(self) -> bool:
        """Return whether a form came from a page of this session."""
        return self.store.sessions.csrf_token_is_valid(self.session, "edit", self._value("wpEditToken"))

    def _message(self, heading: str, message: str, status: int = 200) -> Response:
        """Return a page that consists of a message."""
        return self._page("message.html", heading, status, message=message)

    def _page(self, template: str, heading: str, status: int = 200, **values: Any) -> Response:
        """Return a page that is rendered from a template."""
        values.setdefault("token", self.store.sessions.csrf_token(self.session, "edit"))
        values.update(title=heading, page=self.title, query=urlencode(request.args), user=self.user)
        values.update(server=self.store.server, release=self.store.version.release)
        return Response(render_template(template, **values), status, content_type=_HTML)


def redirect(location: str, status: int = 302) -> Response:
    """Return a redirect. Like MediaWiki, remove line ends, because a consumer's callback may hold anything."""
    location = location.replace("\n", "").replace("\r", "_")
    return Response(status=status, headers={"Location": location}, content_type=_HTML)


def _with_session(response: Response, session: str) -> Response:
    """Set the browser's cookie. An empty str logs the browser out."""
    # With SameSite=Lax, the browser sends the cookie when an application redirects here. The browser does not send
    # the cookie with any other request that comes from another site.
    response.set_cookie(_SESSION_COOKIE, session, httponly=True, samesite="Lax")
    return response


def _descriptions(grants: Iterable[str]) -> list[str]:
    """Return MediaWiki's descriptions of grants. Hidden grants have none and are left out."""
    return [_GRANT_DESCRIPTIONS[grant] for grant in grants if grant in _GRANT_DESCRIPTIONS]


def _markup(refusal: OAuthRefusal) -> Markup:
    """Return a refusal as HTML."""
    if not refusal.code:
        return escape(refusal.sentence)
    parts = (refusal.sentence, refusal.detail, refusal.uri, refusal.code)
    return Markup('{}<br><small>{}, <a href="{}">{}</a></small>').format(*parts)
