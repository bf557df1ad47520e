"""The embedded wiki's rest.php: it reads, creates and updates a page."""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from flask import Response, request

from .api_request import ApiError, Caller
from .permissions import check_may_edit
from .refusals import OAuthRefusal
from .store import Page, Store, iso_time
from .titles import Title
from .versions import Version

# Paths that MediaWiki has and the embedded wiki has not. Their requests are verified before they are refused.
_UNSUPPORTED_PATH = re.compile(
    "v1/page/[^/]+/(bare|html|with_html|history.*|lint|links/.*)|v1/(search|revision|file)/.+|oauth2/.+"
)
_CONTENT_MODELS = (None, "wikitext", "css", "javascript", "json", "text")


@dataclass(eq=False)
class RestError(Exception):
    """An error of rest.php.

    Attributes:
        status: The HTTP status.
        text: MediaWiki's message, or None for an error that has only a code.
        key: The message's key, or an empty str. MediaWiki 1.39 did not send it.
        details: Further members of the error.
        headers: Header fields that are sent with the error.
    """

    status: int
    text: str | None
    key: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, version: Version) -> Response:
        """Return the error as a version of MediaWiki sends it."""
        content = dict(self.details)
        if self.key and version.rest_is_strict:
            content["errorKey"] = self.key
        if self.text is not None:
            content["messageTranslations"] = {"en": self.text}
        content.update(httpCode=self.status, httpReason=HTTPStatus(self.status).phrase)
        return _json(self.status, content, self.headers)


def check_before_oauth(path: str, version: Version) -> None:
    """Check what MediaWiki checks before it verifies OAuth; ``path`` is the path behind ``rest.php/``.

    Raises:
        RestError: The path, the method or the body is not valid.
    """
    if path == "v1/page":
        allowed = "POST"
    elif re.fullmatch("v1/page/[^/]+", path):
        allowed = "HEAD, GET, PUT"
    elif _UNSUPPORTED_PATH.fullmatch(path):
        allowed = "HEAD, GET"
    else:
        raise _no_match(path)
    if request.method not in allowed.split(", "):
        which = "one of the allowed methods" if "," in allowed else "the allowed method"
        text = f"The request method ({request.method}) was not {which} for this path ({allowed})"
        raise RestError(405, text, headers={"Allow": allowed})
    if version.rest_is_strict and request.method in ("PUT", "POST"):
        _parsed_body(version)


def refuse(refusal: OAuthRefusal, version: Version) -> RestError:
    """Return the error for a request whose OAuth part is refused."""
    return RestError(403, refusal.api_text, refusal.api_code) if version.rest_explains_refusals else _read_denied()


def respond(store: Store, path: str, caller: Caller) -> Response:
    """Return the response to a request whose OAuth part is valid, or that isn't signed.

    Raises:
        RestError: The response is an error.
    """
    title = re.sub("%2F", "/", "".join(path.split("/")[2:3]), flags=re.IGNORECASE)
    try:
        if "read" not in caller.rights:
            raise _read_denied()
        if request.method in ("GET", "HEAD"):
            return _read(store, path, title, caller)
        if request.method == "POST":
            return _create(store, caller)
        etag = _etag(store.page(Title.parse(title)))
        if request.headers.get("If-Match", etag) != etag:
            return Response(status=412)
        return _update(store, title, caller)
    except ApiError as error:
        key, text = error.key or f"apierror-{error.code}", error.wikitext or error.info
        raise RestError(400, text, key, {"actionModuleErrorCode": error.code}) from None


