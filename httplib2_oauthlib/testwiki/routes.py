"""The embedded wiki as a Flask application, which connects HTTP with the wiki's entry points."""

import json
import re
from collections.abc import Callable, Mapping
from email.utils import formatdate
from http import HTTPStatus
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl

from flask import Flask, Response, request

from .api import Api
from .api_request import ApiError, ApiRequest, ApiResult, Caller
from .authorization import Authorization
from .formats import write_html, write_json, write_xml
from .oauth import IncomingRequest, Verifier
from .pages import PAGE_REFUSAL, PageRequest, PageResponse, Pages
from .refusals import OAuthRefusal
from .rest import Rest, RestRequest
from .rest_bodies import RestResponse
from .rights import rights_of_grants
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
_PATH_INFO = (
    'This endpoint does not support "path info", i.e. extra text between "api.php" and the "?". Remove any such text'
    " and try again."
)
_REVALIDATED = "private, must-revalidate, max-age=0"
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
        route("/rest.php", self._rest)
        route("/rest.php/", self._rest)
        route("/rest.php/<path:path>", self._rest)
        route("/api.php/<path:path>", self._api_with_path)
        route("/", self._index)
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
            request.remote_addr or "",
        )

    def _record(self, incoming: IncomingRequest, user: str | None = None, refusal: str | None = None) -> None:
        """Record a request."""
        self.record(SeenRequest(incoming.method, incoming.target, dict(incoming.headers), user, refusal))

    def _anonymous(self) -> Caller:
        """Return the caller of a request that isn't signed."""
        return Caller(None, request.remote_addr or "", self.store.rights(None))

    def _caller(self, incoming: IncomingRequest) -> Caller:
        """Verify and record a request, and return its caller.

        Raises:
            OAuthRefusal: MediaWiki refuses the OAuth part of the request.
        """
        if not incoming.is_signed:
            self._record(incoming)
            return self._anonymous()
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
            [right for right in self.store.rights(user) if right in granted],
            session=f"{consumer.key}|{user.name}",
            # MediaWiki does not tag edits of owner-only consumers.
            tags=() if consumer.owner else (f"OAuth CID: {consumer.id}",),
            address=incoming.remote_address,
        )

    # api.php

    def _api(self) -> Response:
        """Return the response of api.php."""
        incoming = self._incoming()
        query = dict(parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True))
        post, files = _posted(incoming)
        parameters = {**query, **post}
        headers = {"Cache-Control": _REVALIDATED, "X-Frame-Options": "DENY", **self._policy()}
        if query.get("origin") == "*":
            headers["MediaWiki-Login-Suppressed"] = "true"
        status = 200
        result: ApiResult
        try:
            result = self.api.run(ApiRequest(incoming.method, query, post, files, self._api_caller(incoming)))
            is_private = re.search("userinfo|tokens", parameters.get("meta", ""))
            if parameters.get("action") == "query" and not is_private:
                headers["Vary"] = _VARY_OF_QUERIES
        except ApiError as error:
            status = error.status
            result = self.api.error_result(error, parameters)
            codes = [each.code for each in (error, *error.more)]
            codes = sorted(codes) if self.store.version.sorts_error_codes else codes
            headers = {**headers, "MediaWiki-API-Error": ", ".join(codes), **error.headers}
        response = _formatted(result, parameters, status, headers)
        if "edit" in result or "upload" in result:
            self._set_write_cookies(response)
        return response

    def _api_with_path(self, **_: str) -> Response:
        """Return the response to a request for api.php with more path behind it, which MediaWiki redirects."""
        self._record(self._incoming())
        query = request.query_string.decode("latin-1")
        response = _redirect(f"{self.server}/api.php{'?' if query else ''}{query}", 301)
        response.set_data(_PATH_INFO)
        return response

    def _policy(self) -> dict[str, str]:
        """Return the Content-Security-Policy header of what is not a page."""
        policy = self.store.version.api_policy
        return {"Content-Security-Policy": policy} if policy else {}

    def _api_caller(self, incoming: IncomingRequest) -> Caller:
        """Return the caller of a request to api.php. Turn a refusal into an error of api.php."""
        if request.args.get("origin") == "*":
            # Any web page may send such a request. MediaWiki answers it as an anonymous one, without verifying it.
            self._record(incoming)
            return self._anonymous()
        try:
            return self._caller(incoming)
        except OAuthRefusal as refusal:
            key = refusal.api_code
            error = ApiError(key, refusal.api_text, key=key, params=[] if key == refusal.key else [refusal.text])
            error.module = ""
            raise error from None

    # rest.php

    def _rest(self, path: str = "") -> Response:
        """Return the response of rest.php."""
        incoming = self._incoming()
        query = request.query_string.decode("latin-1")
        rest_request = RestRequest(incoming.method, path, query, incoming.headers, incoming.body)
        response = self.rest.respond_unverified(rest_request)
        if response is not None:
            self._record(incoming)
            return self._rest_response(response)
        try:
            response = self.rest.respond(rest_request, self._caller(incoming))
        except OAuthRefusal as refusal:
            response = self.rest.refuse(refusal)
        answer = self._rest_response(response)
        if incoming.method == "POST" and response.status == HTTPStatus.CREATED:
            self._set_write_cookies(answer)
        return answer

    def _rest_response(self, response: RestResponse) -> Response:
        """Return a response of rest.php as an HTTP response."""
        headers = {**response.headers, "Vary": "x-restbase-compat" if self.store.version.rest_is_strict else ""}
        if isinstance(response.content, str):
            content_type = None if response.status == HTTPStatus.NOT_MODIFIED else "text/html; charset=utf-8"
            return Response(response.content, response.status, headers, content_type=content_type)
        text = json.dumps(response.content, separators=(",", ":"), ensure_ascii=False)
        return Response(text, response.status, headers, content_type="application/json")

    def _set_write_cookies(self, response: Response) -> None:
        """Set the cookies that let a client's next request read from the primary database."""
        for name, value in self.store.version.write_cookies.items():
            response.set_cookie(name, value, max_age=10, httponly=True)

    # index.php

    def _index(self, title: str | None = None) -> Response:
        """Return the response of index.php; ``title`` is the title in the path, or None."""
        incoming = self._incoming()
        # The form's title wins, because the path that a form is sent to may lack one.
        title = request.values.get("title", _decode_slashes(title or ""))
        title = title if title.startswith("Special:") else title.replace("_", " ").strip()
        name, _, subpage = title.partition("/")
        if name == "Special:OAuth" and subpage in SpecialOAuth.SUBPAGES:
            return self._special_oauth(incoming, subpage)
        page_request = PageRequest(
            title,
            incoming.method == "POST",
            request.args.to_dict(),
            {**request.args.to_dict(), **request.form.to_dict()},
            request.cookies.get(_SESSION_COOKIE, ""),
        )
        if incoming.is_signed and self.store.version.pages_refuse_oauth and name != "Special:OAuth":
            self._record(incoming, refusal=PAGE_REFUSAL)
            return _page(self.pages.refuse_oauth(page_request), _NOT_CACHED)
        # MediaWiki verifies OAuth only for its APIs and for Special:OAuth.
        self._record(incoming)
        if not title:
            headers = {"Cache-Control": _REVALIDATED, "Vary": _VARY_OF_PAGES}
            return _redirect(f"{self.server}/index.php/Main_Page", 301, headers)
        if title.startswith("Special:"):
            # Without a subpage, Special:OAuth only explains itself.
            cached = {"Cache-Control": _REVALIDATED} if title == "Special:OAuth" else _NOT_CACHED
            return _page(self.pages.respond(page_request), cached)
        page = self.store.page(Title.parse(title))
        text = page.latest.text if page else None
        if request.args.get("action") == "raw":
            headers = {"Cache-Control": "public, s-maxage=0, max-age=18000", "Vary": _VARY_OF_PAGES, **self._policy()}
            if page:
                headers["Last-Modified"] = formatdate(page.latest.timestamp, usegmt=True)
            return Response(text or "", 200 if page else 404, headers, content_type="text/x-wiki; charset=UTF-8")
        return _page(self.pages.read(page_request, text), {"Cache-Control": _REVALIDATED})

    def _special_oauth(self, incoming: IncomingRequest, subpage: str) -> Response:
        """Return the response of Special:OAuth to an application."""
        response = self.special_oauth.respond(subpage, incoming, request.values.get("format") == "json")
        self._record(incoming, refusal=response.refusal)
        content_type = "application/json" if response.is_json else "text/plain;charset=UTF-8"
        return Response(response.text, 200, _NOT_CACHED, content_type=content_type)


def _redirect(location: str, status: int, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """Return a redirect. Like MediaWiki, remove line ends, because a consumer's callback may hold anything."""
    location = location.replace("\n", "").replace("\r", "_")
    return Response(status=status, headers={"Location": location, **headers}, content_type=_HTML)


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
