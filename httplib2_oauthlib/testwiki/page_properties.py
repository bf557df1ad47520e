"""The modules of ``action=query`` that describe pages: info, revisions and templates."""

import hashlib
import html
import re
from collections.abc import Iterator, Sequence

from .api_request import ApiError, ApiRequest, ApiResult
from .continuation import Continuation, bad_continue
from .store import Page, Revision, Store, iso_time
from .titles import NAMESPACES, Title

#: The values of the parameters inprop, iiprop and rvprop.
INFO_PROPERTIES = ("protection",)
IMAGE_PROPERTIES = (
    "timestamp user userid comment parsedcomment canonicaltitle url size sha1 mime mediatype archivename bitdepth"
).split()
REVISION_PROPERTIES = (
    "ids flags timestamp user userid size sha1 contentmodel comment parsedcomment content tags roles"
).split()

_FILE, _CATEGORY = 6, 14
#: How many values a parameter may have, and how many results a module returns, without and with the right
#: apihighlimits.
MAX_VALUES, MAX_RESULTS = (50, 500), (500, 5000)
# The members of the properties that have several, or none for the current version of a file.
_IMAGE_MEMBERS = {"url": ("url", "descriptionurl"), "size": ("size", "width", "height"), "archivename": ()}
_FOR_ONE_PAGE = (
    "titles, pageids or a generator was used to supply multiple pages, but the rvlimit, rvstartid, rvendid,"
    " rvdir=newer, rvuser, rvexcludeuser, rvstart, and rvend parameters may only be used on a single page."
)


def limit_for(limits: tuple[int, int], request: ApiRequest) -> int:
    """Return the limit that applies to a caller."""
    return limits["apihighlimits" in request.caller.rights]


def sort_key(text: str) -> str:
    """Return the key of a title without its namespace, by which MediaWiki sorts pages."""
    return (text[:1].upper() + text[1:]).replace(" ", "_")


def templates_of(request: ApiRequest, pages: Sequence[Page], prefix: str) -> list[tuple[Page, Title]]:
    """Return ``prop=templates``, up to the limit: each page, and a page that it transcludes."""
    every = [str(number) for number in NAMESPACES if number >= 0]
    wanted = request.multi_value("templates", f"{prefix}namespace", every, "*")
    rows = {
        (page.id, title.namespace, sort_key(title.text)): (page, title)
        for page in pages
        for title in _used_by(page)
        if str(title.namespace) in wanted
    }
    limit = request.limit("templates", f"{prefix}limit", limit_for(MAX_RESULTS, request))
    return [rows[row] for row in sorted(rows)][:limit]


def _used_by(page: Page) -> Iterator[Title]:
    """Return the pages whose names stand between two braces in a page."""
    for name in map(str.strip, re.findall(r"\{\{([^{}|]+)(?=[|}])", page.latest.text)):
        title = Title.parse(name)
        if title is not None and not title.namespace and not name.startswith(":"):
            title = Title.parse(f"Template:{name}")
        if title is not None:
            yield title


def add_image_info(request: ApiRequest, entries: Sequence[ApiResult]) -> None:
    """Add ``prop=imageinfo`` to the entries of files: the current version of each."""
    wanted = request.multi_value("imageinfo", "iiprop", IMAGE_PROPERTIES, "timestamp|user")
    request.accept("iilimit")
    for entry in entries:
        if entry.get("ns") != _FILE:
            continue
        info = request.store.uploads.get(entry["title"].partition(":")[2].replace(" ", "_"))
        entry["imagerepository"] = "local" if info else ""
        if info:
            members = [member for name in wanted for member in _IMAGE_MEMBERS.get(name, (name,))]
            entry["imageinfo"] = [{member: info[member] for member in members}]
            if "url" in wanted:
                uri = f"{request.store.server}/index.php?curid={entry['pageid']}"
                entry["imageinfo"][0]["descriptionshorturl"] = uri


def add_category_info(entries: Sequence[ApiResult], store: Store) -> None:
    """Add ``prop=categoryinfo`` to the entries of categories that have members."""
    for entry in (entry for entry in entries if entry.get("ns") == _CATEGORY):
        links = re.compile(rf"\[\[{re.escape(entry['title'])}[]|]", re.IGNORECASE)
        found = [page.title.namespace for page in list(store.pages.values()) if links.search(page.latest.text)]
        if found:
            files, categories = found.count(_FILE), found.count(_CATEGORY)
            pages = len(found) - files - categories
            counts = {"size": len(found), "pages": pages, "files": files, "subcats": categories, "hidden": False}
            entry["categoryinfo"] = counts


def info_of(page: Page | None, title: str, wanted: Sequence[str]) -> ApiResult:
    """Return ``prop=info`` of a page; ``page`` None means that it doesn't exist."""
    info: ApiResult = {"contentmodel": "wikitext", "pagelanguage": "en"}
    info.update(pagelanguagehtmlcode="en", pagelanguagedir="ltr")
    if page is not None:
        info["touched"] = iso_time(page.latest.timestamp)
        info.update(lastrevid=page.latest.id, length=len(page.latest.text.encode()))
        if re.match(r"\s*#redirect\s*:?\s*\[\[", page.latest.text, re.IGNORECASE):
            info["redirect"] = True
        if not page.latest.parent:
            info["new"] = True
    if "protection" in wanted:
        # Nothing is protected.
        types = ["create"] if page is None else ["edit", "move"]
        info.update(protection=[], restrictiontypes=types + (["upload"] if title.startswith("File:") else []))
    return info


def add_revisions(
    request: ApiRequest, entries: Sequence[ApiResult], pages: Sequence[Page], continuation: Continuation
) -> None:
    """Add ``prop=revisions`` to the entries of pages: the latest revision of each, or a batch of those of one page."""
    properties = request.multi_value("revisions", "rvprop", REVISION_PROPERTIES, "ids|timestamp|flags|comment|user")
    slots, start, is_ascending = request.get("rvslots"), request.get("rvcontinue"), request.get("rvdir") == "newer"
    lists_revisions = request.flag("rvlimit") or is_ascending
    if lists_revisions and len(pages) > 1:
        raise ApiError("invalidparammix", _FOR_ONE_PAGE)
    # Contents are large, so that a response has fewer of them.
    limit = request.limit(
        "revisions", "rvlimit", limit_for(MAX_VALUES if "content" in properties else MAX_RESULTS, request)
    )
    if start is not None and not re.fullmatch(r"\d{14}\|\d{1,9}", start):
        raise bad_continue()
    for entry, page in zip(entries, pages, strict=True):
        revisions = page.revisions[:] if is_ascending else page.revisions[::-1]
        if start is not None:
            begin = int(start[15:])
            revisions = [each for each in revisions if (each.id >= begin if is_ascending else each.id <= begin)]
        last = limit if lists_revisions else 1
        entry["revisions"] = [_revision(revision, properties, slots) for revision in revisions[:last]]
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