def _read(store: Store, path: str, given: str, caller: Caller) -> Response:
    """Handle GET /v1/page/{title}."""
    is_strict = store.version.rest_is_strict
    is_page = path.startswith("v1/page/")
    title = Title.parse(given) if is_page else None
    cached = {} if caller.user is None else {"Cache-Control": "private,must-revalidate,s-maxage=0"}
    if is_strict and title is not None and title.key != given:
        query = request.query_string.decode("latin-1")
        location = _path_of(title) + quote("".join(f"/{part}" for part in path.split("/")[3:]))
        location += f"?{query}" if query else ""
        link = f'<a href="{html.escape(location)}">{html.escape(location)}</a>'
        return Response(f"<!doctype html><title>Redirect</title>{link}", 301, {"Location": location, **cached})
    page = store.page(title)
    if is_page and page is None:
        raise _no_such_page(given, title, is_strict)
    if page is None or _UNSUPPORTED_PATH.fullmatch(path):
        raise _no_match(path)
    headers = {"ETag": _etag(page), "Last-Modified": formatdate(page.latest.timestamp, usegmt=True)}
    if request.headers.get("If-None-Match") == headers["ETag"]:
        return Response(status=304, headers=headers if is_strict else {})
    if not is_strict or caller.user is None:
        cached = {"Cache-Control": "max-age=5"}
    return _json(200, _page_object(page), {**headers, **cached})


def _etag(page: Page | None) -> str:
    """Return the entity tag of a page, or an empty str if the page does not exist."""
    return f'"{page.id}/{page.latest.id}"' if page else ""


def _create(store: Store, caller: Caller) -> Response:
    """Handle POST /v1/page."""
    fields = _fields(store.version, caller, ("source", "title", "comment"))
    title = _valid_title(fields["title"])
    check_may_edit(store, caller, "edit", "createpage")
    with store.lock:
        if title in store.pages:
            text = f"The {store.version.page_word} you tried to create has been created already."
            raise RestError(409, text, "apierror-articleexists")
        response = _save(store, title, fields, caller)
    response.headers["Location"] = store.server + _path_of(title)
    return response


def _update(store: Store, given: str, caller: Caller) -> Response:
    """Handle PUT /v1/page/{title}.

    MediaWiki merges changes that do not conflict. The embedded wiki merges nothing and returns a conflict.
    """
    fields = _fields(store.version, caller, ("source", "comment"), "latest")
    title = _valid_title(given)
    latest = fields["latest"] if isinstance(fields.get("latest"), dict) else {}
    try:
        base = int(str(latest.get("id") or 0))
    except ValueError:
        text = f'Invalid value "{latest["id"]}" for integer parameter "baserevid".'
        raise ApiError("badinteger", text, key="paramvalidator-badinteger") from None
    check_may_edit(store, caller, "edit", *([] if base > 0 else ["createpage"]))
    with store.lock:
        page = store.page(title)
        if page is None and base > 0:
            raise RestError(404, "The page you specified doesn't exist.", "apierror-missingtitle")
        if page is not None and base <= 0:
            text = (
                f'The page "{given}" cannot be created since it already exists. To update the existing page, provide'
                ' the base revision ID in the structure under "latest" key in the request body.'
            )
            raise RestError(409, text, "rest-update-cannot-create-page")
        if page is not None and _has_nothing_to_save(page, base, fields["source"], store.version):
            return _saved(200, page, store.version)
        return _save(store, title, fields, caller)


def _has_nothing_to_save(page: Page, base: int, source: str, version: Version) -> bool:
    """Return whether an update changes nothing; ``base`` is the id of the revision that it is based on.

    Raises:
        RestError: The update conflicts with what is there.
    """
    if base == page.latest.id:
        return False
    # An update that changes nothing, or that makes a change that was made already, conflicts with nothing.
    base_text = next((revision.text for revision in page.revisions if revision.id == base), None)
    if source.rstrip() in (page.latest.text, base_text):
        return True
    # Later versions overwrite the page if the base is a revision of another page.
    if base_text is None and version.rest_is_strict:
        return False
    raise RestError(409, "Edit conflict.", "edit-conflict")


