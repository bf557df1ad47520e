"""The embedded wiki's api.php: parameters in, an answer as plain data out. No HTTP and no OAuth live here."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .store import ANONYMOUS_TOKEN, NAMESPACES, Page, Revision, Store, Title, User, iso_time

Answer = dict[str, Any]

#: What somebody is told who may read only.
EDITING_DENIED = "The action you have requested is limited to users in one of the groups: *, [[TestWiki:Users|Users]]."

_MAILING_LIST = "https://lists.wikimedia.org/postorius/lists/mediawiki-api-announce.lists.wikimedia.org/"
_ANNOUNCEMENTS = (
    "Subscribe to the mediawiki-api-announce mailing list at {} for notice of API deprecations and breaking changes."
)
BLOCKED = "You have been blocked from editing."
# How many values a parameter takes, and how many with the right apihighlimits.
_LIMIT, _HIGH_LIMIT = 50, 500
# What every module takes.
_MAIN_PARAMETERS = (
    "action format formatversion maxlag smaxage maxage assert assertuser requestid servedby curtimestamp origin"
    " uselang errorformat errorlang errorsuselocal utf8 ascii callback"
).split()


@dataclass(frozen=True)
class Caller:
    """Who calls, and what the caller may do.

    Attributes:
        user: The account, or None for somebody anonymous.
        name: The account's name, or the IP address.
        rights: What the account may do, less what was not granted to the consumer.
        session: What csrf tokens are good for; empty for somebody anonymous.
        tags: What marks the caller's edits.
    """

    user: User | None
    name: str
    rights: Sequence[str]
    session: str = ""
    tags: Sequence[str] = ()


class ApiError(Exception):
    """An answer that is an error.

    Args:
        code: MediaWiki's error code.
        info: Its text.
        headers: Sent with it.
        details: Further members of the error.
        status: The HTTP status.
    """

    def __init__(
        self,
        code: str,
        info: str,
        *,
        headers: Mapping[str, str] | None = None,
        details: Mapping[str, Any] | None = None,
        status: int = 200,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.info = info
        self.headers = dict(headers or {})
        self.details = dict(details or {})
        self.status = status


@dataclass(frozen=True)
class ApiRequest:
    """A call of api.php.

    Attributes:
        method: In upper case.
        query: The parameters in the URL.
        post: Those in the body.
        files: Uploaded files by parameter name.
        caller: Who calls.
    """

    method: str
    query: Mapping[str, str]
    post: Mapping[str, str]
    files: Mapping[str, bytes]
    caller: Caller
    used: set[str] = field(default_factory=lambda: set(_MAIN_PARAMETERS))
    warnings: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """Return a parameter, or None."""
        self.used.add(name)
        return self.post.get(name, self.query.get(name))

    def flag(self, name: str) -> bool:
        """Whether a parameter is there at all, blank or not."""
        return self.get(name) is not None

    def several(self, module: str, name: str, known: Sequence[str], default: str = "") -> list[str]:
        """Return a parameter's values, which ``|`` divides; warn of unknown ones."""
        given = self.get(name)
        values = [value for value in (default if given is None else given).split("|") if value]
        unknown = [value for value in values if value not in known and value != "*"]
        if unknown:
            plural = "s" if len(unknown) > 1 else ""
            self.warnings[module] = f'Unrecognized value{plural} for parameter "{name}": {", ".join(unknown)}'
        return [value for value in (known if "*" in values else values) if value in known]

    def timestamp(self, name: str) -> float | None:
        """Return a time in Unix seconds, or None."""
        given = self.get(name)
        if given is None:
            return None
        try:
            return datetime.fromisoformat(given).astimezone(UTC).timestamp()
        except ValueError:
            raise ApiError("badtimestamp", f'Invalid value "{given}" for timestamp parameter "{name}".') from None

    def number(self, name: str, default: int) -> int:
        """Return a whole number."""
        given = self.get(name)
        if given is None or given == "max":
            return default
        if not re.fullmatch(r"-?\d{1,15}", given):
            raise ApiError("badinteger", f'Invalid value "{given}" for integer parameter "{name}".')
        return int(given)


