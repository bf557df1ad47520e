"""The rights of each group, and the rights that each grant gives to a consumer."""

from collections.abc import Iterable

from .versions import Version

# The rights of the groups that are alike in all versions.
_GROUP_RIGHTS = {
    "sysop": "block delete undelete protect rollback import suppressredirect apihighlimits noratelimit".split(),
    "bot": "bot apihighlimits noratelimit nominornewtalk".split(),
}

#: The rights that each grant gives ($wgGrantPermissions). Rights that the embedded wiki does not have are left out.
GRANTS = {
    "basic": ["autoconfirmed", "editsemiprotected", "nominornewtalk", "purge", "read", "writeapi"],
    "highvolume": ["bot", "apihighlimits", "noratelimit"],
    "editpage": ["edit", "minoredit", "applychangetags", "changetags", "editcontentmodel"],
    "createeditmovepage": ["edit", "createpage", "createtalk", "move", "move-rootuserpages", "move-subpages",
                           "move-categorypages", "minoredit", "applychangetags", "changetags", "suppressredirect",
                           "editcontentmodel"],
    "uploadfile": ["upload", "reupload-own"],
    "uploadeditmovefile": ["upload", "reupload-own", "reupload", "reupload-shared", "upload_by_url", "movefile",
                           "suppressredirect"],
    "viewmywatchlist": ["viewmywatchlist"],
    "editmywatchlist": ["editmywatchlist"],
    "editmyoptions": ["editmyoptions", "editmyuserjson"],
    "delete": ["delete", "undelete", "edit"],
    "privateinfo": ["viewmyprivateinfo"],
    # Extension:OAuth defines these two. They let a consumer learn who the user is, and nothing else.
    "mwoauth-authonly": [],
    "mwoauth-authonlyprivate": [],
}  # fmt: skip
#: The grants of a consumer that was registered without a choice of grants.
DEFAULT_GRANTS = ("basic", "highvolume", "editpage", "createeditmovepage", "uploadfile")


def rights_of_groups(groups: Iterable[str], version: Version) -> list[str]:
    """Return the rights of all the groups, each right once."""
    by_group = {"*": version.anyone_rights, "user": version.user_rights, **_GROUP_RIGHTS}
    return list(dict.fromkeys(right for group in groups for right in by_group.get(group, ())))


def rights_of_grants(grants: Iterable[str]) -> set[str]:
    """Return the rights that the grants give together."""
    return {right for grant in grants for right in GRANTS.get(grant, ())}