def _parsed_body(version: Version) -> Any:
    """Return the JSON in the body, or None if the body is empty.

    Raises:
        RestError: The body is not JSON.
    """
    body = request.get_data()
    if not body:
        return None
    if request.mimetype != "application/json":
        given = request.content_type.partition(";")[0].strip() if request.content_type is not None else "(null)"
        raise RestError(415, f"Unsupported Content-Type: {given}", "rest-unsupported-content-type")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict | list):
        text = "Parsing request body as JSON failed"
        text += ": not a valid JSON object" if version.rest_is_strict else ""
        raise RestError(400, text, "rest-json-body-parse-error")
    return parsed


def _fields(version: Version, caller: Caller, required: Sequence[str], *optional: str) -> dict[str, Any]:
    """Return the fields of the body.

    Raises:
        RestError: A field is missing, unknown or not valid.
    """
    parsed = _parsed_body(version)
    fields: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
    if caller.user is None:
        missing = "The <var>token</var> parameter is required unless using a CSRF-safe authentication method."
        raise RestError(403, "CSRF error - no session." if fields.get("token") else missing, "rest-badtoken")
    details: dict[str, Any] = {"error": "parameter-validation-failed"}
    for name in required:
        if isinstance(fields.get(name), str):
            continue
        if not version.rest_is_strict:
            raise RestError(400, f'Mandatory field "{name}" missing from request body.')
        text = f'Invalid request body: The "{name}" parameter must be set.'
        details |= {"name": name, "value": None, "failureCode": "missingparam", "failureData": None}
        raise RestError(400, text, "rest-body-validation-error", details)
    unknown = [name for name in fields if name not in (*required, *optional, "content_model", "token")]
    if unknown and version.rest_is_strict:
        names = ", ".join(unknown)
        details |= {"failureCode": "extraneous-body-fields", "name": names, "failureData": unknown}
        text = f"Extraneous fields found in request body: {names}"
        raise RestError(400, text, "rest-extraneous-body-fields", details)
    model = fields.get("content_model")
    if model not in _CONTENT_MODELS:
        raise RestError(400, f"Bad content model: {model}", "rest-bad-content-model")
    return fields


def _save(store: Store, title: Title, fields: dict[str, Any], caller: Caller) -> Response:
    """Save the page that a request body describes, and return the response."""
    status = 200 if title in store.pages else 201
    page, _ = store.save(title, fields["source"], caller.author(), fields["comment"], tags=caller.tags)
    return _saved(status, page, store.version)


def _saved(status: int, page: Page, version: Version) -> Response:
    """Return the response to a request that has saved a page, or that had nothing to save."""
    return _json(status, _page_object(page), version.rest_write_headers)


def _json(status: int, content: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return a response of rest.php."""
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return Response(text, status, headers, content_type="application/json")


def _no_match(path: str) -> RestError:
    """Return the error for a path that has no handler."""
    return RestError(404, f"The requested relative path (/{path}) did not match any known handler", "rest-no-match")


def _read_denied() -> RestError:
    """Return the error for a caller without the right to read. Before 1.44, any refusal of OAuth looks like it."""
    return RestError(403, None, details={"error": "rest-read-denied"})


def _no_such_page(given: str, title: Title | None, is_strict: bool) -> RestError:
    """Return the error for a page that does not exist, or for a title that is not valid."""
    if not is_strict:
        return RestError(404, f"The specified title ({given}) does not exist")
    if title is None:
        return RestError(404, f"The specified title ({given}) does not refer to a wiki page.", "rest-invalid-title")
    return RestError(404, f"The specified page ({given}) does not exist", "rest-nonexistent-title")


def _valid_title(given: str) -> Title:
    """Return the title of a page that is to be saved."""
    title = Title.parse(given)
    if title is None:
        shown = re.sub(r"[\"&'<=>\[\]{|}]", lambda found: f"&#{ord(found[0])};", given)
        raise ApiError("invalidtitle", f'Bad title "{shown}".')
    return title


def _path_of(title: Title) -> str:
    """Return the path of a page."""
    return f"/rest.php/v1/page/{quote(title.key, safe=':')}"


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
