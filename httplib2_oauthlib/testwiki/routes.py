"""The embedded wiki as a Flask application, which connects HTTP with the wiki's entry points."""

import json
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import parse_qsl

from flask import Flask, Response, request

from .api import Api
from .api_request import ApiError, ApiRequest, ApiResult, Caller
from .authorization import Authorization
from .formats import write_html, write_json, write_xml
from .oauth import IncomingRequest, Verifier
from .pages import PageRequest, PageResponse, Pages
from .refusals import OAuthRefusal
from .rest import READ_DENIED, Rest, RestResponse, check_content_type, unknown_method, unknown_path
from .rights import rights_of_grants, rights_of_groups
from .special import SpecialOAuth
from .store import Store
from .titles import Title

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_SESSION_COOKIE = "testwiki_session"
_NOT_CACHED = {
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Pragma": "no-cache",
}
_VARY_OF_PAGES = "Accept-Encoding,Cookie,Authorization"
_VARY_OF_QUERIES = "Accept-Encoding,Treat-as-Untrusted,Cookie,Authorization"
_HTML = "text/html; charset=UTF-8"


class SeenRequest(NamedTuple):
    """A request that the wiki has received.

    Attributes:
        method: The HTTP method in upper case.
        target: The request target, unchanged.
        headers: The header fields, with their names in lower case.
        user: The name of the user whose OAuth credentials signed the request, or None.
        refusal: MediaWiki's message if it refused the OAuth part of the request, or None.
    """

    method: str
    target: str
    headers: dict[str, str]
    user: str | None
    refusal: str | None


