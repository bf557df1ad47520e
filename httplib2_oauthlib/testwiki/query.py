"""``action=query`` of api.php: the modules that read."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from .api_request import ApiError, ApiRequest, ApiResult
from .siteinfo import general, namespaces
from .store import Page, Revision, Store, iso_time
from .titles import Title

#: The csrf token of every caller who isn't logged in.
ANONYMOUS_TOKEN = "+\\"

# How many values a parameter may have, without and with the right apihighlimits.
_LIMIT, _HIGH_LIMIT = 50, 500
_USER_PROPERTIES = ("groups", "rights", "editcount", "registrationdate")
_TOKEN_TYPES = ("createaccount csrf deleteglobalaccount login patrol rollback userrights watch").split()
_REVISION_PROPERTIES = "ids flags timestamp user userid size sha1 comment content tags".split()


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
        found: ApiResult = {}
        continue_from = None
        for name in request.multi_value("query", "meta", ("siteinfo", "userinfo", "tokens")):
            if name == "siteinfo":
                # siteinfo adds its properties to the result directly. The other modules add one member each.
                found.update(self._siteinfo(request))
            else:
                found[name] = self._userinfo(request) if name == "userinfo" else self._tokens(request)
        if request.multi_value("query", "list", ("allpages",)):
            found["allpages"], continue_from = self._allpages(request)
        with_revisions = "revisions" in request.multi_value("query", "prop", ("revisions", "info"))
        found.update(self._titles(request, with_revisions))
        request.accept("continue")
        result: ApiResult = {"batchcomplete": True}
        if continue_from:
            result["continue"] = {"apcontinue": continue_from, "continue": "-||"}
        if found:
            result["query"] = found
        return result

    def _siteinfo(self, request: ApiRequest) -> ApiResult:
        """Return ``meta=siteinfo``."""
        wanted = request.multi_value("siteinfo", "siprop", ("general", "namespaces"), "general")
        time = iso_time(self.store.clock())
        return {name: general(self.server, self.host, time) if name == "general" else namespaces() for name in wanted}

    def _userinfo(self, request: ApiRequest) -> ApiResult:
        """Return ``meta=userinfo``."""
        caller, user = request.caller, request.caller.user
        info: ApiResult = {"id": user.id if user else 0, "name": caller.name}
        if user is None:
            info["anon"] = True
        for name in request.multi_value("userinfo", "uiprop", _USER_PROPERTIES):
            if name == "groups":
                info["groups"] = list(user.groups if user else ("*",))
            elif name == "rights":
                info["rights"] = list(caller.rights)
            elif name == "editcount":
                info["editcount"] = self.store.edit_count(user) if user else 0
            elif user is not None:
                info["registrationdate"] = iso_time(user.registered)
        return info

    def _tokens(self, request: ApiRequest) -> ApiResult:
        """Return ``meta=tokens``."""
        session = request.caller.session
        tokens = {}
        for name in request.multi_value("tokens", "type", _TOKEN_TYPES, "csrf"):
            salt = "" if name == "csrf" else name
            tokens[f"{name}token"] = self.store.sessions.csrf_token(session, salt) if session else ANONYMOUS_TOKEN
        return tokens

    def _allpages(self, request: ApiRequest) -> tuple[list[ApiResult], str | None]:
        """Return a batch of ``list=allpages``, and the title that the next batch begins with, or None."""
        start = (request.get("apcontinue") or request.get("apfrom") or "").replace(" ", "_")
        limit = min(max(request.integer("aplimit", 10), 1), _HIGH_LIMIT)
        pages = sorted((p for p in self.store.pages.values() if p.title.namespace == 0), key=lambda p: p.title.text)
        found = [page for page in pages if page.title.key >= start]
        continue_from = found[limit].title.key if len(found) > limit else None
        return [_page(page) for page in found[:limit]], continue_from

    def _titles(self, request: ApiRequest, with_revisions: bool) -> ApiResult:
        """Return the pages that ``titles`` names. MediaWiki lists missing pages first, then invalid titles."""
        given = request.get("titles")
        properties = request.multi_value(
            "revisions", "rvprop", _REVISION_PROPERTIES, "ids|timestamp|flags|comment|user"
        )
        slots, limit = request.get("rvslots"), request.integer("rvlimit", 1)
        if given is None:
            return {}
        titles = given.split("|")
        _check_count(titles, "apihighlimits" in request.caller.rights)
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
                continue
            entry = _page(page)
            if with_revisions:
                newest = page.revisions[::-1][:limit]
                entry["revisions"] = [_revision(revision, properties, slots) for revision in newest]
                if "content" in properties and slots is None:
                    request.warnings["revisions"] = (
                        'Because "rvslots" was not specified, a legacy format has been used for the output.'
                        " This format is deprecated, and in the future the new format will always be used."
                    )
            existing.append(entry)
        return {**({"normalized": normalized} if normalized else {}), "pages": missing + invalid + existing}


def _check_count(titles: Sequence[str], has_high_limits: bool) -> None:
    """Check that a request doesn't name too many titles."""
    limit = _HIGH_LIMIT if has_high_limits else _LIMIT
    if len(titles) > limit:
        raise ApiError(
            "toomanyvalues",
            f'Too many values supplied for parameter "titles". The limit is {limit}.',
            details={"limit": limit, "lowlimit": _LIMIT, "highlimit": _HIGH_LIMIT},
        )


def _invalid_title(text: str) -> ApiResult:
    """Return the entry of a title that isn't valid."""
    bad = re.search(r"[\[\]{}|#<>]", text)
    reason = f'The requested page title contains invalid characters: "{bad[0]}".' if bad else "Bad title."
    return {"title": text, "invalidreason": reason, "invalid": True}


def _page(page: Page) -> ApiResult:
    """Return a page's entry, without its revisions."""
    return {"pageid": page.id, "ns": page.title.namespace, "title": str(page.title)}


def _revision(revision: Revision, properties: Sequence[str], slots: str | None) -> ApiResult:
    """Return a revision's properties; ``slots`` is the parameter rvslots, which selects where the content stands."""
    content = revision.text.encode()
    every: ApiResult = {
        "ids": {"revid": revision.id, "parentid": revision.parent},
        "flags": {"minor": revision.minor},
        "user": {"user": revision.user, **({} if revision.user_id else {"anon": True})},
        "userid": {"userid": revision.user_id},
        "timestamp": {"timestamp": iso_time(revision.timestamp)},
        "size": {"size": len(content)},
        "sha1": {"sha1": hashlib.sha1(content).hexdigest()},
        "content": {"contentformat": "text/x-wiki", "contentmodel": "wikitext", "content": revision.text},
        "comment": {"comment": revision.comment},
        "tags": {"tags": list(revision.tags)},
    }
    if slots is not None:
        every["content"] = {"slots": {"main": {"contentmodel": "wikitext", **every["content"]}}}
    return {key: value for name, part in every.items() if name in properties for key, value in part.items()}
