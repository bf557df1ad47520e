"""The embedded wiki's rest.php: it reads, creates and updates a page. This module has no HTTP and no OAuth."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from .api_request import ApiError, Caller, check_may_edit
from .store import Page, Store, iso_time
from .titles import Title


class RestResponse(NamedTuple):
    """A response of rest.php.

    Attributes:
        status: The HTTP status.
        content: The JSON object in the body.
        headers: The header fields that only this response has.
    """

    status: int
    content: dict[str, Any]
    headers: Mapping[str, str] = MappingProxyType({})


_NOT_CACHED = MappingProxyType({"Cache-Control": "private, max-age=0, s-maxage=0"})
#: The response to a request whose OAuth part is refused for any reason, and to a caller without the right to read.
READ_DENIED = RestResponse(403, {"error": "rest-read-denied", "httpCode": 403, "httpReason": "Forbidden"})


def unknown_path(path: str) -> RestResponse:
    """Return the response to a path that has no handler."""
    return _error(404, "Not Found", f"The requested relative path (/{path}) did not match any known handler")


def unknown_method(method: str, allowed: str) -> RestResponse:
    """Return the response to a method that a path does not allow."""
    which = "one of the allowed methods" if "," in allowed else "the allowed method"
    message = f"The request method ({method}) was not {which} for this path ({allowed})"
    return _error(405, "Method Not Allowed", message)._replace(headers={"Allow": allowed})


def check_content_type(content_type: str | None) -> RestResponse | None:
    """Return the error response to a PUT with this Content-Type, or None if rest.php accepts it."""
    if content_type is None:
        error = {
            "message": "A Content-Type header must be supplied with a request payload.",
            "error": "no-content-type",
        }
    elif content_type.partition(";")[0].strip().lower() != "application/json":
        error = {"message": "Unsupported Content-Type", "content_type": content_type}
    else:
        return None
    return RestResponse(415, {**error, "httpCode": 415, "httpReason": "Unsupported Media Type"})


@dataclass(frozen=True)
class Rest:
    """The handlers of /v1/page.

    Attributes:
        store: The wiki's data.
        server: The wiki's scheme and authority.
    """

    store: Store
    server: str

    def read(self, title: str) -> RestResponse:
        """Handle GET /v1/page/{title}."""
        page = self.store.page(Title.parse(title))
        if page is None:
            return _error(404, "Not Found", f"The specified title ({title}) does not exist")
        etag = f'"{page.id}/{page.latest.id}"'
        headers = {"ETag": etag, "Cache-Control": "max-age=5", "Vary": "Accept-Encoding"}
        return RestResponse(200, _page_object(page), headers)

    def create(self, body: bytes, caller: Caller) -> RestResponse:
        """Handle POST /v1/page."""
        try:
            given = json.loads(body or b"{}")
        except (ValueError, RecursionError):
            return _error(400, "Bad Request", "Error parsing JSON request body")
        for name in ("source", "title", "comment"):
            if not isinstance(given, dict) or name not in given:
                return _missing_field(name)
        title = Title.parse(str(given["title"]))
        if title is None:
            return _error(400, "Bad Request", "The title is not valid")
        try:
            check_may_edit(caller, "createpage")
        except ApiError as error:
            return _module_error(error.code, error.info)
        with self.store.lock:
            if title in self.store.pages:
                return _error(409, "Conflict", "The article you tried to create has been created already.")
            page = self._save(title, given, caller)
        key = title.key.replace("/", "%2F")
        return RestResponse(201, _page_object(page), {"Location": f"{self.server}/rest.php/v1/page/{key}"})

    def update(self, title: str, body: bytes, caller: Caller) -> RestResponse:
        """Handle PUT /v1/page/{title}.

        MediaWiki merges changes that do not conflict. The embedded wiki merges nothing and returns a conflict.
        """
        try:
            given = json.loads(body)
        except (ValueError, RecursionError):
            return _error(400, "Bad Request", "Parsing request body as JSON failed")
        if not isinstance(given, dict | list):
            return _error(400, "Bad Request", "Bad request body, must be a JSON object.")
        for name in ("source", "comment"):
            if not isinstance(given, dict) or given.get(name) is None:
                return _missing_field(name)
        parsed = Title.parse(title)
        if parsed is None:
            return _module_error("invalidtitle", f'Bad title "{title}".')
        latest = given["latest"] if isinstance(given.get("latest"), dict) else {}
        try:
            base = int(str(latest.get("id") or 0))
        except ValueError:
            return _module_error("badinteger", f'Invalid value "{latest["id"]}" for integer parameter "baserevid".')
        try:
            check_may_edit(caller, "edit" if base > 0 else "createpage")
        except ApiError as error:
            return _module_error(error.code, error.info)
        with self.store.lock:
            page = self.store.page(parsed)
            settled = _without_saving(page, title, base, str(given["source"]))
            if settled is not None:
                return settled
            saved = self._save(parsed, given, caller)
        return RestResponse(200 if page is not None else 201, _page_object(saved), _NOT_CACHED)

    def _save(self, title: Title, given: dict[str, Any], caller: Caller) -> Page:
        """Save the page that a request body describes."""
        source, comment = str(given["source"]), str(given["comment"])
        return self.store.save(title, source, caller.author(), comment, tags=caller.tags)[0]


def _without_saving(page: Page | None, title: str, base: int, source: str) -> RestResponse | None:
    """Return the response to an update that must not be saved, or None if it may be saved.

    Args:
        page: The page, or None if it does not exist.
        title: The page's title as the request has it.
        base: The id of the revision that the update is based on, or 0 to create the page.
        source: The new text.
    """
    if page is None:
        return _error(404, "Not Found", "The page you specified doesn't exist.") if base > 0 else None
    if base <= 0:
        return _error(
            409,
            "Conflict",
            f'The page "{title}" cannot be created since it already exists. To update the existing page, provide the'
            ' base revision ID in the structure under "latest" key in the request body.',
        )
    if base == page.latest.id:
        return None
    # An update that changes nothing, or that makes a change that was made already, conflicts with nothing.
    base_text = next((revision.text for revision in page.revisions if revision.id == base), None)
    if source.rstrip() in (page.latest.text, base_text):
        return RestResponse(200, _page_object(page), _NOT_CACHED)
    return _error(409, "Conflict", "Edit conflict.")


def _page_object(page: Page) -> dict[str, Any]:
    """Return a page as rest.php does, with its latest revision."""
    return {
        "id": page.id,
        "key": page.title.key,
        "title": str(page.title),
        "latest": {"id": page.latest.id, "timestamp": iso_time(page.latest.timestamp)},
        "content_model": "wikitext",
        "license": {"url": "", "title": ""},
        "source": page.latest.text,
    }


def _missing_field(name: str) -> RestResponse:
    """Return the error for a body without a field that it must have."""
    return _error(400, "Bad Request", f'Mandatory field "{name}" missing from request body.')


def _module_error(code: str, message: str) -> RestResponse:
    """Return an error that comes from a module of api.php, which rest.php edits through."""
    error = _error(400, "Bad Request", message)
    return error._replace(content={"actionModuleErrorCode": code, **error.content})


def _error(status: int, reason: str, message: str) -> RestResponse:
    """Return an error of rest.php."""
    return RestResponse(status, {"messageTranslations": {"en": message}, "httpCode": status, "httpReason": reason})
