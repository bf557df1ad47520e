"""The embedded wiki's rest.php: it reads, creates and updates a page. This module has no HTTP and no OAuth."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from .api_request import ApiError, Caller, escape_wikitext
from .permissions import check_may_edit
from .refusals import OAuthRefusal
from .rest_bodies import RestError, RestResponse, parsed_body, validated_body
from .store import Page, Store, iso_time
from .titles import Title

# Paths that MediaWiki has and the embedded wiki has not. Their requests are verified before they are refused.
_UNSUPPORTED_PATH = re.compile(
    "v1/page/[^/]+/(bare|html|with_html|history.*|lint|links/.*)|v1/(search|revision|file)/.+|oauth2/.+"
)
_REDIRECT = re.compile(r"#REDIRECT\s*\[\[(.+?)\]\]", re.IGNORECASE)
_CONTENT_MODELS = ("wikitext", "css", "javascript", "json", "text")


class RestRequest(NamedTuple):
    """A request to rest.php.

    Attributes:
        method: The HTTP method in upper case.
        path: The path behind ``rest.php/``. All its escapes are decoded, except for those of slashes.
        query: The query, without its question mark.
        headers: The header fields, with their names in lower case.
        body: The body.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def title(self) -> str:
        """The title in the path, or an empty str."""
        return re.sub("%2F", "/", "".join(self.path.split("/")[2:3]), flags=re.IGNORECASE)


@dataclass(frozen=True)
class Rest:
    """The handlers of /v1/page.

    Attributes:
        store: The wiki's data.
        server: The wiki's scheme and authority.
    """

    store: Store
    server: str

    def respond_unverified(self, request: RestRequest) -> RestResponse | None:
        """Return the response to a request that MediaWiki answers before it verifies OAuth, or None."""
        version = self.store.version
        try:
            allowed = _allowed_methods(request.path)
            if allowed is not None and request.method not in allowed.split(", "):
                which = "one of the allowed methods" if "," in allowed else "the allowed method"
                text = f"The request method ({request.method}) was not {which} for this path ({allowed})"
                raise RestError(405, text, headers={"Allow": allowed})
            if version.rest_is_strict and request.method in ("PUT", "POST"):
                parsed_body(request.body, request.headers.get("content-type"), version)
        except RestError as error:
            return error.response(version)
        return None

    def refuse(self, refusal: OAuthRefusal) -> RestResponse:
        """Return the response to a request whose OAuth part is refused."""
        explains = self.store.version.rest_explains_refusals
        error = RestError(403, refusal.api_text, refusal.api_code) if explains else _read_denied()
        return error.response(self.store.version)

    def respond(self, request: RestRequest, caller: Caller) -> RestResponse:
        """Return the response to a request whose OAuth part is valid, or that isn't signed."""
        try:
            if "read" not in caller.rights:
                raise _read_denied()
            if request.method in ("GET", "HEAD"):
                return self._read(request, caller)
            if request.method == "POST":
                return self._create(request, caller)
            etag = self._etag(self.store.page(Title.parse(request.title)))
            if request.headers.get("if-match", etag) != etag:
                return RestResponse(412, "")
            return self._update(request, caller)
        except ApiError as error:
            key, text = error.key or f"apierror-{error.code}", error.wikitext or error.info
            rest_error = RestError(400, text, key, actionModuleErrorCode=error.code)
        except RestError as error:
            rest_error = error
        return rest_error.response(self.store.version)

    # Reading

    def _read(self, request: RestRequest, caller: Caller) -> RestResponse:
        """Handle GET /v1/page/{title}."""
        version = self.store.version
        is_page = request.path.startswith("v1/page/")
        title = Title.parse(request.title) if is_page else None
        cached = {} if caller.user is None else {"Cache-Control": "private,must-revalidate,s-maxage=0"}
        if version.rest_is_strict and title is not None and title.key != request.title:
            location = _path_of(title) + quote("".join(f"/{part}" for part in request.path.split("/")[3:]))
            location += f"?{request.query}" if request.query else ""
            shown = html.escape(location)
            page_text = f'<!doctype html><title>Redirect</title><a href="{shown}">{shown}</a>'
            return RestResponse(301, page_text, {"Location": location, **cached})
        page = self.store.page(title)
        if is_page and page is None:
            raise _no_such_page(request.title, title, version.rest_is_strict)
        if page is None or _UNSUPPORTED_PATH.fullmatch(request.path):
            raise _no_match(request.path)
        etag = self._etag(page)
        headers = {"ETag": etag, "Last-Modified": formatdate(page.latest.timestamp, usegmt=True)}
        if _is_unchanged(request, etag, page):
            return RestResponse(304, "", headers if version.rest_is_strict else {})
        if not version.rest_is_strict or caller.user is None:
            cached = {"Cache-Control": "max-age=5"}
        content, found = _page_object(page), _REDIRECT.match(page.latest.text)
        target = Title.parse(found[1]) if found and version.rest_is_strict else None
        if target is not None:
            query = version.rest_redirect_query or request.query
            content["redirect_target"] = f"{_path_of(target)}{'?' if query else ''}{query}"
        return RestResponse(200, content, {**headers, **cached})

    @staticmethod
    def _etag(page: Page | None) -> str:
        """Return the entity tag of a page, or an empty str if the page does not exist."""
        return f'"{page.id}/{page.latest.id}"' if page else ""

    # Writing

    def _create(self, request: RestRequest, caller: Caller) -> RestResponse:
        """Handle POST /v1/page."""
        fields = self._fields(request, caller, ("source", "title", "comment"), ())
        title = _valid_title(str(fields["title"]))
        check_may_edit(self.store, caller, "edit", "createpage")
        with self.store.lock:
            if title in self.store.pages:
                text = f"The {self.store.version.page_word} you tried to create has been created already."
                raise RestError(409, text, "apierror-articleexists")
            page = self._save(title, fields, caller)
        response = self._saved(201, page)
        return response._replace(headers={**response.headers, "Location": self.server + _path_of(title)})

    def _update(self, request: RestRequest, caller: Caller) -> RestResponse:
        """Handle PUT /v1/page/{title}.

        MediaWiki merges changes that do not conflict. The embedded wiki merges nothing and returns a conflict.
        """
        fields = self._fields(request, caller, ("source", "comment"), ("latest",))
        title = _valid_title(request.title)
        latest = fields["latest"] if isinstance(fields.get("latest"), dict) else {}
        try:
            base = int(str(latest.get("id") or 0))
        except ValueError:
            text = f'Invalid value "{latest["id"]}" for integer parameter "baserevid".'
            raise ApiError("badinteger", text, key="paramvalidator-badinteger") from None
        check_may_edit(self.store, caller, "edit", *([] if base > 0 else ["createpage"]))
        with self.store.lock:
            page = self.store.page(title)
            if page is None and base > 0:
                raise RestError(404, "The page you specified doesn't exist.", "apierror-missingtitle")
            if page is not None and self._has_nothing_to_save(page, request.title, base, str(fields["source"])):
                return self._saved(200, page)
            return self._saved(201 if page is None else 200, self._save(title, fields, caller))

    def _has_nothing_to_save(self, page: Page, title: str, base: int, source: str) -> bool:
        """Return whether an update changes nothing.

        Args:
            page: The page.
            title: The page's title as the request has it.
            base: The id of the revision that the update is based on, or 0 to create the page.
            source: The new text.

        Raises:
            RestError: The update conflicts with what is there.
        """
        if base <= 0:
            text = (
                f'The page "{title}" cannot be created since it already exists. To update the existing page, provide'
                ' the base revision ID in the structure under "latest" key in the request body.'
            )
            raise RestError(409, text, "rest-update-cannot-create-page")
        if base == page.latest.id:
            return False
        # An update that changes nothing, or that makes a change that was made already, conflicts with nothing.
        base_text = next((revision.text for revision in page.revisions if revision.id == base), None)
        if source.rstrip() in (page.latest.text, base_text):
            return True
        # Later versions overwrite the page if the base is a revision of another page.
        if base_text is None and self.store.version.rest_is_strict:
            return False
        raise RestError(409, "Edit conflict.", "edit-conflict")

    def _fields(
        self, request: RestRequest, caller: Caller, required: tuple[str, ...], optional: tuple[str, ...]
    ) -> dict[str, Any]:
        """Return the fields of a request's body."""
        parsed = parsed_body(request.body, request.headers.get("content-type"), self.store.version)
        if caller.user is None:
            has_token = isinstance(parsed, dict) and parsed.get("token")
            missing = "The <var>token</var> parameter is required unless using a CSRF-safe authentication method."
            raise RestError(403, "CSRF error - no session." if has_token else missing, "rest-badtoken")
        fields = validated_body(parsed, required, ("content_model", *optional, "token"), self.store.version)
        model = fields.get("content_model")
        if model is not None and model not in _CONTENT_MODELS:
            raise RestError(400, f"Bad content model: {model}", "rest-bad-content-model")
        return fields

    def _save(self, title: Title, fields: dict[str, Any], caller: Caller) -> Page:
        """Save the page that a request body describes."""
        source, comment = str(fields["source"]), str(fields["comment"])
        return self.store.save(title, source, caller.author(), comment, tags=caller.tags)[0]

    def _saved(self, status: int, page: Page) -> RestResponse:
        """Return the response to a request that has saved a page, or that had nothing to save."""
        return RestResponse(status, _page_object(page), self.store.version.rest_write_headers)


