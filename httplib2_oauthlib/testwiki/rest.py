"""The embedded wiki's rest.php: reading a page, making one, changing one. No HTTP and no OAuth live here."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .api import BLOCKED, EDITING_DENIED, Caller
from .store import Page, Store, Title, User, iso_time


class RestAnswer(NamedTuple):
    """An answer: its status, its JSON, and headers of its own."""

    status: int
    content: dict[str, Any]
    headers: Mapping[str, str] = MappingProxyType({})


_NOT_STORED = MappingProxyType({"Cache-Control": "private, max-age=0, s-maxage=0"})
_TO_UPDATE = (
    'The page "{}" cannot be created since it already exists. To update the existing page, provide the base revision ID'
    ' in the structure under "latest" key in the request body.'
)
#: What rest.php says to a request whose OAuth is refused, whatever the reason.
DENIED = RestAnswer(403, {"error": "rest-read-denied", "httpCode": 403, "httpReason": "Forbidden"})


def unknown_path(path: str) -> RestAnswer:
    """Answer a path that nothing stands at."""
    return _error(404, "Not Found", f"The requested relative path (/{path}) did not match any known handler")


def unknown_method(method: str, allowed: str) -> RestAnswer:
    """Answer a method that a path does not know."""
    which = "one of the allowed methods" if "," in allowed else "the allowed method"
    told = f"The request method ({method}) was not {which} for this path ({allowed})"
    return _error(405, "Method Not Allowed", told)._replace(headers={"Allow": allowed})


class Rest:
    """The handlers of /v1/page.

    Args:
        store: What the wiki knows.
        server: Scheme and authority by which it calls itself.
    """

    def __init__(self, store: Store, server: str) -> None:
        self.store = store
        self.server = server

    def read(self, title: str) -> RestAnswer:
        """Answer GET /v1/page/{title}."""
        parsed = Title.parse(title)
        page = self.store.pages.get(parsed) if parsed is not None else None
        if page is None:
            return _error(404, "Not Found", f"The specified title ({title}) does not exist")
        etag = f'"{page.id}/{page.revisions[-1].id}"'
        headers = {"ETag": etag, "Cache-Control": "max-age=5", "Vary": "Accept-Encoding"}
        return RestAnswer(200, _described(page), headers)

    def create(self, body: bytes, caller: Caller) -> RestAnswer:
        """Answer POST /v1/page."""
        try:
            given = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            return _error(400, "Bad Request", "Error parsing JSON request body")
        for name in ("source", "title", "comment"):
            if not isinstance(given, dict) or name not in given:
                return _error(400, "Bad Request", f'Mandatory field "{name}" missing from request body.')
        title = Title.parse(str(given["title"]))
        if title is None:
            return _error(400, "Bad Request", "The title is not valid")
        refusal = _refusal(caller, "createpage")
        if refusal is not None:
            return refusal
        user = caller.user or User(0, caller.name)
        with self.store.lock:
            if title in self.store.pages:
                return _error(409, "Conflict", "The article you tried to create has been created already.")
            page, _ = self.store.save(title, str(given["source"]), user, str(given["comment"]), tags=caller.tags)
        key = _key(title).replace("/", "%2F")
        return RestAnswer(201, _described(page), {"Location": f"{self.server}/rest.php/v1/page/{key}"})

    def update(self, title: str, body: bytes, caller: Caller) -> RestAnswer:
        """Answer PUT /v1/page/{title}.

        Unlike MediaWiki it merges no changes: what MediaWiki would merge is a conflict here.
        """
        try:
            given = json.loads(body)
        except (ValueError, RecursionError):
            return _error(400, "Bad Request", "Parsing request body as JSON failed")
        if not isinstance(given, dict | list):
            return _error(400, "Bad Request", "Bad request body, must be a JSON object.")
        for name in ("source", "comment"):
            if not isinstance(given, dict) or given.get(name) is None:
                return _error(400, "Bad Request", f'Mandatory field "{name}" missing from request body.')
        parsed = Title.parse(title)
        if parsed is None:
            return _module_error("invalidtitle", f'Bad title "{title}".')
        latest = given["latest"] if isinstance(given.get("latest"), dict) else {}
        try:
            base = int(str(latest.get("id") or 0))
        except ValueError:
            return _module_error("badinteger", f'Invalid value "{latest["id"]}" for integer parameter "baserevid".')
        refusal = _refusal(caller, "edit" if base > 0 else "createpage")
        if refusal is not None:
            return refusal
        with self.store.lock:
            page = self.store.pages.get(parsed)
            if base <= 0 and page is not None:
                return _error(409, "Conflict", _TO_UPDATE.format(title))
            if base > 0 and page is None:
                return _error(404, "Not Found", "The page you specified doesn't exist.")
            source = str(given["source"])
            if page is not None and base != page.revisions[-1].id:
                if source.rstrip() not in (page.revisions[-1].text, _text_of(page, base)):
                    return _error(409, "Conflict", "Edit conflict.")
                return RestAnswer(200, _described(page), _NOT_STORED)
            user = caller.user or User(0, caller.name)
            saved, _ = self.store.save(parsed, source, user, str(given["comment"]), tags=caller.tags)
        return RestAnswer(200 if page is not None else 201, _described(saved), _NOT_STORED)


def refused_type(content_type: str | None) -> RestAnswer | None:
    """Answer a PUT whose Content-Type is not one that rest.php takes; None if it is."""
    if content_type is None:
        told = {"message": "A Content-Type header must be supplied with a request payload.", "error": "no-content-type"}
    elif content_type.partition(";")[0].strip().lower() != "application/json":
        told = {"message": "Unsupported Content-Type", "content_type": content_type}
    else:
        return None
    return RestAnswer(415, {**told, "httpCode": 415, "httpReason": "Unsupported Media Type"})


def _refusal(caller: Caller, right: str) -> RestAnswer | None:
    """Answer who may not do what needs a right; None if they may."""
    if caller.user is not None and caller.user.is_blocked:
        return _module_error("blocked", BLOCKED)
    return None if right in caller.rights else _module_error("permissiondenied", EDITING_DENIED)


def _module_error(code: str, message: str) -> RestAnswer:
    error = _error(400, "Bad Request", message)
    return error._replace(content={"actionModuleErrorCode": code, **error.content})


def _text_of(page: Page, revision: int) -> str | None:
    return next((each.text for each in page.revisions if each.id == revision), None)


def _described(page: Page) -> dict[str, Any]:
    newest = page.revisions[-1]
    return {
        "id": page.id,
        "key": _key(page.title),
        "title": str(page.title),
        "latest": {"id": newest.id, "timestamp": iso_time(newest.timestamp)},
        "content_model": "wikitext",
        "license": {"url": "", "title": ""},
        "source": newest.text,
    }


def _key(title: Title) -> str:
    return str(title).replace(" ", "_")


def _error(status: int, reason: str, message: str) -> RestAnswer:
    return RestAnswer(status, {"messageTranslations": {"en": message}, "httpCode": status, "httpReason": reason})