class Api:
    """The modules of api.php.

    Args:
        store: What the wiki knows.
        server: Scheme and authority by which it calls itself.
        lag: Returns the seconds that its replicas lag.
    """

    def __init__(self, store: Store, server: str, lag: Callable[[], float]) -> None:
        self.store = store
        self.server = server
        self.host = server.partition("://")[2].partition(":")[0]
        self.lag = lag

    @property
    def documentation(self) -> str:
        """The reference that every error carries."""
        return f"See {self.server}/api.php for API usage. " + _ANNOUNCEMENTS.format(f"&lt;{_MAILING_LIST}&gt;")

    def run(self, request: ApiRequest) -> Answer:
        """Answer a call.

        Returns:
            The answer in the shape of formatversion 2.

        Raises:
            ApiError: The answer is an error.
        """
        if request.method not in ("GET", "HEAD", "POST"):
            raise ApiError("invalidmethod", "Invalid HTTP method. Consider using GET or POST.", status=405)
        # In MediaWiki's order.
        allowed_lag = request.number("maxlag", 0) if request.get("maxlag") is not None else None
        _check_assertions(request)
        action = request.get("action") or ""
        modules = {
            "query": self._query,
            "edit": self._edit,
            "delete": self._delete,
            "upload": self._upload,
            "logout": self._logout,
        }
        if action not in modules:
            raise ApiError("badvalue", f'Unrecognized value for parameter "action": {action}.')
        if action != "query":
            self._check_token(request)
        # Who may not read may ask for tokens all the same.
        is_public = action == "query" and request.get("meta") == "tokens"
        if "read" not in request.caller.rights and not is_public:
            raise ApiError("readapidenied", "You need read permission to use this module.")
        if allowed_lag is not None:
            self._check_lag(allowed_lag)
        answer = modules[action](request)
        echoed = request.get("requestid")
        if echoed is not None:
            # After batchcomplete, before all else.
            first = {name: value for name, value in answer.items() if name == "batchcomplete"}
            answer = {**first, "requestid": echoed, **answer}
        unused = [name for name in {**request.query, **request.post} if name not in request.used]
        if unused:
            plural = "s" if len(unused) > 1 else ""
            request.warnings["main"] = f"Unrecognized parameter{plural}: {', '.join(unused)}."
        if request.warnings:
            warnings = {module: {"warnings": text} for module, text in sorted(request.warnings.items())}
            answer = {**{k: v for k, v in answer.items() if k == "batchcomplete"}, "warnings": warnings, **answer}
        return answer

    def _check_lag(self, allowed: int) -> None:
        lag = self.lag()
        if lag > allowed:
            raise ApiError(
                "maxlag",
                f"Waiting for {self.host}: {lag:g} seconds lagged.",
                headers={"Retry-After": str(max(allowed, 5)), "X-Database-Lag": str(int(lag))},
                details={"host": self.host, "lag": lag, "type": "db"},
            )

    def _check_token(self, request: ApiRequest) -> None:
        token = request.get("token")
        if token is None:
            raise ApiError("missingparam", 'The "token" parameter must be set.')
        if "token" in request.query or request.method != "POST":
            raise ApiError(
                "mustpostparams",
                "The following parameter was found in the query string, but must be in the POST body: token.",
            )
        session = request.caller.session
        if not (self.store.token_is_good(session, "", token) if session else token == ANONYMOUS_TOKEN):
            raise ApiError("badtoken", "Invalid CSRF token.")

    # -- action=query

    def _query(self, request: ApiRequest) -> Answer:
        found: Answer = {}
        following = None
        for name in request.several("query", "meta", ("siteinfo", "userinfo", "tokens")):
            found.update(
                {"siteinfo": self._siteinfo, "userinfo": self._userinfo, "tokens": self._tokens}[name](request)
            )
        if "allpages" in request.several("query", "list", ("allpages",)):
            found["allpages"], following = self._allpages(request)
        with_revisions = "revisions" in request.several("query", "prop", ("revisions", "info"))
        found.update(self._pages(request, with_revisions))
        continued = {"continue": {"apcontinue": following, "continue": "-||"}} if following else {}
        request.get("continue")
        return {"batchcomplete": True, **continued, **({"query": found} if found else {})}

    def _userinfo(self, request: ApiRequest) -> Answer:
        caller = request.caller
        info: Answer = {"id": caller.user.id if caller.user else 0, "name": caller.name}
        if caller.user is None:
            info["anon"] = True
        for name in request.several("userinfo", "uiprop", ("groups", "rights", "editcount", "registrationdate")):
            if name == "groups":
                info["groups"] = list(caller.user.groups if caller.user else ("*",))
            elif name == "rights":
                info["rights"] = list(caller.rights)
            elif name == "editcount":
                info["editcount"] = self.store.edit_count(caller.user) if caller.user else 0
            elif caller.user is not None:
                info["registrationdate"] = iso_time(caller.user.registered)
        return {"userinfo": info}

    def _tokens(self, request: ApiRequest) -> Answer:
        kinds = ("createaccount", "csrf", "deleteglobalaccount", "login", "patrol", "rollback", "userrights", "watch")
        session = request.caller.session
        wanted = request.several("tokens", "type", kinds, "csrf")
        return {
            "tokens": {
                f"{kind}token": self.store.token(session, "" if kind == "csrf" else kind)
                if session
                else ANONYMOUS_TOKEN
                for kind in wanted
            }
        }

    def _siteinfo(self, request: ApiRequest) -> Answer:
        found: Answer = {}
        for name in request.several("siteinfo", "siprop", ("general", "namespaces"), "general"):
            found[name] = self._general() if name == "general" else dict(_namespaces())
        return found

    def _general(self) -> Answer:
        return {
            "mainpage": "Main Page",
            "base": f"{self.server}/index.php/Main_Page",
            "sitename": "TestWiki",
            "mainpageisdomainroot": False,
            "logo": f"{self.server}/resources/assets/change-your-logo.svg",
            "generator": "MediaWiki 1.39.17",
            "phpversion": "8.2.36",
            "phpsapi": "apache2handler",
            "dbtype": "sqlite",
            "dbversion": "3.40.1",
            "imagewhitelistenabled": False,
            "langconversion": True,
            "linkconversion": True,
            "titleconversion": True,
            "linkprefixcharset": "",
            "linkprefix": "",
            "linktrail": "/^([a-z]+)(.*)$/sD",
            "legaltitlechars": " %!\"$&'()*,\\-.\\/0-9:;=?@A-Z\\\\^_`a-z~\\x80-\\xFF+",
            "invalidusernamechars": "@:>",
            "allunicodefixes": False,
            "fixarabicunicode": True,
            "fixmalayalamunicode": True,
            "case": "first-letter",
            "lang": "en",
            "fallback": [],
            "rtl": False,
            "fallback8bitEncoding": "windows-1252",
            "readonly": False,
            "writeapi": True,
            "maxarticlesize": 20971520,
            "timezone": "UTC",
            "timeoffset": 0,
            "articlepath": "/index.php/$1",
            "scriptpath": "",
            "script": "/index.php",
            "variantarticlepath": False,
            "server": self.server,
            "servername": self.host,
            "wikiid": "wiki",
            "time": iso_time(self.store.clock()),
            "misermode": False,
            "uploadsenabled": True,
            "maxuploadsize": 104857600,
            "minuploadchunksize": 1024,
            "galleryoptions": {
                "imagesPerRow": 0,
                "imageWidth": 120,
                "imageHeight": 120,
                "captionLength": True,
                "showBytes": True,
                "showDimensions": True,
                "mode": "traditional",
            },
            "thumblimits": {str(n): width for n, width in enumerate((120, 150, 180, 200, 250, 300))},
            "imagelimits": {
                str(n): {"width": width, "height": height}
                for n, (width, height) in enumerate(
                    ((320, 240), (640, 480), (800, 600), (1024, 768), (1280, 1024), (2560, 2048))
                )
            },
            "favicon": f"{self.server}/favicon.ico",
            "centralidlookupprovider": "local",
            "allcentralidlookupproviders": ["local"],
            "interwikimagic": True,
            "magiclinks": {"ISBN": False, "PMID": False, "RFC": False},
            "categorycollation": "uppercase",
            "nofollowlinks": True,
            "nofollownsexceptions": [],
            "nofollowdomainexceptions": ["mediawiki.org"],
            "externallinktarget": False,
        }

    def _allpages(self, request: ApiRequest) -> tuple[list[Answer], str | None]:
        """Return a batch of pages, and where the next one begins, if there is one."""
        start = request.get("apcontinue") or request.get("apfrom") or ""
        limit = min(max(request.number("aplimit", 10), 1), _HIGH_LIMIT)
        pages = sorted((p for p in self.store.pages.values() if p.title.namespace == 0), key=lambda p: p.title.text)
        found = [page for page in pages if page.title.text.replace(" ", "_") >= start.replace(" ", "_")]
        following = found[limit].title.text.replace(" ", "_") if len(found) > limit else None
        return [_page(page) for page in found[:limit]], following

    def _pages(self, request: ApiRequest, with_revisions: bool) -> Answer:
        given = request.get("titles")
        properties = request.several(
            "revisions",
            "rvprop",
            ("ids", "flags", "timestamp", "user", "userid", "size", "sha1", "comment", "content", "tags"),
            "ids|timestamp|flags|comment|user",
        )
        slots, limit = request.get("rvslots"), request.number("rvlimit", 1)
        if given is None:
            return {}
        normalized, missing, invalid, existing = [], [], [], []
        titles = given.split("|")
        limit_of_titles = _HIGH_LIMIT if "apihighlimits" in request.caller.rights else _LIMIT
        if len(titles) > limit_of_titles:
            raise ApiError(
                "toomanyvalues",
                f'Too many values supplied for parameter "titles". The limit is {limit_of_titles}.',
                details={"limit": limit_of_titles, "lowlimit": _LIMIT, "highlimit": _HIGH_LIMIT},
            )
        for text in titles:
            title = Title.parse(text)
            if title is None:
                bad = re.search(r"[\[\]{}|#<>]", text)
                reason = f'The requested page title contains invalid characters: "{bad[0]}".' if bad else "Bad title."
                invalid.append({"title": text, "invalidreason": reason, "invalid": True})
                continue
            if str(title) != text:
                normalized.append({"fromencoded": False, "from": text, "to": str(title)})
            page = self.store.pages.get(title)
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

    # -- the modules that write

    def _edit(self, request: ApiRequest) -> Answer:
        given = request.get("title")
        if given is None:
            raise ApiError("missingparam", 'One of the parameters "title" and "pageid" is required.')
        title = Title.parse(given)
        if title is None or title.namespace < 0:
            raise ApiError("invalidtitle", f'Bad title "{given}".')
        parts = {name: request.get(name) for name in ("text", "appendtext", "prependtext")}
        if all(part is None for part in parts.values()):
            raise ApiError(
                "missingparam",
                'At least one of the parameters "text", "appendtext", "prependtext" and "undo" is required.',
            )
        summary, minor = request.get("summary") or "", request.flag("minor")
        based_on = request.timestamp("basetimestamp")
        for name in ("section", "sectiontitle", "undo", "undoafter"):
            if request.get(name) is not None:
                # Better than to replace the whole page where MediaWiki would not.
                raise ApiError("testwiki-unsupported", f'The embedded wiki does not know the parameter "{name}".')
        for name in ("bot", "notminor", "watchlist", "contentmodel", "contentformat", "md5", "starttimestamp"):
            request.get(name)
        caller = request.caller
        with self.store.lock:
            page = self.store.pages.get(title)
            if request.flag("createonly") and page is not None:
                raise ApiError("articleexists", "The article you tried to create has been created already.")
            if request.flag("nocreate") and page is None:
                raise ApiError("missingtitle", "The page you specified doesn't exist.")
            if caller.user is not None and caller.user.is_blocked:
                raise ApiError("blocked", BLOCKED)
            if "edit" not in caller.rights or (page is None and "createpage" not in caller.rights):
                raise ApiError("permissiondenied", EDITING_DENIED)
            newest = page.revisions[-1] if page else None
            if newest and based_on is not None and newest.timestamp >= based_on + 1 and newest.user != caller.name:
                raise ApiError("editconflict", "Edit conflict.")
            before = page.revisions[-1].text if page else ""
            text = before if parts["text"] is None else parts["text"]
            text = (parts["prependtext"] or "") + text + (parts["appendtext"] or "")
            if page is None and not summary:
                summary = f'Created page with "{text.strip()}"'
            user = caller.user or User(0, caller.name)
            page, revision = self.store.save(
                title, text, user, summary.strip(), minor and "minoredit" in caller.rights, caller.tags
            )
        edit: Answer = {"new": True} if revision is not None and not revision.parent else {}
        edit.update(result="Success", pageid=page.id, title=str(title), contentmodel="wikitext")
        if revision is None:
            edit["nochange"] = True
        else:
            edit.update(oldrevid=revision.parent, newrevid=revision.id, newtimestamp=iso_time(revision.timestamp))
        if caller.user is not None:
            edit["watched"] = True
        return {"edit": edit}

    def _delete(self, request: ApiRequest) -> Answer:
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
            raise ApiError("missingtitle", "The page you specified doesn't exist.")
        return {"delete": {"title": str(title), "reason": reason}}

    def _upload(self, request: ApiRequest) -> Answer:
        name, comment = request.get("filename"), request.get("comment") or ""
        for other in ("ignorewarnings", "text", "watchlist"):
            request.get(other)
        if request.get("url") is not None:
            raise ApiError("copyuploaddisabled", "Upload by URL disabled.")
        request.used.add("file")
        content = request.files.get("file")
        if content is None:
            raise ApiError("missingparam", 'One of the parameters "filekey", "file" and "url" is required.')
        if "upload" not in request.caller.rights or request.caller.user is None:
            raise ApiError("permissiondenied", "You don't have permission to upload this file.")
        title = Title.parse(f"File:{name}") if name else None
        if title is None:
            raise ApiError("missingparam", 'The "filename" parameter must be set.')
        key = title.text.replace(" ", "_")
        with self.store.lock:
            self.store.files[key] = content
        user = request.caller.user
        width, height = _png_size(content)
        uploaded = iso_time(self.store.clock())
        return {
            "upload": {
                "result": "Success",
                "filename": key,
                "imageinfo": {
                    "timestamp": uploaded,
                    "user": user.name,
                    "userid": user.id,
                    "size": len(content),
                    "width": width,
                    "height": height,
                    "parsedcomment": comment,
                    "comment": comment,
                    "html": "",
                    "canonicaltitle": str(title),
                    "url": f"{self.server}/images/{key}",
                    "descriptionurl": f"{self.server}/index.php/File:{key}",
                    "sha1": hashlib.sha1(content).hexdigest(),
                    "metadata": [],
                    "commonmetadata": [],
                    "extmetadata": {
                        "DateTime": {"value": uploaded, "source": "mediawiki-metadata", "hidden": ""},
                        "ObjectName": {"value": key.rpartition(".")[0], "source": "mediawiki-metadata", "hidden": ""},
                    },
                    "mime": "image/png" if content.startswith(b"\x89PNG") else "application/octet-stream",
                    "mediatype": "BITMAP" if width else "UNKNOWN",
                    "bitdepth": 8 if width else 0,
                },
            }
        }

    def _logout(self, request: ApiRequest) -> Answer:
        if request.caller.user is not None:
            raise ApiError(
                "cannotlogout",
                "Logging out is not possible when using MediaWiki\\Extension\\OAuth\\SessionProvider sessions.",
            )
        return {}


