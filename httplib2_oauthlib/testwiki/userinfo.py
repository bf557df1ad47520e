"""What the wiki reports about the caller (``action=query&meta=userinfo``)."""

from .api_request import ApiRequest, ApiResult
from .permissions import block_info
from .store import Store, User, iso_time

#: The properties, in the order in which MediaWiki returns them.
USER_PROPERTIES = (
    "blockinfo hasmsg groups groupmemberships implicitgroups rights editcount ratelimits realname email"
    " registrationdate centralids latestcontrib"
).split()
_IMPLICIT_GROUPS = ("*", "user", "autoconfirmed")


def userinfo(store: Store, request: ApiRequest) -> ApiResult:
    """Return ``meta=userinfo``."""
    caller, user = request.caller, request.caller.user
    info: ApiResult = {"id": user.id if user else 0, "name": caller.name}
    if user is None:
        info["anon"] = True
    wanted = request.multi_value("userinfo", "uiprop", USER_PROPERTIES)
    groups = list(user.groups if user else ("*",))
    private = _email(user) if user is None or "viewmyprivateinfo" in caller.rights else {}
    last = max(
        (r.timestamp for p in list(store.pages.values()) for r in p.revisions if r.user == caller.name), default=0
    )
    every: ApiResult = {
        "blockinfo": block_info(store, user) if user is not None and user.is_blocked else {},
        # The embedded wiki doesn't notify users of an edit of their talk page.
        "hasmsg": {"messages": False},
        "groups": {"groups": groups},
        "groupmemberships": {
            "groupmemberships": [
                {"group": group, "expiry": "infinity"} for group in groups if group not in _IMPLICIT_GROUPS
            ]
        },
        "implicitgroups": {"implicitgroups": [group for group in groups if group in _IMPLICIT_GROUPS]},
        "rights": {"rights": list(caller.rights)},
        "editcount": {"editcount": store.edit_count(user) if user else 0},
        # An empty object means that nothing is limited.
        "ratelimits": {"ratelimits": {}},
        "realname": {"realname": user.real_name if user else ""},
        "email": private,
        "registrationdate": {"registrationdate": iso_time(user.registered)} if user else {},
        "centralids": {"centralids": {"local": info["id"]}, "attachedlocal": {"local": user is not None}},
        "latestcontrib": {"latestcontrib": iso_time(last)} if user and last else {},
    }
    return {**info, **{key: value for name in every if name in wanted for key, value in every[name].items()}}


def _email(user: User | None) -> ApiResult:
    """Return the address, and since when it counts as confirmed."""
    is_confirmed = user is not None and user.email and user.email_is_confirmed
    confirmed = {"emailauthenticated": iso_time(user.registered)} if user and is_confirmed else {}
    return {"email": user.email if user else "", **confirmed}
