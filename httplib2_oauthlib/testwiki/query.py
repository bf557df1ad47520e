"""``action=query`` of api.php: the modules that read."""

import hashlib
import html
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from .api_request import ApiError, ApiRequest, ApiResult
from .continuation import Continuation, bad_continue
from .siteinfo import general, site_lists
from .store import Page, Revision, Store, iso_time
from .titles import NAMESPACES, Title
from .userinfo import userinfo

#: The csrf token of every caller who isn't logged in.
ANONYMOUS_TOKEN = "+\\"

#: The values of the parameters prop, list, generator and meta.
PAGE_MODULES, LISTS, GENERATORS = ("info", "revisions", "templates"), ("allpages",), ("allpages", "templates")
METAS = ("siteinfo", "userinfo", "tokens")
#: The values of the parameters siprop, type, inprop and rvprop.
SITE_PROPERTIES = ("general", "namespaces", "namespacealiases", "extensions", "fileextensions")
TOKEN_TYPES = ("createaccount csrf deleteglobalaccount login patrol rollback userrights watch").split()
INFO_PROPERTIES = ("protection", "url")
REVISION_PROPERTIES = (
    "ids flags timestamp user userid size sha1 contentmodel comment parsedcomment content tags roles"
).split()

# How many values a parameter may have, and how many results a module returns, without and with the right
# apihighlimits.
_VALUES, _RESULTS = (50, 500), (500, 5000)
_FOR_ONE_PAGE = (
    "titles, pageids or a generator was used to supply multiple pages, but the rvlimit, rvstartid, rvendid,"
    " rvdir=newer, rvuser, rvexcludeuser, rvstart, and rvend parameters may only be used on a single page."
)
# These do not need a session, so a caller who isn't logged in gets them, too.
_TOKENS_FOR_LOGIN = ("login", "createaccount")


@dataclass(frozen=True)
class Query:
    """The modules of ``action=query``.

    Attributes:
        store: The wiki's data.
        server: The wiki's scheme and authority.
        host: The wiki's host name.
    """

    store: Store
    server: str
    host: str

    def run(self, request: ApiRequest) -> ApiResult:
        """Run the modules that a request names."""
        page_modules = request.multi_value("query", "prop", PAGE_MODULES)
        modules = [*page_modules, *request.multi_value("query", "list", LISTS)]
        modules += request.multi_value("query", "meta", METAS)
        continuation = Continuation(request, modules, page_modules)
        found = {} if continuation.pages_are_done else self._pages(request, continuation)
        if continuation.runs("allpages"):
            found["allpages"] = [_entry(page) for page in self._allpages(request, continuation, "ap")]
        if continuation.runs("siteinfo"):
            # siteinfo adds its properties to the result directly. The other modules add one member each.
            found.update(self._siteinfo(request))
        if continuation.runs("userinfo"):
            found["userinfo"] = userinfo(self.store, request)
        if continuation.runs("tokens"):
            found["tokens"] = self._tokens(request)
        return {**continuation.result(), **({"query": found} if found else {})}

    def _siteinfo(self, request: ApiRequest) -> ApiResult:
        """Return ``meta=siteinfo``."""
        store = self.store
        every = {"general": general(self.server, self.host, iso_time(store.clock()), store.version), **site_lists()}
        return {name: every[name] for name in request.multi_value("siteinfo", "siprop", SITE_PROPERTIES, "general")}

    def _tokens(self, request: ApiRequest) -> ApiResult:
        """Return ``meta=tokens``."""
        session = request.caller.session
        tokens = {}
        for name in request.multi_value("tokens", "type", TOKEN_TYPES, "csrf"):
            salt = "" if name == "csrf" else name
            has_token = session or name in _TOKENS_FOR_LOGIN
            tokens[f"{name}token"] = self.store.sessions.csrf_token(session, salt) if has_token else ANONYMOUS_TOKEN
        return tokens

    def _allpages(self, request: ApiRequest, continuation: Continuation, prefix: str) -> list[Page]:
        """Return a batch of ``list=allpages``, whose parameters begin with ``ap``, or with ``gap`` for a generator."""
        namespace = request.integer(f"{prefix}namespace", 0)
        if namespace not in NAMESPACES or namespace < 0:
            raise ApiError("badvalue", f'Unrecognized value for parameter "{prefix}namespace": {namespace}.')
        start, end, beginning = (_key(request.get(prefix + name) or "") for name in ("from", "to", "prefix"))
        start = request.get(f"{prefix}continue") or start
        shown, is_descending = request.get(f"{prefix}filterredir"), request.get(f"{prefix}dir") == "descending"
        limit = request.limit("allpages", f"{prefix}limit", _allowed(_RESULTS, request))
        first, last = (end, start) if is_descending else (start, end)
        pages = {
            _key(page.title.text): page for page in list(self.store.pages.values()) if page.title.namespace == namespace
        }
        found = [
            page
            for key, page in sorted(pages.items(), reverse=is_descending)
            if key >= first
            and (not last or key <= last)
            and key.startswith(beginning)
            and shown != ("nonredirects" if _is_redirect(page) else "redirects")
        ]
        if len(found) > limit:
            continuation.add(
                "allpages", f"{prefix}continue", _key(found[limit].title.text), is_generator=prefix == "gap"
            )
        return found[:limit]

    def _pages(self, request: ApiRequest, continuation: Continuation) -> ApiResult:
        """Return the pages that a request names, with their properties."""
        generator = request.get("generator")
        given = request.get("titles")
        normalized, missing, existing = self._titles(given.split("|") if given is not None else [], request)
        if generator == "allpages":
            normalized, missing, existing = [], [], self._allpages(request, continuation, "gap")
        elif generator == "templates":
            rows = _templates(request, existing, continuation, "gtl")
            normalized, missing, existing = self._titles([str(title) for _, title in rows], request)
        elif generator is not None:
            raise ApiError("badvalue", f'Unrecognized value for parameter "generator": {generator}.')
        entries = [_entry(page) for page in existing]
        if continuation.runs("info"):
            wanted = request.multi_value("info", "inprop", INFO_PROPERTIES)
            for entry in missing:
                if "missing" in entry:
                    entry.update(_info(None, entry["title"], wanted, self.server))
            for entry, page in zip(entries, existing, strict=True):
                entry.update(_info(page, entry["title"], wanted, self.server))
        if continuation.runs("revisions"):
            _add_revisions(request, entries, existing, continuation)
        if continuation.runs("templates"):
            for page, title in _templates(request, existing, continuation, "tl"):
                used = entries[existing.index(page)].setdefault("templates", [])
                used.append({"ns": title.namespace, "title": str(title)})
        result: ApiResult = {"normalized": normalized} if normalized else {}
        pages = missing + entries
        if request.flag("indexpageids") and pages:
            numbers = itertools.count(1)
            result["pageids"] = [str(entry.get("pageid") or -next(numbers)) for entry in pages]
        return {**result, "pages": pages} if pages else result

    def _titles(
        self, titles: Sequence[str], request: ApiRequest
    ) -> tuple[list[ApiResult], list[ApiResult], list[Page]]:
        """Return which titles were normalized, the entries of titles without a page, and the pages.

        MediaWiki lists missing pages first, then invalid titles.
        """
        _check_count(titles, _allowed(_VALUES, request))
        normalized, missing, invalid, existing = [], [], [], []
        for text in titles:
            title = Title.parse(text)
            if title is None:
                invalid.append(_invalid_title(text))
                continue
            if str(title) != text:
                normalized.append({"fromencoded": False, "from": text, "to": str(title)})
            page = self.store.page(title)
            if page is None:
                missing.append({"ns": title.namespace, "title": str(title), "missing": True})
            else:
                existing.append(page)
        return normalized, missing + invalid, existing