def _check_assertions(request: ApiRequest) -> None:
    caller, asserted, user = request.caller, request.get("assert"), request.get("assertuser")
    if asserted == "anon" and caller.user is not None:
        raise ApiError("assertanonfailed", "You are no longer logged out, so the action could not be completed.")
    if asserted in ("user", "bot") and caller.user is None:
        raise ApiError("assertuserfailed", "You are no longer logged in, so the action could not be completed.")
    if asserted == "bot" and "bot" not in caller.rights:
        raise ApiError("assertbotfailed", 'You do not have the "bot" right, so the action could not be completed.')
    if user is not None and (caller.user is None or caller.name != user[:1].upper() + user[1:].replace("_", " ")):
        raise ApiError(
            "assertnameduserfailed",
            f'You are no longer logged in as "{user}", so the action could not be completed.',
        )


def _namespaces() -> Iterator[tuple[str, Answer]]:
    for number, name in NAMESPACES.items():
        canonical = {"canonical": name.replace("TestWiki", "Project")} if number else {}
        yield (
            str(number),
            {
                "id": number,
                "case": "first-letter",
                "name": name,
                "subpages": number > 0 and (number % 2 == 1 or number in (2, 4, 8, 10, 12)),
                **canonical,
                "content": number == 0,
                "nonincludable": False,
            },
        )


def _page(page: Page) -> Answer:
    return {"pageid": page.id, "ns": page.title.namespace, "title": str(page.title)}


def _revision(revision: Revision, properties: Sequence[str], slots: str | None) -> Answer:
    content = revision.text.encode()
    every: Answer = {
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


def _png_size(content: bytes) -> tuple[int, int]:
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        return 0, 0
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
