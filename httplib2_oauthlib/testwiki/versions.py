"""What differs between the MediaWiki versions that the embedded wiki can imitate.

Each difference is one field of :class:`Version`, and was recorded from a MediaWiki of that version.
"""

from collections.abc import Mapping
from typing import NamedTuple

#: The version of a wiki that was not given another one.
DEFAULT_VERSION = "1.45"


class Version(NamedTuple):
    """One version of MediaWiki with Extension:OAuth. It has one field for each recorded difference.

    Attributes:
        name: The version's name, such as ``1.45``.
        release: The release that was recorded.
        rest_explains_refusals: Whether rest.php gives the reason when it refuses the OAuth part of a request.
        pages_refuse_oauth: Whether a signed request for a page is refused. Otherwise, its signature is ignored.
        rest_is_strict: Whether rest.php names its errors, validates bodies, requires tokens and redirects titles that
            are not normalized.
        rest_write_headers: The header fields of rest.php's response to a request that has saved a page.
        write_cookies: The cookies that MediaWiki sets after it has saved a page.
        callbacks_may_have_userinfo: Whether a callback may contain a user name and a password.
        identity_shows_unconfirmed_email: Whether the identity has an unconfirmed address, and no ``email_verified``.
        block_reason: The sentence of the error for a blocked user that gives the reason. It is empty if the error only
            says that the user is blocked, and the block then has no flags for emails and talk pages.
        page_word: The word for a page in messages.
        anyone_rights: The rights of the group ``*`` on a new wiki, in MediaWiki's order.
        user_rights: The rights of the group ``user``.
        api_headers: The header fields of api.php and of raw pages.
    """

    name: str
    release: str
    rest_explains_refusals: bool
    pages_refuse_oauth: bool
    rest_is_strict: bool
    rest_write_headers: Mapping[str, str]
    write_cookies: Mapping[str, str]
    callbacks_may_have_userinfo: bool
    identity_shows_unconfirmed_email: bool
    block_reason: str
    page_word: str
    anyone_rights: tuple[str, ...]
    user_rights: tuple[str, ...]
    api_headers: Mapping[str, str]


def _rights(names: str, differing: str = "") -> tuple[str, ...]:
    """Return the rights of this name. Those that differ between the versions are inserted at ``$1``."""
    return tuple(names.replace("$1", differing).split())


_ANYONE = "createaccount read edit createpage createtalk $1 viewmyprivateinfo editmyprivateinfo editmyoptions"
_USER = (
    "move move-subpages move-rootuserpages move-categorypages movefile upload reupload reupload-shared minoredit"
    " editmyusercss editmyuserjson editmyuserjs editmyuserjsredirect $1 mwoauthproposeconsumer"
    " mwoauthupdateownconsumer mwoauthmanagemygrants autoconfirmed editsemiprotected"
)

_1_39 = Version(
    name="1.39",
    release="1.39.17",
    rest_explains_refusals=False,
    pages_refuse_oauth=False,
    rest_is_strict=False,
    rest_write_headers={"Cache-Control": "private, max-age=0, s-maxage=0", "Expires": "Thu, 01 Jan 1970 00:00:00 GMT"},
    write_cookies={"UseDC": "master", "UseCDNCache": "false"},
    callbacks_may_have_userinfo=True,
    identity_shows_unconfirmed_email=True,
    block_reason="",
    page_word="article",
    anyone_rights=_rights(_ANYONE, "writeapi viewmywatchlist editmywatchlist"),
    user_rights=_rights(_USER, "purge applychangetags changetags editcontentmodel"),
    api_headers={},
)
_1_43 = _1_39._replace(
    name="1.43",
    release="1.43.12",
    pages_refuse_oauth=True,
    rest_is_strict=True,
    rest_write_headers={"Cache-Control": "private,must-revalidate,s-maxage=0"},
    write_cookies={"UseDC": "master"},
    callbacks_may_have_userinfo=False,
    identity_shows_unconfirmed_email=False,
    block_reason="The reason given is $1.",
    page_word="page",
    anyone_rights=_rights(_ANYONE),
    user_rights=_rights(_USER, "sendemail applychangetags changetags editcontentmodel viewmywatchlist editmywatchlist"),
)
_1_45 = _1_43._replace(
    name="1.45",
    release="1.45.0",
    rest_explains_refusals=True,
    block_reason="The reason given is: $1",
    user_rights=_rights(_USER, "sendemail applychangetags changetags viewmywatchlist editmywatchlist"),
    api_headers={"Content-Security-Policy": "default-src 'self'; script-src 'none'; object-src 'none'"},
)
#: The versions by name.
VERSIONS = {version.name: version for version in (_1_39, _1_43, _1_45)}


def version_named(name: str) -> Version:
    """Return the version of this name.

    Raises:
        ValueError: The embedded wiki does not imitate this version.
    """
    if name not in VERSIONS:
        raise ValueError(f"unsupported MediaWiki version: {name!r}. Choose from: {', '.join(VERSIONS)}")
    return VERSIONS[name]