def _allowed(limits: tuple[int, int], request: ApiRequest) -> int:
    """Return the limit that applies to a caller."""
    return limits["apihighlimits" in request.caller.rights]


def _check_count(titles: Sequence[str], limit: int) -> None:
    """Check that a request doesn't name too many titles."""
    if len(titles) > limit:
        raise ApiError(
            "toomanyvalues",
            f'Too many values supplied for parameter "titles". The limit is {limit}.',
            details={"limit": limit, "lowlimit": _VALUES[0], "highlimit": _VALUES[1]},
        )


def _invalid_title(text: str) -> ApiResult:
    """Return the entry of a title that isn't valid."""
    bad = re.search(r"[\[\]{}|#<>]", text)
    reason = f'The requested page title contains invalid characters: "{bad[0]}".' if bad else "Bad title."
    return {"title": text, "invalidreason": reason, "invalid": True}


def _entry(page: Page) -> ApiResult:
    """Return a page's entry, without its properties."""
    return {"pageid": page.id, "ns": page.title.namespace, "title": str(page.title)}


def _key(text: str) -> str:
    """Return the key of a title without its namespace, by which MediaWiki sorts pages."""
    return (text[:1].upper() + text[1:]).replace(" ", "_")


def _is_redirect(page: Page) -> bool:
    """Return whether a page redirects to another one."""
    return re.match(r"\s*#redirect\s*:?\s*\[\[", page.latest.text, re.IGNORECASE) is not None


def _templates(
    request: ApiRequest, pages: Sequence[Page], continuation: Continuation, prefix: str
) -> list[tuple[Page, Title]]:
    """Return a batch of ``prop=templates``: each page, and a page that it transcludes."""
    every = [str(number) for number in NAMESPACES if number >= 0]
    wanted = request.multi_value("templates", f"{prefix}namespace", every, "*")
    start = request.get(f"{prefix}continue") or "0|0|"
    if not re.fullmatch(r"\d{1,9}\|\d{1,2}\|[^|]*", start):
        raise bad_continue()
    page_id, namespace, key = start.split("|")
    rows = {(page.id, title.namespace, _key(title.text)): (page, title) for page in pages for title in _used_by(page)}
    rows = {
        row: rows[row] for row in sorted(rows) if str(row[1]) in wanted and row >= (int(page_id), int(namespace), key)
    }
    limit = request.limit("templates", f"{prefix}limit", _allowed(_RESULTS, request))
    if len(rows) > limit:
        next_row = "|".join(map(str, list(rows)[limit]))
        continuation.add("templates", f"{prefix}continue", next_row, is_generator=prefix == "gtl")
    return list(rows.values())[:limit]


