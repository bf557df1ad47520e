"""``action=query`` of api.php: the modules that read."""

import itertools
import re
from collections.abc import Iterable

from .api_request import ApiError, ApiRequest, ApiResult
from .continuation import Continuation
from .page_properties import (
    INFO_PROPERTIES,
    MAX_RESULTS,
    MAX_VALUES,
    add_category_info,
    add_image_info,
    add_revisions,
    info_of,
    limit_for,
    sort_key,
    templates_of,
)
from .siteinfo import general, site_lists
from .store import Page
from .titles import NAMESPACES, Title
from .userinfo import userinfo

#: The csrf token of every caller who isn't logged in.
ANONYMOUS_TOKEN = "+\\"

#: The values of the parameters prop, list, generator and meta.
PAGE_MODULES = ("info", "revisions", "templates", "imageinfo", "categoryinfo")
LISTS, GENERATORS = ("allpages",), ("allpages", "templates")
METAS = ("siteinfo", "userinfo", "tokens")
_PREFIXES = {"info": "in", "revisions": "rv", "templates": "tl", "imageinfo": "ii", "categoryinfo": "ci",
             "allpages": "ap", "siteinfo": "si", "userinfo": "ui"}  # fmt: skip
#: The values of the parameters siprop and type.
SITE_PROPERTIES = ("general", "namespaces", "namespacealiases", "extensions", "fileextensions")
TOKEN_TYPES = ("createaccount csrf deleteglobalaccount login patrol rollback userrights watch").split()

# The tokens that an anonymous caller gets. All others belong to a session.
_TOKENS_FOR_LOGIN = ("login", "createaccount")


def query(request: ApiRequest) -> ApiResult:
    """Run the modules that a request names."""
    page_modules = request.multi_value("query", "prop", PAGE_MODULES)
    modules = [*page_modules, *request.multi_value("query", "list", LISTS)]
    modules += request.multi_value("query", "meta", METAS)
    continuation = Continuation(request, modules, page_modules)
    for name in modules:
        if not continuation.runs(name):
            # The client repeats the parameters of finished modules, and MediaWiki doesn't warn about them.
            prefix = _PREFIXES.get(name, "type")
            request.accept(*(given for given in {**request.query, **request.post} if given.startswith(prefix)))
    found = {} if continuation.pages_are_done else _pages(request, continuation)
    if continuation.runs("allpages"):
        found["allpages"] = [_entry(page) for page in _allpages(request, continuation, "ap")]
    if continuation.runs("siteinfo"):
        # siteinfo adds its properties to the result directly. The other modules add one member each.
        every = {"general": general(request.store), **site_lists()}
        wanted = request.multi_value("siteinfo", "siprop", SITE_PROPERTIES, "general")
        found.update({name: every[name] for name in wanted})
    if continuation.runs("userinfo"):
        found["userinfo"] = userinfo(request)
    if continuation.runs("tokens"):
        found["tokens"] = _tokens(request)
    return {**continuation.result(), **({"query": found} if found else {})}


def _tokens(request: ApiRequest) -> ApiResult:
    """Return ``meta=tokens``."""
    session = request.caller.session
    tokens = {}
    for name in request.multi_value("tokens", "type", TOKEN_TYPES, "csrf"):
        salt = "" if name == "csrf" else name
        has_token = session or name in _TOKENS_FOR_LOGIN
        tokens[f"{name}token"] = request.store.sessions.csrf_token(session, salt) if has_token else ANONYMOUS_TOKEN
    return tokens


def _allpages(request: ApiRequest, continuation: Continuation, prefix: str) -> list[Page]:
    """Return a batch of ``list=allpages``, whose parameters begin with ``ap``, or with ``gap`` for a generator."""
    namespace = request.integer(f"{prefix}namespace", 0)
    if namespace not in NAMESPACES or namespace < 0:
        raise ApiError("badvalue", f'Unrecognized value for parameter "{prefix}namespace": {namespace}.')
    start, beginning = (sort_key(request.get(prefix + name) or "") for name in ("from", "prefix"))
    start = request.get(f"{prefix}continue") or start
    limit = request.limit("allpages", f"{prefix}limit", limit_for(MAX_RESULTS, request))
    pages = {
        sort_key(page.title.text): page
        for page in list(request.store.pages.values())
        if page.title.namespace == namespace
    }
    names = sorted(name for name in pages if name >= start and name.startswith(beginning))
    if len(names) > limit:
        continuation.add("allpages", f"{prefix}continue", names[limit], is_generator=prefix == "gap")
    return [pages[name] for name in names[:limit]]


