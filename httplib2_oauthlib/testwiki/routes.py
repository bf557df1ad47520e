"""The embedded wiki's pages and entry points as a Flask application: HTTP in, HTTP out, all answers from elsewhere."""

import json
import re
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Flask, Response, request

from .api import Api, ApiError, ApiRequest, Caller
from .authorization import Authorization
from .formats import write_html, write_json, write_xml
from .oauth import IncomingRequest, OAuthRefusal, Verifier
from .pages import PageAnswer, PageRequest, Pages
from .rest import DENIED, Rest, RestAnswer, refused_type, unknown_method, unknown_path
from .special import SpecialOAuth
from .store import GRANTS, Store, Title, User

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SESSION_COOKIE = "testwiki_session"
_NOT_STORED = {
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Pragma": "no-cache",
}
_VARY_OF_PAGES = "Accept-Encoding,Cookie,Authorization"
_VARY_BY_USER = "Accept-Encoding,Treat-as-Untrusted,Cookie,Authorization"


class SeenRequest(NamedTuple):
    """A request that the wiki was asked.

    Attributes:
        method: In upper case.
        target: The request target, to the byte.
        headers: As they arrived, names in lower case.
        user: Who was signed in by OAuth, or None.
        refusal: MediaWiki's words if it refused the OAuth part, or None.
    """

    method: str
    target: str
    headers: dict[str, str]
    user: str | None
    refusal: str | None


class Site:
    """The wiki's entry points.

    Args:
        store: What the wiki knows.
        server: Scheme and authority by which it calls itself.
        lag: Returns the seconds that its database lags.
        saw: Is told of every request.
    """

    def __init__(self, store: Store, server: str, lag: Callable[[], float], saw: Callable[[SeenRequest], None]) -> None:
        self.store = store
        self.server = server
        self.saw = saw
        self.verifier = Verifier(store)
        self.api = Api(store, server, lag)
        self.rest = Rest(store, server)
        self.special = SpecialOAuth(store, self.verifier, server)
        self.pages = Pages(store, Authorization(store, server), server)

    def app(self) -> Flask:
        """Return the WSGI application."""
        app = Flask("testwiki", static_folder=None)
        app.url_map.merge_slashes = False

        def route(rule: str, answer: Callable[..., Response]) -> None:
            app.add_url_rule(rule, rule, answer, methods=_METHODS, provide_automatic_options=False)

        route("/api.php", self._api)
        route("/rest.php/v1/page", self._rest_page)
        route("/rest.php/v1/page/<path:title>", self._rest_page)
        route("/rest.php/<path:path>", self._rest_other)
        route("/", lambda: _redirect(f"{self.server}/index.php/Main_Page", 301))
        route("/index.php", self._index)
        route("/index.php/<path:title>", self._index)

        @app.after_request
        def date(response: Response) -> Response:
            # The wiki's own clock, also where a test has put it wrong.
            response.headers["Date"] = formatdate(self.store.clock(), usegmt=True)
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return app

    def _incoming(self) -> IncomingRequest:
        return IncomingRequest(
            request.method.upper(),
            self.server,
            request.environ["REQUEST_URI"],
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
        )

    def _note(self, incoming: IncomingRequest, user: str | None = None, refusal: str | None = None) -> None:
        self.saw(SeenRequest(incoming.method, incoming.target, dict(incoming.headers), user, refusal))

    def _caller(self, incoming: IncomingRequest) -> Caller:
        if not incoming.is_signed:
            self._note(incoming)
            return Caller(None, request.remote_addr or "", User(0, "", ("*",)).rights())
        try:
            consumer, token = self.verifier.verify(incoming)
        except OAuthRefusal as refusal:
            self._note(incoming, refusal=refusal.text)
            raise
        user = self.store.user(token.user)
        self._note(incoming, user.name)
        granted = {right for grant in token.grants for right in GRANTS.get(grant, ())}
        return Caller(
            user,
            user.name,
            [right for right in user.rights() if right in granted],
            session=f"{consumer.key}|{user.name}",
            # Edits through an owner-only consumer carry no tag.
            tags=() if consumer.owner else (f"OAuth CID: {consumer.id}",),
        )

    def _api(self) -> Response:
        incoming = self._incoming()
        query = dict(parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True))
        post, files = _posted(incoming)
        chosen = {**query, **post}
        headers, status = {"Cache-Control": "private, must-revalidate, max-age=0", "Vary": "Accept-Encoding"}, 200
        answer: dict[str, Any]
        try:
            answer = self.api.run(ApiRequest(incoming.method, query, post, files, self._api_caller(incoming)))
            is_private = re.search("userinfo|tokens", chosen.get("meta", ""))
            if chosen.get("action") == "query" and not is_private:
                headers["Vary"] = _VARY_BY_USER
        except ApiError as error:
            status = error.status
            answer = {
                "error": {"code": error.code, "info": error.info, **error.details, "docref": self.api.documentation}
            }
            headers = {**headers, "MediaWiki-API-Error": error.code, **error.headers}
        response = _formatted(answer, chosen, status, headers)
        if any("newrevid" in part for part in answer.values() if isinstance(part, dict)):
            # What MediaWiki sets after a write, so that the next read comes from the primary database.
            response.set_cookie("UseDC", "master", max_age=10, httponly=True)
            response.set_cookie("UseCDNCache", "false", max_age=10, httponly=True)
        return response

    def _api_caller(self, incoming: IncomingRequest) -> Caller:
        try:
            return self._caller(incoming)
        except OAuthRefusal as refusal:
            code, text = "mwoauth-invalid-authorization", refusal.text
            if (refusal.key or "").startswith(code):
                raise ApiError(str(refusal.key), text) from None
            raise ApiError(code, f"The authorization headers in your request are not valid: {text}") from None

    def _rest_page(self, title: str | None = None) -> Response:
        incoming = self._incoming()
        try:
            caller = self._caller(incoming)
        except OAuthRefusal:
            return _json(DENIED)
        allowed = "POST" if title is None else "HEAD, GET, PUT"
        if incoming.method not in allowed.split(", "):
            return _json(unknown_method(incoming.method, allowed))
        if "read" not in caller.rights:
            return _json(DENIED)
        if title is None:
            return _json(self.rest.create(incoming.body, caller))
        if incoming.method == "PUT":
            refused = refused_type(incoming.headers.get("content-type"))
            return _json(refused or self.rest.update(_unquoted(title), incoming.body, caller))
        answer = self.rest.read(_unquoted(title))
        if request.headers.get("If-None-Match") == answer.headers.get("ETag", ""):
            return Response(status=304, headers=dict(answer.headers))
        return _json(answer)

    def _rest_other(self, path: str) -> Response:
        self._note(self._incoming())
        return _json(unknown_path(path))

    def _index(self, title: str | None = None) -> Response:
        incoming = self._incoming()
        # A form names its page too, and its action may not.
        title = request.values.get("title", _unquoted(title or ""))
        if not title.strip():
            self._note(incoming)
            return _redirect(f"{self.server}/index.php/Main_Page", 301)
        title = title if title.startswith("Special:") else title.replace("_", " ").strip()
        prefix, _, subpage = title.partition("/")
        if prefix == "Special:OAuth" and subpage in SpecialOAuth.SUBPAGES:
            return self._special(incoming, subpage)
        # OAuth is for the API and Special:OAuth; to any other page a signature says nothing.
        self._note(incoming)
        asked = PageRequest(
            title,
            incoming.method == "POST",
            request.args.to_dict(),
            {**request.args.to_dict(), **request.form.to_dict()},
            request.cookies.get(_SESSION_COOKIE, ""),
        )
        if title.startswith("Special:"):
            return _page(self.pages.answer(asked), _NOT_STORED)
        parsed = Title.parse(title)
        page = self.store.pages.get(parsed) if parsed is not None else None
        text = page.revisions[-1].text if page else None
        if request.args.get("action") == "raw":
            headers = {"Cache-Control": "public, s-maxage=0, max-age=18000", "Vary": _VARY_OF_PAGES}
            return Response(text or "", 200 if page else 404, headers, content_type="text/x-wiki; charset=UTF-8")
        return _page(self.pages.read(asked, text), {"Cache-Control": "private, must-revalidate, max-age=0"})

    def _special(self, incoming: IncomingRequest, subpage: str) -> Response:
        answer = self.special.answer(subpage, incoming, request.values.get("format") == "json")
        self._note(incoming, refusal=answer.refusal)
        content_type = "application/json" if answer.is_json else "text/plain;charset=UTF-8"
        return Response(answer.text, 200, _NOT_STORED, content_type=content_type)