def _used_by(page: Page) -> Iterator[Title]:
    """Return the pages whose names stand between two braces in a page."""
    for name in re.findall(r"\{\{\s*([^{}|\n]+?)\s*(?=\||\}\})", page.latest.text):
        title = Title.parse(name)
        if title is not None and not title.namespace and not name.startswith(":"):
            title = Title.parse(f"Template:{name}")
        if title is not None:
            yield title


def _info(page: Page | None, title: str, wanted: Sequence[str], server: str) -> ApiResult:
    """Return ``prop=info`` of a page; ``page`` None means that it doesn't exist."""
    info: ApiResult = {"contentmodel": "wikitext", "pagelanguage": "en"}
    info.update(pagelanguagehtmlcode="en", pagelanguagedir="ltr")
    if page is not None:
        info["touched"] = iso_time(page.latest.timestamp)
        info.update(lastrevid=page.latest.id, length=len(page.latest.text.encode()))
        info.update({"redirect": True} if _is_redirect(page) else {}, **({} if page.latest.parent else {"new": True}))
    if "protection" in wanted:
        is_file = title.startswith("File:")
        types = ["create", *(["upload"] if is_file else [])] if page is None else ["edit", "move"]
        # Nothing is protected.
        info.update(protection=[], restrictiontypes=types + (["upload"] if is_file and page else []))
    if "url" in wanted:
        encoded = quote(title.replace(" ", "_"), safe=";@$!*(),/~:")
        uri = f"{server}/index.php/{encoded}"
        info.update(fullurl=uri, editurl=f"{server}/index.php?title={encoded}&action=edit", canonicalurl=uri)
    return info


def _add_revisions(
    request: ApiRequest, entries: Sequence[ApiResult], pages: Sequence[Page], continuation: Continuation
) -> None:
    """Add ``prop=revisions`` to the entries of pages: the latest revision of each, or a batch of those of one page."""
    properties = request.multi_value("revisions", "rvprop", REVISION_PROPERTIES, "ids|timestamp|flags|comment|user")
    slots, start, is_ascending = request.get("rvslots"), request.get("rvcontinue"), request.get("rvdir") == "newer"
    lists_revisions = request.flag("rvlimit") or is_ascending
    if lists_revisions and len(pages) > 1:
        raise ApiError("invalidparammix", _FOR_ONE_PAGE)
    # Contents are large, so that a response has fewer of them.
    limit = request.limit("revisions", "rvlimit", _allowed(_VALUES if "content" in properties else _RESULTS, request))
    if start is not None and not re.fullmatch(r"\d{14}\|\d{1,9}", start):
        raise bad_continue()
    for entry, page in zip(entries, pages, strict=True):
        revisions = page.revisions[:] if is_ascending else page.revisions[::-1]
        first = next((n for n, each in enumerate(revisions) if start and each.id == int(start[15:])), 0)
        last = first + (limit if lists_revisions else 1)
        entry["revisions"] = [_revision(revision, properties, slots) for revision in revisions[first:last]]
        if lists_revisions and last < len(revisions):
            time = re.sub(r"\D", "", iso_time(revisions[last].timestamp))
            continuation.add("revisions", "rvcontinue", f"{time}|{revisions[last].id}")
    if pages and "content" in properties and slots is None:
        request.warn(
            "revisions",
            'Because "rvslots" was not specified, a legacy format has been used for the output.'
            " This format is deprecated, and in the future the new format will always be used.",
        )


def _revision(revision: Revision, properties: Sequence[str], slots: str | None) -> ApiResult:
    """Return a revision's properties; ``slots`` is the parameter rvslots, which selects where the content stands."""
    content = revision.text.encode()
    model = {"contentmodel": "wikitext"}
    every: ApiResult = {
        "ids": {"revid": revision.id, "parentid": revision.parent},
        "flags": {"minor": revision.minor},
        "user": {"user": revision.user, **({} if revision.user_id else {"anon": True})},
        "userid": {"userid": revision.user_id},
        "timestamp": {"timestamp": iso_time(revision.timestamp)},
        "size": {"size": len(content)},
        "sha1": {"sha1": hashlib.sha1(content).hexdigest()},
        "roles": {"roles": ["main"]},
        "contentmodel": model,
        "content": {"contentformat": "text/x-wiki", **model, "content": revision.text},
        "comment": {"comment": revision.comment},
        "parsedcomment": {"parsedcomment": html.escape(revision.comment)},
        "tags": {"tags": list(revision.tags)},
    }
    if slots is not None:
        every["contentmodel"] = {"slots": {"main": model}}
        every["content"] = {"slots": {"main": {**model, **every["content"]}}}
    return {key: value for name, part in every.items() if name in properties for key, value in part.items()}
