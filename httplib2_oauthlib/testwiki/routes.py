"""The embedded wiki's pages and entry points as a Flask application: HTTP in, HTTP out, all answers from elsewhere."""

import html
import json
import re
from collections.abc import Callable
from email.utils import formatdate
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import Flask, Response, request

from .api import Api, ApiError, ApiRequest, Caller
from .formats import write_html, write_json, write_xml
from .oauth import IncomingRequest, OAuthRefusal, Verifier
from .rest import DENIED, Rest, RestAnswer, unknown_method, unknown_path
from .special import SpecialOAuth
from .store import GRANTS, Store, Title, User

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_VARY_BY_USER = "Accept-Encoding,Treat-as-Untrusted,Cookie,Authorization"


class SeenRequest(NamedTuple):
    """A request that the wiki was asked.

    Attributes:
        method: In upper case.
        target: The request target, to the byte.
        headers: As they arrived, names in lower case.
        user: Who was signed in, or None.
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

    def app(self) -> Flask:
        """Return the WSGI application."""
        app = Flask("testwiki")
        app.url_map.merge_slashes = False

        def route(rule: str, answer: Callable[..., Response]) -> None:
            app.add_url_rule(rule, rule, answer, methods=_METHODS, provide_automatic_options=False)

        route("/api.php", self._api)
        route("/rest.php/v1/page", self._rest_page)
        route("/rest.php/v1/page/<path:title>", self._rest_page)
        route("/rest.php/<path:path>", self._rest_other)
        route("/index.php", self._index)
        route("/index.php/<path:title>", self._index)

        @app.after_request
        def date(response: Response) -> Response:
            # The wiki's own clock, also where a test has put it wrong.
            response.headers["Date"] = formatdate(self.store.clock(), usegmt=True)
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
            raise ApiError(
                "mwoauth-invalid-authorization",
                f"The authorization headers in your request are not valid: {refusal.text}",
            ) from None

    def _rest_page(self, title: str | None = None) -> Response:
        incoming = self._incoming()
        try:
            caller = self._caller(incoming)
        except OAuthRefusal:
            return _json(DENIED)
        if incoming.method not in (("POST",) if title is None else ("GET", "HEAD")):
            return _json(unknown_method(incoming.method))
        if title is None:
            return _json(self.rest.create(incoming.body, caller))
        answer = self.rest.read(_unquoted(title))
        if request.headers.get("If-None-Match") == answer.headers.get("ETag", ""):
            return Response(status=304, headers=dict(answer.headers))
        return _json(answer)

    def _rest_other(self, path: str) -> Response:
        self._note(self._incoming())
        return _json(unknown_path(path))

    def _index(self, title: str | None = None) -> Response:
        incoming = self._incoming()
        title = request.args.get("title", _unquoted(title or "Main_Page"))
        prefix, _, subpage = title.partition("/")
        if prefix == "Special:OAuth" and subpage in SpecialOAuth.SUBPAGES:
            return self._special(incoming, subpage)
        # OAuth is for the API and Special:OAuth; to any other page a signature says nothing.
        self._note(incoming)
        parsed = Title.parse(title)
        page = self.store.pages.get(parsed) if parsed is not None else None
        status = 200 if page else 404
        headers = {"Vary": "Accept-Encoding,Cookie,Authorization"}
        if request.args.get("action") == "raw":
            headers["Cache-Control"] = "public, s-maxage=0, max-age=18000"
            text = page.revisions[-1].text if page else ""
            return Response(text, status, headers, content_type="text/x-wiki; charset=UTF-8")
        text = page.revisions[-1].text if page else "There is currently no text in this page."
        body = f"<!DOCTYPE html>\n<title>{html.escape(title)}</title>\n<pre>{html.escape(text)}</pre>\n"
        return Response(body, status, headers, content_type="text/html; charset=UTF-8")

    def _special(self, incoming: IncomingRequest, subpage: str) -> Response:
        answer = self.special.answer(subpage, incoming, request.args.get("format") == "json")
        self._note(incoming, refusal=answer.refusal)
        headers = {
            "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
            "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
            "Pragma": "no-cache",
        }
        content_type = "application/json" if answer.is_json else "text/plain;charset=UTF-8"
        return Response(answer.text, 200, headers, content_type=content_type)


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
