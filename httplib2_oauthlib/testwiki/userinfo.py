"""What the wiki reports about the caller (``action=query&meta=userinfo``)."""

from .api_request import ApiRequest, ApiResult
from .permissions import block_info
from .store import iso_time

#: The properties, in the order in which MediaWiki returns them.
USER_PROPERTIES = ("blockinfo hasmsg groups rights editcount ratelimits realname email registrationdate").split()


def userinfo(request: ApiRequest) -> ApiResult:
    """Return ``meta=userinfo``."""
    store, caller, user = request.store, request.caller, request.caller.user
    info: ApiResult = {"id": user.id if user else 0, "name": caller.name}
    if user is None:
        info["anon"] = True
    wanted = request.multi_value("userinfo", "uiprop", USER_PROPERTIES)
    email: ApiResult = {"email": user.email if user else ""}
    if user is not None and user.email and user.email_is_confirmed:
        email["emailauthenticated"] = iso_time(user.registered)
    may_see_email = user is None or "viewmyprivateinfo" in caller.rights
    every: ApiResult = {
        "blockinfo": block_info(store, user) if user is not None and user.is_blocked else {},
        # The embedded wiki doesn't notify users of an edit of their talk page.
        "hasmsg": {"messages": False},
        "groups": {"groups": list(user.groups if user else ("*",))},
        "rights": {"rights": list(caller.rights)},
        "editcount": {"editcount": store.edit_count(user) if user else 0},
        # An empty object means that nothing is limited.
        "ratelimits": {"ratelimits": {}},
        "realname": {"realname": user.real_name if user else ""},
        "email": email if may_see_email else {},
        "registrationdate": {"registrationdate": iso_time(user.registered)} if user else {},
    }
    return {**info, **{key: value for name in every if name in wanted for key, value in every[name].items()}}