def _pages(request: ApiRequest, continuation: Continuation) -> ApiResult:
    """Return the pages that a request names, with their properties."""
    generator, given = request.get("generator"), request.get("titles")
    titles = given.split("|") if given is not None else []
    limit = limit_for(MAX_VALUES, request)
    if len(titles) > limit:
        raise ApiError(
            "toomanyvalues",
            f'Too many values supplied for parameter "titles". The limit is {limit}.',
            details={"limit": limit, "lowlimit": MAX_VALUES[0], "highlimit": MAX_VALUES[1]},
        )
    normalized, missing, existing = _titles(request, titles)
    if generator == "allpages":
        normalized, missing, existing = [], [], _allpages(request, continuation, "gap")
    elif generator == "templates":
        rows = templates_of(request, existing, "gtl")
        normalized, missing, existing = _titles(request, (str(title) for _, title in rows))
    elif generator is not None:
        raise ApiError("badvalue", f'Unrecognized value for parameter "generator": {generator}.')
    entries = [_entry(page) for page in existing]
    if continuation.runs("info"):
        wanted = request.multi_value("info", "inprop", INFO_PROPERTIES)
        for entry in missing:
            if "missing" in entry:
                entry.update(info_of(None, entry["title"], wanted))
        for entry, page in zip(entries, existing, strict=True):
            entry.update(info_of(page, entry["title"], wanted))
    if continuation.runs("revisions"):
        add_revisions(request, entries, existing, continuation)
    if continuation.runs("templates"):
        for page, title in templates_of(request, existing, "tl"):
            used = entries[existing.index(page)].setdefault("templates", [])
            used.append({"ns": title.namespace, "title": str(title)})
    pages = missing + entries
    if continuation.runs("imageinfo"):
        add_image_info(request, pages)
    if continuation.runs("categoryinfo"):
        add_category_info(pages, request.store)
    result: ApiResult = {"normalized": normalized} if normalized else {}
    if request.flag("indexpageids") and pages:
        numbers = itertools.count(1)
        result["pageids"] = [str(entry.get("pageid") or -next(numbers)) for entry in pages]
    return {**result, "pages": pages} if pages else result


def _titles(request: ApiRequest, titles: Iterable[str]) -> tuple[list[ApiResult], list[ApiResult], list[Page]]:
    """Return which titles were normalized, the entries of titles without a page, and the pages.

    MediaWiki lists missing pages first, then invalid titles.
    """
    normalized, missing, invalid, existing = [], [], [], []
    seen: set[Title] = set()
    for text in dict.fromkeys(titles):
        title = Title.parse(text)
        if title is None:
            invalid.append(_invalid_title(text))
            continue
        if str(title) != text:
            normalized.append({"fromencoded": False, "from": text, "to": str(title)})
        if title in seen:
            continue
        seen.add(title)
        page = request.store.page(title)
        if page is None:
            missing.append({"ns": title.namespace, "title": str(title), "missing": True})
        else:
            existing.append(page)
    return normalized, missing + invalid, existing


def _invalid_title(text: str) -> ApiResult:
    """Return the entry of a title that isn't valid."""
    bad = re.search(r"[\[\]{}|#<>]", text)
    reason = f'The requested page title contains invalid characters: "{bad[0]}".' if bad else "Bad title."
    return {"title": text, "invalidreason": reason, "invalid": True}


def _entry(page: Page) -> ApiResult:
    """Return a page's entry, without its properties."""
    return {"pageid": page.id, "ns": page.title.namespace, "title": str(page.title)}
