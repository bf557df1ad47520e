"""The embedded wiki as a Flask application, which connects HTTP with the wiki's entry points."""

import re
from collections.abc import Callable, Iterable, Mapping
from email.utils import formatdate
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Flask, Response, g, request

from .api import error_result, run
from .api_request import ApiError, ApiRequest, ApiResult, Caller
from .formats import write_html, write_json, write_xml
from .oauth import IncomingRequest, Verifier
from .pages import PAGE_REFUSAL, PageView, redirect
from .refusals import OAuthRefusal
from .rest import RestError, check_before_oauth, refuse, respond
from .rights import rights_of_grants
from .special import SUBPAGES, application_response
from .store import Store
from .titles import Title

# The key of the site in the environment of a request.
_SITE = f"{__package__}.site"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NOT_CACHED = {
    "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Pragma": "no-cache",
}
_REVALIDATED = {"Cache-Control": "private, must-revalidate, max-age=0"}
_VARY_OF_PAGES = {"Vary": "Accept-Encoding,Cookie,Authorization"}
_VARY_OF_QUERIES = {"Vary": "Accept-Encoding,Treat-as-Untrusted,Cookie,Authorization"}


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
    """The wiki's entry points, as a WSGI application.

    ``lag`` is the database lag in seconds. ``record`` is called with every request.
    """

    def __init__(self, store: Store, lag: Callable[[], float], record: Callable[[SeenRequest], None]) -> None:
        self.store = store
        self.lag = lag
        self.record = record
        self.verifier = Verifier(store)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Respond to a request, as a WSGI application."""
        return _flask()({**environ, _SITE: self}, start_response)

    def _begin(self) -> None:
        """Keep the current request as it arrived. Flask discards the body when it parses a form."""
        g.incoming = IncomingRequest(
            request.method.upper(),
            self.store.server,
            request.environ["REQUEST_URI"],
            {name.lower(): value for name, value in request.headers.items()},
            request.get_data(),
            request.remote_addr or "",
        )

    def _finish(self, response: Response) -> Response:
        """Record the current request, and add the header fields of all responses."""
        incoming: IncomingRequest = g.incoming
        user, refusal = g.get("user"), g.get("refusal")
        self.record(SeenRequest(incoming.method, incoming.target, dict(incoming.headers), user, refusal))
        # Date is the time of the wiki's own clock, which a test may have set wrong.
        response.headers["Date"] = formatdate(self.store.clock(), usegmt=True)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    def _caller(self) -> Caller:
        """Verify the current request and return its caller.

        Raises:
            OAuthRefusal: MediaWiki refuses the OAuth part of the request.
        """
        incoming: IncomingRequest = g.incoming
        # Any web page may send a request with origin=*. MediaWiki answers it as an anonymous one, without verifying it.
        is_foreign = request.path == "/api.php" and request.args.get("origin") == "*"
        if is_foreign or not incoming.is_signed:
            return Caller(None, incoming.remote_address, self.store.rights(None))
        try:
            consumer, token = self.verifier.verify(incoming)
        except OAuthRefusal as refusal:
            g.refusal = refusal.text
            raise
        user = self.store.user(token.user)
        g.user = user.name
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

    def _api(self) -> Response:
        """Return the response of api.php."""
        query = dict(parse_qsl(request.query_string.decode("ascii", "replace"), keep_blank_values=True))
        post, files = _posted()
        parameters = {**query, **post}
        headers = {**_REVALIDATED, "X-Frame-Options": "DENY", **self.store.version.api_headers}
        if query.get("origin") == "*":
            headers["MediaWiki-Login-Suppressed"] = "true"
        status = 200
        result: ApiResult
        try:
            try:
                caller = self._caller()
            except OAuthRefusal as refusal:
                raise ApiError(refusal.api_code, refusal.api_text, module="") from None
            result = run(ApiRequest(self.store, request.method.upper(), query, post, files, caller), self.lag())
            is_private = re.search("userinfo|tokens", parameters.get("meta", ""))
            if parameters.get("action") == "query" and not is_private:
                headers.update(_VARY_OF_QUERIES)
        except ApiError as error:
            status = error.status
            result = error_result(self.store, error, parameters)
            headers = {**headers, "MediaWiki-API-Error": error.code, **error.headers}
        response = _formatted(result, parameters, status, headers)
        if "edit" in result or "upload" in result:
            self._set_write_cookies(response)
        return response

    def _rest(self, path: str = "") -> Response:
        """Return the response of rest.php."""
        version = self.store.version
        try:
            check_before_oauth(path, version)
            try:
                caller = self._caller()
            except OAuthRefusal as refusal:
                raise refuse(refusal, version) from None
            response = respond(self.store, path, caller)
        except RestError as error:
            response = error.response(version)
        response.headers["Vary"] = "x-restbase-compat" if version.rest_is_strict else ""
        if request.method == "POST" and response.status_code == HTTPStatus.CREATED:
            self._set_write_cookies(response)
        return response

    def _set_write_cookies(self, response: Response) -> None:
        """Set the cookies that let a client's next request read from the primary database."""
        for name, value in self.store.version.write_cookies.items():
            response.set_cookie(name, value, max_age=10, httponly=True)

    def _index(self, title: str = "") -> Response:
        """Return the response of index.php; ``title`` is the title in the path, or an empty str."""
        # Encoded slashes are the only escapes that cheroot leaves encoded.
        title = re.sub("%2F", "/", title, flags=re.IGNORECASE)
        # The form's title wins, because the path that a form is sent to may lack one.
        title = request.values.get("title", title)
        title = title if title.startswith("Special:") else title.replace("_", " ").strip()
        name, _, subpage = title.partition("/")
        if name == "Special:OAuth" and subpage in SUBPAGES:
            response = application_response(self.verifier, subpage, g.incoming, request.values.get("format") == "json")
            response.headers.update(_NOT_CACHED)
            return response
        # MediaWiki verifies OAuth only for its APIs and for Special:OAuth.
        view = PageView(self.store, title)
        if g.incoming.is_signed and self.store.version.pages_refuse_oauth and name != "Special:OAuth":
            g.refusal = PAGE_REFUSAL
            return _as_page(view.refuse_oauth(), _NOT_CACHED)
        if not title:
            response = redirect(f"{self.store.server}/index.php/Main_Page", 301)
            response.headers.update({**_REVALIDATED, **_VARY_OF_PAGES})
            return response
        if title.startswith("Special:"):
            # Without a subpage, Special:OAuth only explains itself.
            return _as_page(view.special(), _REVALIDATED if title == "Special:OAuth" else _NOT_CACHED)
        page = self.store.page(Title.parse(title))
        text = page.latest.text if page else None
        if request.args.get("action") == "raw":
            headers = {
                "Cache-Control": "public, s-maxage=0, max-age=18000",
                **_VARY_OF_PAGES,
                **self.store.version.api_headers,
            }
            if page:
                headers["Last-Modified"] = formatdate(page.latest.timestamp, usegmt=True)
            return Response(text or "", 200 if page else 404, headers, content_type="text/x-wiki; charset=UTF-8")
        return _as_page(view.read(text), _REVALIDATED)


