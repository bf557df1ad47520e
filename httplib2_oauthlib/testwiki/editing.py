"""The modules of api.php that write: edit, delete, upload."""

import hashlib
from dataclasses import dataclass

from .api_request import ApiError, ApiRequest, ApiResult, Caller
from .permissions import check_may_edit
from .store import Page, Revision, Store, User, iso_time
from .titles import Title

_NO_PAGE = "The page you specified doesn't exist."


@dataclass(frozen=True)
class Editing:
    """The modules that write. They expect that the csrf token was checked.

    Attributes:
        store: The wiki's data.
        server: The wiki's scheme and authority.
    """

    store: Store
    server: str

    def edit(self, request: ApiRequest) -> ApiResult:
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
        for name in ("section", "sectiontitle", "undo", "undoafter", "tags"):
            if request.get(name) is not None:
                # Without this error, the whole page would be replaced where MediaWiki replaces a part of it.
                raise ApiError("testwiki-unsupported", f'The embedded wiki does not support the parameter "{name}".')
        request.accept("bot", "notminor", "recreate", "watchlist", "contentmodel", "contentformat", "starttimestamp")
        caller = request.caller
        _check_md5(request, "".join(part for part in (text, prepend, append) if part))
        with self.store.lock:
            page = self.store.page(title)
            self._check_existence(page, request.flag("createonly"), request.flag("nocreate"))
            check_may_edit(self.store, caller, "edit", *([] if page else ["createpage"]))
            _check_conflict(page, base, base_revision, caller)
            if text is None:
                text = page.latest.text if page else ""
            text = (prepend or "") + text + (append or "")
            if page is None and not summary:
                summary = f'Created page with "{text.strip()}"'
            minor = minor and "minoredit" in caller.rights
            page, revision = self.store.save(title, text, caller.author(), summary.strip(), minor, caller.tags)
        return {"edit": _edit_result(page, revision, caller)}

    def delete(self, request: ApiRequest) -> ApiResult:
        """Run ``action=delete``."""
        given, reason = request.get("title") or "", request.get("reason") or ""
        if "delete" not in request.caller.rights:
            raise ApiError(
                "permissiondenied",
                "The action you have requested is limited to users in the group:"
                " [[TestWiki:Administrators|Administrators]].",
            )
        title = Title.parse(given)
        with self.store.lock:
            page = self.store.pages.pop(title, None) if title is not None else None
        if page is None:
            raise ApiError("missingtitle", _NO_PAGE)
        return {"delete": {"title": str(title), "reason": reason}}

    def upload(self, request: ApiRequest) -> ApiResult:
        """Run ``action=upload``."""
        name, comment = request.get("filename"), request.get("comment") or ""
        text = request.get("text") or comment
        request.accept("ignorewarnings", "watchlist", "file")
        if request.get("url") is not None:
            raise ApiError("copyuploaddisabled", "Upload by URL disabled.")
        content = request.files.get("file")
        if content is None:
            raise ApiError("missingparam", 'One of the parameters "filekey", "file" and "url" is required.')
        if "upload" not in request.caller.rights or request.caller.user is None:
            raise ApiError(
                "permissiondenied",
                "The action you have requested is limited to users in one of the groups: [[TestWiki:Users|Users]],"
                " [[TestWiki:Administrators|Administrators]].",
                key="badaccess-groups",
            )
        title = Title.parse(f"File:{name}") if name else None
        if title is None:
            raise ApiError("missingparam", 'The "filename" parameter must be set.')
        key = title.text.replace(" ", "_")
        user = request.caller.user
        image_info = self._image_info(title, key, content, user, comment)
        with self.store.lock:
            self.store.files[key], self.store.uploads[key] = content, image_info
            if self.store.page(title) is None:
                self.store.save(title, text, user, comment, tags=request.caller.tags)
        return {"upload": {"result": "Success", "filename": key, "imageinfo": image_info}}

    def _check_existence(self, page: Page | None, must_be_new: bool, must_exist: bool) -> None:
        """Check the parameters createonly and nocreate."""
        if must_be_new and page is not None:
            word = self.store.version.page_word
            raise ApiError("articleexists", f"The {word} you tried to create has been created already.")
        if must_exist and page is None:
            raise ApiError("missingtitle", _NO_PAGE)

    def _image_info(self, title: Title, key: str, content: bytes, user: User, comment: str) -> ApiResult:
        """Return what MediaWiki reports about an uploaded file."""
        width, height = _png_size(content)
        folder = hashlib.md5(key.encode()).hexdigest()[:2]
        uploaded = iso_time(self.store.clock())
        return {
            "timestamp": uploaded,
            "user": user.name,
            "userid": user.id,
            "size": len(content),
            "width": width,
            "height": height,
            "parsedcomment": comment,
            "comment": comment,
            "canonicaltitle": str(title),
            "url": f"{self.server}/images/{folder[0]}/{folder}/{key}",
            "descriptionurl": f"{self.server}/index.php/File:{key}",
            "sha1": hashlib.sha1(content).hexdigest(),
            "metadata": [],
            "commonmetadata": [],
            "extmetadata": {
                "DateTime": {"value": uploaded, "source": "mediawiki-metadata", "hidden": ""},
                "ObjectName": {"value": title.text.rpartition(".")[0], "source": "mediawiki-metadata"},
            },
            "mime": "image/png" if content.startswith(b"\x89PNG") else "application/octet-stream",
            "mediatype": "BITMAP" if width else "UNKNOWN",
            "bitdepth": 8 if width else 0,
        }


def _check_conflict(page: Page | None, base: float | None, base_revision: int, caller: Caller) -> None:
    """Check that no other user has edited a page since the revision that an edit is based on.

    Args:
        page: The page, or None.
        base: When the base revision was saved, in Unix seconds, or None to skip the check.
        base_revision: The id of the base revision, or 0 to skip the check.
        caller: Who edits. Edits of the same user do not conflict with a base that is given by its time.
    """
    if page is None:
        return
    if base_revision and base_revision != page.latest.id and base_revision in [each.id for each in page.revisions]:
        raise _edit_conflict()
    if base is None:
        return
    # basetimestamp has whole seconds, so a revision of the same second is the base revision itself.
    if page.latest.timestamp >= base + 1 and page.latest.user != caller.name:
        raise _edit_conflict()


def _edit_conflict() -> ApiError:
    """Return the error for an edit that conflicts with a newer one."""
    return ApiError("editconflict", "Edit conflict.", key="edit-conflict")


def _edit_result(page: Page, revision: Revision | None, caller: Caller) -> ApiResult:
    """Return what MediaWiki reports about an edit; ``revision`` None means that it changed nothing."""
    edit: ApiResult = {"new": True} if revision is not None and not revision.parent else {}
    edit.update(result="Success", pageid=page.id, title=str(page.title), contentmodel="wikitext")
    if revision is None:
        edit["nochange"] = True
    else:
        edit.update(oldrevid=revision.parent, newrevid=revision.id, newtimestamp=iso_time(revision.timestamp))
    if caller.user is not None:
        edit["watched"] = True
    return edit


def _check_md5(request: ApiRequest, text: str) -> None:
    """Check the parameter md5, the hash of the text that the request contains."""
    given = request.get("md5")
    if given is not None and given != hashlib.md5(text.encode()).hexdigest():
        raise ApiError("badmd5", "The supplied MD5 hash was incorrect.", key="apierror-badmd5")


def _png_size(content: bytes) -> tuple[int, int]:
    """Return width and height of a PNG image, or zeros for any other file."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return 0, 0
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
