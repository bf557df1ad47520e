"""Responses and servers that several tests of this folder share."""

import time

import httplib2

from .. import reference
from ..servers import answer

REFUSED = '{{"error":{{"code":"mwoauth-invalid-authorization","info":"... not valid: {}"}}}}'


def refused(words):
    return answer(REFUSED.format(words), MediaWiki_API_Error="mwoauth-invalid-authorization")


def clock_server(serve, off, **kwargs):
    """A server whose clock is ``off`` seconds ahead and which refuses others as MediaWiki does."""

    def handler(received):
        now = int(time.time()) + off
        sent = int(reference.protocol_parameters(received)["oauth_timestamp"])
        if abs(now - sent) > 300:
            return refused(f"Expired timestamp, yours {sent}, ours {now}")
        return answer()

    return serve(handler, **kwargs)


def per_user(received):
    """A cacheable answer that says who asked."""
    user = reference.protocol_parameters(received).get("oauth_token", "nobody")
    return answer(user, Cache_Control="max-age=600", Date=httplib2.email.utils.formatdate(usegmt=True), **vary)


vary = {}