def _allowed_methods(path: str) -> str | None:
    """Return the methods that a path allows, or None if the embedded wiki does not support the path.

    Raises:
        RestError: MediaWiki does not have the path either.
    """
    if path == "v1/page":
        return "POST"
    if re.fullmatch("v1/page/[^/]+", path):
        return "HEAD, GET, PUT"
    if _UNSUPPORTED_PATH.fullmatch(path):
        return "HEAD, GET"
    raise _no_match(path)


def _no_match(path: str) -> RestError:
    """Return the error for a path that has no handler."""
    return RestError(404, f"The requested relative path (/{path}) did not match any known handler", "rest-no-match")


def _read_denied() -> RestError:
    """Return the error for a caller without the right to read. Before 1.44, any refusal of OAuth looks like it."""
    return RestError(403, None, error="rest-read-denied")


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
        raise ApiError("invalidtitle", f'Bad title "{given}".', wikitext=f'Bad title "{escape_wikitext(given)}".')
    return title


def _path_of(title: Title) -> str:
    """Return the path of a page."""
    return f"/rest.php/v1/page/{quote(title.key, safe=':')}"


def _is_unchanged(request: RestRequest, etag: str, page: Page) -> bool:
    """Return whether a client has the newest revision of a page already."""
    if "if-none-match" in request.headers:
        return request.headers["if-none-match"] == etag
    try:
        return parsedate_to_datetime(request.headers["if-modified-since"]).timestamp() >= int(page.latest.timestamp)
    except (KeyError, ValueError):
        return False


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
