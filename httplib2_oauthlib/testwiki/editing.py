"""The modules of api.php that write: edit, delete, upload. They expect that the csrf token was checked."""

import hashlib

from .api_request import ApiError, ApiRequest, ApiResult, Caller
from .permissions import check_may_edit
from .store import Page, Revision, iso_time
from .titles import Title

_NO_PAGE = "The page you specified doesn't exist."
# The embedded wiki would not do what these ask for: they edit a part of a page, or check the text.
_UNSUPPORTED = ("section", "sectiontitle", "undo", "undoafter", "tags", "md5")


def edit(request: ApiRequest) -> ApiResult:
    """Run ``action=edit``."""
    given = request.get("title")
    if given is None:
        raise ApiError("missingparam", 'One of the parameters "title" and "pageid" is required.')
    title = Title.parse(given)
    if title is None or title.namespace < 0:
        raise ApiError("invalidtitle", f'Bad title "{given}".')
    text, append, prepend = (request.get(name) for name in ("text", "appendtext", "prependtext"))
    if text is None and append is None and prepend is None:
        raise ApiError(
            "missingparam",
            'At least one of the parameters "text", "appendtext", "prependtext" and "undo" is required.',
        )
    summary, minor = request.get("summary") or "", request.flag("minor")
    base, base_revision = request.timestamp("basetimestamp"), request.integer("baserevid", 0)
    for name in _UNSUPPORTED:
        if request.get(name) is not None:
            raise ApiError("testwiki-unsupported", f'The embedded wiki does not support the parameter "{name}".')
    request.accept("bot", "notminor", "recreate", "watchlist", "contentmodel", "contentformat", "starttimestamp")
    must_be_new, must_exist = request.flag("createonly"), request.flag("nocreate")
    caller, store = request.caller, request.store
    with store.lock:
        page = store.page(title)
        if must_be_new and page is not None:
            word = store.version.page_word
            raise ApiError("articleexists", f"The {word} you tried to create has been created already.")
        if must_exist and page is None:
            raise ApiError("missingtitle", _NO_PAGE)
        check_may_edit(store, caller, "edit", *([] if page else ["createpage"]))
        if page is not None and _is_conflict(page, base, base_revision, caller):
            raise ApiError("editconflict", "Edit conflict.")
        if text is None:
            text = page.latest.text if page else ""
        text = (prepend or "") + text + (append or "")
        if page is None and not summary:
            summary = f'Created page with "{text.strip()}"'
        minor = minor and "minoredit" in caller.rights
        page, revision = store.save(title, text, caller.author(), summary.strip(), minor, caller.tags)
    return {"edit": _edit_result(page, revision, caller)}


def _is_conflict(page: Page, base: float | None, base_revision: int, caller: Caller) -> bool:
    """Return whether a page was edited since the revision that an edit is based on.

    That revision is given by its time ``base``, by its id ``base_revision``, or not at all (None and 0). Edits of the
    same user do not conflict with a time.
    """
    if base_revision != page.latest.id and base_revision in [revision.id for revision in page.revisions]:
        return True
    # basetimestamp has whole seconds, so a revision of the same second is the base revision itself.
    return base is not None and page.latest.timestamp >= base + 1 and page.latest.user != caller.name


def _edit_result(page: Page, revision: Revision | None, caller: Caller) -> ApiResult:
    """Return what MediaWiki reports about an edit; ``revision`` None means that it changed nothing."""
    result: ApiResult = {"new": True} if revision is not None and not revision.parent else {}
    result.update(result="Success", pageid=page.id, title=str(page.title), contentmodel="wikitext")
    if revision is None:
        result["nochange"] = True
    else:
        result.update(oldrevid=revision.parent, newrevid=revision.id, newtimestamp=iso_time(revision.timestamp))
    return result if caller.user is None else {**result, "watched": True}


def delete(request: ApiRequest) -> ApiResult:
    """Run ``action=delete``."""
    given, reason = request.get("title") or "", request.get("reason") or ""
    if "delete" not in request.caller.rights:
        raise ApiError(
            "permissiondenied",
            "The action you have requested is limited to users in the group:"
            " [[TestWiki:Administrators|Administrators]].",
        )
    title = Title.parse(given)
    with request.store.lock:
        page = request.store.pages.pop(title, None) if title is not None else None
    if page is None:
        raise ApiError("missingtitle", _NO_PAGE)
    return {"delete": {"title": str(title), "reason": reason}}


def upload(request: ApiRequest) -> ApiResult:
    """Run ``action=upload``."""
    name, comment = request.get("filename"), request.get("comment") or ""
    text = request.get("text") or comment
    request.accept("ignorewarnings", "watchlist", "file")
    if request.get("url") is not None:
        raise ApiError("copyuploaddisabled", "Upload by URL disabled.")
    content = request.files.get("file")
    if content is None:
        raise ApiError("missingparam", 'One of the parameters "filekey", "file" and "url" is required.')
    user, store = request.caller.user, request.store
    if "upload" not in request.caller.rights or user is None:
        raise ApiError(
            "permissiondenied",
            "The action you have requested is limited to users in one of the groups: [[TestWiki:Users|Users]],"
            " [[TestWiki:Administrators|Administrators]].",
        )
    title = Title.parse(f"File:{name}") if name else None
    if title is None:
        raise ApiError("missingparam", 'The "filename" parameter must be set.')
    key = title.text.replace(" ", "_")
    image_info = {
        "user": user.name,
        "userid": user.id,
        "parsedcomment": comment,
        "comment": comment,
        "canonicaltitle": str(title),
        **_file_properties(key, content, store.server, iso_time(store.clock())),
    }
    with store.lock:
        store.files[key], store.uploads[key] = content, image_info
        if store.page(title) is None:
            store.save(title, text, user, comment, tags=request.caller.tags)
    return {"upload": {"result": "Success", "filename": key, "imageinfo": image_info}}


def _file_properties(key: str, content: bytes, server: str, uploaded: str) -> ApiResult:
    """Return what MediaWiki reports about a file. Only those in PNG format have a width and a height."""
    is_png = content.startswith(b"\x89PNG\r\n\x1a\n")
    folder = hashlib.md5(key.encode()).hexdigest()[:2]
    return {
        "timestamp": uploaded,
        "size": len(content),
        "width": int.from_bytes(content[16:20], "big") if is_png else 0,
        "height": int.from_bytes(content[20:24], "big") if is_png else 0,
        "url": f"{server}/images/{folder[0]}/{folder}/{key}",
        "descriptionurl": f"{server}/index.php/File:{key}",
        "sha1": hashlib.sha1(content).hexdigest(),
        "mime": "image/png" if is_png else "application/octet-stream",
        "mediatype": "BITMAP" if is_png else "UNKNOWN",
        "bitdepth": 8 if is_png else 0,
    }