def _redirect(location: str, status: int) -> Response:
    # A consumer's callback may hold anything; MediaWiki sends it without its line ends, too.
    location = location.replace("\n", "").replace("\r", "_")
    return Response(status=status, headers={"Location": location}, content_type="text/html; charset=UTF-8")


def _page(answer: PageAnswer, headers: dict[str, str]) -> Response:
    if answer.location is not None:
        response = _redirect(answer.location, 302)
    else:
        response = Response(answer.html, answer.status, content_type="text/html; charset=UTF-8")
    # A page with a form in the frame of another would be clicked unawares.
    response.headers.update({**headers, "Vary": _VARY_OF_PAGES, "X-Frame-Options": "DENY"})
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Referrer-Policy"] = "no-referrer"
    if answer.session is not None:
        # Lax: the browser brings it along when an application sends it here, and for nothing else from outside.
        response.set_cookie(_SESSION_COOKIE, answer.session, httponly=True, samesite="Lax")
    return response


def _unquoted(title: str) -> str:
    # The only escape that cheroot leaves in a path is an encoded slash.
    return re.sub("%2F", "/", title, flags=re.IGNORECASE)


def _posted(incoming: IncomingRequest) -> tuple[dict[str, str], dict[str, bytes]]:
    if incoming.method != "POST":
        return {}, {}
    if request.mimetype == "application/x-www-form-urlencoded":
        return dict(parse_qsl(incoming.body.decode("utf-8", "replace"), keep_blank_values=True)), {}
    return dict(request.form.items()), {name: file.read() for name, file in request.files.items()}


def _formatted(answer: dict[str, Any], chosen: dict[str, str], status: int, headers: dict[str, str]) -> Response:
    wanted = chosen.get("format", "jsonfm")
    if wanted == "json":
        version = 1 if chosen.get("formatversion", "1") == "1" else 2
        text, content_type = write_json(answer, version), "application/json; charset=utf-8"
    elif wanted == "xml":
        text, content_type = write_xml(answer), "text/xml; charset=utf-8"
    else:
        return Response(write_html(answer), status, headers, content_type="text/html; charset=utf-8")
    headers["Content-Disposition"] = f"inline; filename=api-result.{wanted}"
    return Response(text, status, headers, content_type=content_type)


def _json(answer: RestAnswer) -> Response:
    text = json.dumps(answer.content, separators=(",", ":"), ensure_ascii=False)
    return Response(text, answer.status, dict(answer.headers), content_type="application/json")
