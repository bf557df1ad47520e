"""Who may edit, and what MediaWiki says to those who may not."""

import re
from typing import Any

from .api_request import ApiError, ApiResult, Caller
from .store import Store, User, iso_time, text_time

# A user name stands between these marks, so that it does not change the direction of the text around it.
_LEFT, _RIGHT = "\u202a", "\u202c"
_BLOCKED_TEXT = """<strong>Your username or IP address has been blocked.</strong>

The block was made by [[User:Admin|{admin}]].
{reason}

*Start of block: {start}
*Expiration of block: infinite
*Intended blockee: {user}

You can contact [[User:Admin|{admin}]] or another [[TestWiki:Administrators|administrator]] to discuss the block.
You can use the "Email this user" feature if a valid email address is specified in your \
[[Special:Preferences|preferences]] and you have not been blocked from using it.
Your current IP address is {address}. Block ID #{id}.
Please include all above details in any queries you make."""


def check_may_edit(store: Store, caller: Caller, *rights: str) -> None:
    """Check that a caller is not blocked and has all of some rights.

    Raises:
        ApiError: The caller may not edit.
    """
    if caller.user is not None and caller.user.is_blocked:
        raise _blocked(store, caller, caller.user)
    if set(rights) <= set(caller.rights):
        return
    text = "The action you have requested is limited to users in one of the groups: *, [[TestWiki:Users|Users]]."
    raise ApiError("permissiondenied", text, key="badaccess-groups")


def block_info(store: Store, user: User) -> ApiResult:
    """Return what api.php reports about the block of a user. ``Admin`` has blocked all the blocked users."""
    info: dict[str, Any] = {
        "blockid": user.id,
        "blockedby": "Admin",
        "blockedbyid": store.user("Admin").id,
        "blockreason": user.block_reason,
        "blockedtimestamp": iso_time(user.blocked_at),
        "blockexpiry": "infinite",
        "blockpartial": False,
        "blocknocreate": False,
        "blockanononly": False,
    }
    if store.version.block_reason:
        info.update(blockemail=False, blockowntalk=False)
    return {**info, "blockedtimestampformatted": text_time(user.blocked_at)}


def _blocked(store: Store, caller: Caller, user: User) -> ApiError:
    """Return the error for a blocked user."""
    details = {"blockinfo": block_info(store, user)}
    if not store.version.block_reason:
        return ApiError("blocked", "You have been blocked from editing.", details=details)
    wikitext = _BLOCKED_TEXT.format(
        admin=f"{_LEFT}Admin{_RIGHT}",
        reason=store.version.block_reason.replace("$1", f"<em>{user.block_reason or 'no reason given'}</em>"),
        start=text_time(user.blocked_at),
        user=f"{_LEFT}{user.name}{_RIGHT}",
        address=caller.address,
        id=user.id,
    )
    text = re.sub(r"\s+", " ", re.sub("<.*?>", "", wikitext))
    return ApiError("blocked", text, key="blockedtext", wikitext=wikitext, details=details)