class Site:
    """The wiki's entry points.

    Args:
        store: The wiki's data.
        server: The wiki's scheme and authority.
        lag: Returns the wiki's database lag in seconds.
        record: Called with every request.
    """

    def __init__(
        self, store: Store, server: str, lag: Callable[[], float], record: Callable[[SeenRequest], None]
    ) -> None:
        self.store = store
        self.server = server
        self.record = record
        self.verifier = Verifier(store)
        self.api = Api(store, server, lag)
        self.rest = Rest(store, server)
        self.special_oauth = SpecialOAuth(store, self.verifier, server)
        self.pages = Pages(store, Authorization(store, server), server)

    def app(self) -> Flask:
        """Return the WSGI application."""
        app = Flask("testwiki", static_folder=None)
        app.url_map.merge_slashes = False

        def route(rule: str, view: Callable[..., Response]) -> None:
            app.add_url_rule(rule, rule, view, methods=_METHODS, provide_automatic_options=False)

        route("/api.php", self._api)
        route("/rest.php/v1/page", self._rest_page)
        route("/rest.php/v1/page/<path:title>", self._rest_page)
        route("/rest.php/<path:path>", self._rest_unknown)
        route("/", lambda: _redirect(f"{self.server}/index.php/Main_Page", 301))
        route("/index.php", self._index)
        route("/index.php/<path:title>", self._index)

        @app.after_request
        def add_headers(response: Response) -> Response:
            # Date is the time of the wiki's own clock, which a test may have set wrong.
            response.headers["Date"] = formatdate(self.store.clock(), usegmt=True)
            response.headers["X-Content-Type-Options"] = "nosniff"
            return response

        return app

    # OAuth

    def _incoming(self) -> IncomingRequest:
        """Return the current request."""
        return IncomingRequest(
            request.method.upper(),
            self.server,
            request.environ["REQUEST_URI"],
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
        )

    def _record(self, incoming: IncomingRequest, user: str | None = None, refusal: str | None = None) -> None:
        """Record a request."""
        self.record(SeenRequest(incoming.method, incoming.target, dict(incoming.headers), user, refusal))

    def _caller(self, incoming: IncomingRequest) -> Caller:
        """Verify and record a request, and return its caller.

        Raises:
            OAuthRefusal: MediaWiki refuses the OAuth part of the request.
        """
        if not incoming.is_signed:
            self._record(incoming)
            return Caller(None, request.remote_addr or "", rights_of_groups(("*",)))
        try:
            consumer, token = self.verifier.verify(incoming)
        except OAuthRefusal as refusal:
            self._record(incoming, refusal=refusal.text)
            raise
        user = self.store.user(token.user)
        self._record(incoming, user.name)
        granted = rights_of_grants(token.grants)
        return Caller(
            user,
            user.name,
            [right for right in user.rights() if right in granted],
            session=f"{consumer.key}|{user.name}",
            # MediaWiki does not tag edits of owner-only consumers.
            tags=() if consumer.owner else (f"OAuth CID: {consumer.id}",),
        )

    # api.php

    def _api(self) -> Response:
        """Return the response of api.php."""
        incoming = self._incoming()
        query = dict(parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True))
        post, files = _posted(incoming)
        parameters = {**query, **post}
        headers, status = {"Cache-Control": "private, must-revalidate, max-age=0", "Vary": "Accept-Encoding"}, 200
        result: ApiResult
        try:
            result = self.api.run(ApiRequest(incoming.method, query, post, files, self._api_caller(incoming)))
            is_private = re.search("userinfo|tokens", parameters.get("meta", ""))
            if parameters.get("action") == "query" and not is_private:
                headers["Vary"] = _VARY_OF_QUERIES
        except ApiError as error:
            status = error.status
            result = {
                "error": {"code": error.code, "info": error.info, **error.details, "docref": self.api.documentation}
            }
            headers = {**headers, "MediaWiki-API-Error": error.code, **error.headers}
        response = _formatted(result, parameters, status, headers)
        if any("newrevid" in part for part in result.values() if isinstance(part, dict)):
            # MediaWiki sets these cookies after an edit, so that the next request reads from the primary database.
            response.set_cookie("UseDC", "master", max_age=10, httponly=True)
            response.set_cookie("UseCDNCache", "false", max_age=10, httponly=True)
        return response

    def _api_caller(self, incoming: IncomingRequest) -> Caller:
        """Return the caller of a request to api.php. Turn a refusal into an error of api.php."""
        try:
            return self._caller(incoming)
        except OAuthRefusal as refusal:
            code, text = "mwoauth-invalid-authorization", refusal.text
            if (refusal.key or "").startswith(code):
                raise ApiError(str(refusal.key), text) from None
            raise ApiError(code, f"The authorization headers in your request are not valid: {text}") from None

    # rest.php

    def _rest_page(self, title: str | None = None) -> Response:
        """Return the response of rest.php/v1/page; ``title`` is the title in the path, or None."""
        incoming = self._incoming()
        try:
            caller = self._caller(incoming)
        except OAuthRefusal:
            return _json(READ_DENIED)
        allowed = "POST" if title is None else "HEAD, GET, PUT"
        if incoming.method not in allowed.split(", "):
            return _json(unknown_method(incoming.method, allowed))
        if "read" not in caller.rights:
            return _json(READ_DENIED)
        if title is None:
            return _json(self.rest.create(incoming.body, caller))
        if incoming.method == "PUT":
            error = check_content_type(incoming.headers.get("content-type"))
            return _json(error or self.rest.update(_decode_slashes(title), incoming.body, caller))
        response = self.rest.read(_decode_slashes(title))
        if request.headers.get("If-None-Match") == response.headers.get("ETag", ""):
            return Response(status=304, headers=dict(response.headers))
        return _json(response)

    def _rest_unknown(self, path: str) -> Response:
        """Return the response of rest.php to a path that it has no handler for."""
        self._record(self._incoming())
        return _json(unknown_path(path))

    # index.php

    def _index(self, title: str | None = None) -> Response:
        """Return the response of index.php; ``title`` is the title in the path, or None."""
        incoming = self._incoming()
        # The form's title wins, because the path that a form is sent to may lack one.
        title = request.values.get("title", _decode_slashes(title or ""))
        if not title.strip():
            self._record(incoming)
            return _redirect(f"{self.server}/index.php/Main_Page", 301)
        title = title if title.startswith("Special:") else title.replace("_", " ").strip()
        prefix, _, subpage = title.partition("/")
        if prefix == "Special:OAuth" and subpage in SpecialOAuth.SUBPAGES:
            return self._special_oauth(incoming, subpage)
        # MediaWiki verifies OAuth only for its APIs and for Special:OAuth. All other pages ignore a signature.
        self._record(incoming)
        page_request = PageRequest(
            title,
            incoming.method == "POST",
            request.args.to_dict(),
            {**request.args.to_dict(), **request.form.to_dict()},
            request.cookies.get(_SESSION_COOKIE, ""),
        )
        if title.startswith("Special:"):
            return _page(self.pages.respond(page_request), _NOT_CACHED)
        page = self.store.page(Title.parse(title))
        text = page.latest.text if page else None
        if request.args.get("action") == "raw":
            headers = {"Cache-Control": "public, s-maxage=0, max-age=18000", "Vary": _VARY_OF_PAGES}
            return Response(text or "", 200 if page else 404, headers, content_type="text/x-wiki; charset=UTF-8")
        return _page(self.pages.read(page_request, text), {"Cache-Control": "private, must-revalidate, max-age=0"})

    def _special_oauth(self, incoming: IncomingRequest, subpage: str) -> Response:
        """Return the response of Special:OAuth to an application."""
        response = self.special_oauth.respond(subpage, incoming, request.values.get("format") == "json")
        self._record(incoming, refusal=response.refusal)
        content_type = "application/json" if response.is_json else "text/plain;charset=UTF-8"
        return Response(response.text, 200, _NOT_CACHED, content_type=content_type)


