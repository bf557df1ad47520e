"""Responses and servers that several test files of this folder share."""

import time

import httplib2

from .. import reference
from ..servers import answer

ERROR = '{{"error":{{"code":"mwoauth-invalid-authorization","info":"... not valid: {}"}}}}'


def refusal(reason):
    """Return MediaWiki's response to a request whose Authorization header it rejects."""
    return answer(ERROR.format(reason), MediaWiki_API_Error="mwoauth-invalid-authorization")


def clock_server(serve, off, **kwargs):
    """Start a server whose clock is ``off`` seconds ahead. It rejects other timestamps as MediaWiki does."""

    def handler(received):
        now = int(time.time()) + off
        sent = int(reference.protocol_parameters(received)["oauth_timestamp"])
        if abs(now - sent) > 300:
            return refusal(f"Expired timestamp, yours {sent}, ours {now}")
        return answer()

    return serve(handler, **kwargs)


def per_user(received):
    """Return a cacheable response whose body names the token of the request."""
    user = reference.protocol_parameters(received).get("oauth_token", "anonymous")
    return answer(user, Cache_Control="max-age=600", Date=httplib2.email.utils.formatdate(usegmt=True), **extra_headers)


# Headers that a test adds to the responses of per_user().
extra_headers = {}