def _view(of_site: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function for Flask that calls a method of the site that the current request is for."""
    return lambda *args, **kwargs: of_site(request.environ[_SITE], *args, **kwargs)


@cache
def _flask() -> Flask:
    """Return the Flask application of all sites. It takes Flask milliseconds to create one, and a wiki starts often."""
    app = Flask(__package__, static_folder=None)
    app.url_map.merge_slashes = False
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    rules = {"/api.php": Site._api, "/rest.php/<path:path>": Site._rest, "/index.php/<path:title>": Site._index}
    rules |= {"/rest.php": Site._rest, "/rest.php/": Site._rest, "/index.php": Site._index, "/": Site._index}
    for rule, method in rules.items():
        app.add_url_rule(rule, rule, _view(method), methods=_METHODS, provide_automatic_options=False)
    app.before_request(_view(Site._begin))
    app.after_request(_view(Site._finish))
    return app


def _as_page(response: Response, headers: Mapping[str, str]) -> Response:
    """Add the header fields of a page or of its redirect."""
    # Another site could frame a page with a form and trick the user into clicking on it.
    response.headers.update({**headers, **_VARY_OF_PAGES, "X-Frame-Options": "DENY"})
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _posted() -> tuple[dict[str, str], dict[str, bytes]]:
    """Return the parameters and the files in the body of the current request."""
    if request.method != "POST":
        return {}, {}
    if request.mimetype == "application/x-www-form-urlencoded":
        return dict(parse_qsl(request.get_data().decode("utf-8", "replace"), keep_blank_values=True)), {}
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