def _redirect(location: str, status: int) -> Response:
    """Return a redirect. Like MediaWiki, remove line ends, because a consumer's callback may hold anything."""
    location = location.replace("\n", "").replace("\r", "_")
    return Response(status=status, headers={"Location": location}, content_type=_HTML)


def _page(page: PageResponse, headers: Mapping[str, str]) -> Response:
    """Return a page, or its redirect, as an HTTP response."""
    if page.location is not None:
        response = _redirect(page.location, 302)
    else:
        response = Response(page.html, page.status, content_type=_HTML)
    # Another site could frame a page with a form and trick the user into clicking on it.
    response.headers.update({**headers, "Vary": _VARY_OF_PAGES, "X-Frame-Options": "DENY"})
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Referrer-Policy"] = "no-referrer"
    if page.session is not None:
        # With SameSite=Lax, the browser sends the cookie when an application redirects here. The browser does not send
        # the cookie with any other request that comes from another site.
        response.set_cookie(_SESSION_COOKIE, page.session, httponly=True, samesite="Lax")
    return response


def _decode_slashes(title: str) -> str:
    """Decode the encoded slashes in a path, which are the only escapes that cheroot leaves encoded."""
    return re.sub("%2F", "/", title, flags=re.IGNORECASE)


def _posted(incoming: IncomingRequest) -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the parameters and the files in the body of the current request."""
    if incoming.method != "POST":
        return {}, {}
    if request.mimetype == "application/x-www-form-urlencoded":
        return dict(parse_qsl(incoming.body.decode("utf-8", "replace"), keep_blank_values=True)), {}
    return dict(request.form.items()), {name: file.read() for name, file in request.files.items()}


def _formatted(result: ApiResult, parameters: Mapping[str, str], status: int, headers: dict[str, str]) -> Response:
    """Return a result of api.php as an HTTP response, in the format that the parameters ask for."""
    wanted = parameters.get("format", "jsonfm")
    if wanted == "json":
        version = 1 if parameters.get("formatversion", "1") == "1" else 2
        text, content_type = write_json(result, version), "application/json; charset=utf-8"
    elif wanted == "xml":
        text, content_type = write_xml(result), "text/xml; charset=utf-8"
    else:
        return Response(write_html(result), status, headers, content_type="text/html; charset=utf-8")
    headers["Content-Disposition"] = f"inline; filename=api-result.{wanted}"
    return Response(text, status, headers, content_type=content_type)


def _json(response: RestResponse) -> Response:
    """Return a response of rest.php as an HTTP response."""
    text = json.dumps(response.content, separators=(",", ":"), ensure_ascii=False)
    return Response(text, response.status, dict(response.headers), content_type="application/json")
