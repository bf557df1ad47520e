"""What differs between the MediaWiki versions that the embedded wiki can imitate.

Each difference is one field of :class:`Version`, and was recorded from a MediaWiki of that version.
"""

from typing import NamedTuple

#: The version of a wiki that was not given another one.
DEFAULT_VERSION = "1.45"


class Version(NamedTuple):
    """One version of MediaWiki with Extension:OAuth.

    Attributes:
        name: The version's name, such as ``1.45``.
        release: The release that was recorded.
        rest_explains_refusals: Whether rest.php says why it refuses the OAuth part of a request.
        pages_refuse_oauth: Whether a signed request for a page is refused. Otherwise, its signature is ignored.
        rest_is_strict: Whether rest.php names its errors, validates bodies, requires tokens and redirects titles that
            are not normalized.
        callbacks_may_have_userinfo: Whether a callback may contain a user name and a password.
        identity_shows_unconfirmed_email: Whether the identity has an unconfirmed address, and no ``email_verified``.
        block_is_explained: Whether an error for a blocked user has the reason, the blocking user and the time.
        block_reason: The sentence of that error that gives the reason.
        page_word: The word for a page in messages.
        absent_rights: The rights that the version doesn't have.
        absent_general: The members of ``siprop=general`` that the version doesn't have.
        api_policy: The Content-Security-Policy of api.php, or None.
    """

    name: str
    release: str
    rest_explains_refusals: bool
    pages_refuse_oauth: bool
    rest_is_strict: bool
    callbacks_may_have_userinfo: bool
    identity_shows_unconfirmed_email: bool
    block_is_explained: bool
    block_reason: str
    page_word: str
    absent_rights: frozenset[str]
    absent_general: frozenset[str]
    api_policy: str | None


_1_39 = Version(
    name="1.39",
    release="1.39.17",
    rest_explains_refusals=False,
    pages_refuse_oauth=False,
    rest_is_strict=False,
    callbacks_may_have_userinfo=True,
    identity_shows_unconfirmed_email=True,
    block_is_explained=False,
    block_reason="",
    page_word="article",
    absent_rights=frozenset(),
    absent_general=frozenset(),
    api_policy=None,
)
_1_43 = _1_39._replace(
    name="1.43",
    release="1.43.12",
    pages_refuse_oauth=True,
    rest_is_strict=True,
    callbacks_may_have_userinfo=False,
    identity_shows_unconfirmed_email=False,
    block_is_explained=True,
    block_reason="The reason given is $1.",
    page_word="page",
    absent_rights=frozenset({"writeapi", "purge"}),
)
_1_45 = _1_43._replace(
    name="1.45",
    release="1.45.0",
    rest_explains_refusals=True,
    block_reason="The reason given is: $1",
    absent_rights=frozenset({"writeapi", "purge", "editcontentmodel"}),
    absent_general=frozenset({"fixarabicunicode", "fixmalayalamunicode"}),
    api_policy="default-src 'self'; script-src 'none'; object-src 'none'",
)
#: The versions by name.
VERSIONS = {version.name: version for version in (_1_39, _1_43, _1_45)}


def version_named(name: str) -> Version:
    """Return the version of this name.

    Raises:
        ValueError: There is no such version here.
    """
    if name not in VERSIONS:
        raise ValueError(f"unsupported MediaWiki version: {name!r}. Choose from: {', '.join(VERSIONS)}")
    return VERSIONS[name]
