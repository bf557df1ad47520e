"""The embedded wiki's rest.php: reading a page and making one. No HTTP and no OAuth live here."""

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


#: What rest.php says to a request whose OAuth is refused, whatever the reason.
DENIED = RestAnswer(403, {"error": "rest-read-denied", "httpCode": 403, "httpReason": "Forbidden"})


def unknown_path(path: str) -> RestAnswer:
    """Answer a path that nothing stands at."""
    return _error(404, "Not Found", f"The requested relative path (/{path}) did not match any known handler")


def unknown_method(method: str, allowed: str) -> RestAnswer:
    """Answer a method that a path does not know."""
    told = f"The request method ({method}) was not the allowed method for this path ({allowed})"
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
        except ValueError:
            return _error(400, "Bad Request", "Error parsing JSON request body")
        for name in ("source", "title", "comment"):
            if not isinstance(given, dict) or name not in given:
                return _error(400, "Bad Request", f'Mandatory field "{name}" missing from request body.')
        title = Title.parse(str(given["title"]))
        if title is None:
            return _error(400, "Bad Request", "The title is not valid")
        if caller.user is not None and caller.user.is_blocked:
            blocked = _error(400, "Bad Request", BLOCKED)
            return blocked._replace(content={"actionModuleErrorCode": "blocked", **blocked.content})
        if "createpage" not in caller.rights:
            denied = _error(400, "Bad Request", EDITING_DENIED)
            return denied._replace(content={"actionModuleErrorCode": "permissiondenied", **denied.content})
        user = caller.user or User(0, caller.name)
        with self.store.lock:
            if title in self.store.pages:
                return _error(409, "Conflict", "The article you tried to create has been created already.")
            page, _ = self.store.save(title, str(given["source"]), user, str(given["comment"]), tags=caller.tags)
        key = _key(title).replace("/", "%2F")
        return RestAnswer(201, _described(page), {"Location": f"{self.server}/rest.php/v1/page/{key}"})


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
