"""A server whose traffic holds every kind of secret, and a list of these secrets."""

import json

from ..servers import answer

CSRF = "5f0dd4a1c3b29e7764aa01b2c3d4e5f60718293a" + "+\\"
LOGIN_TOKEN = "9c8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e2d1c0b" + "+\\"
PASSWORD = "Tr0ub4dor&3 ünd mehr"
SESSION = "k2mh7tq9v0b1n5c8x4z6l3j2g1f0d9s8"
EMAIL = "alice.private@wiki.test"
ADDRESS = "89.160.20.112"
NAMED = "internal project Zebrafish"

#: Every secret that the server sends or receives, except those of OAuth.
SECRETS = [CSRF[:-2], LOGIN_TOKEN[:-2], PASSWORD, SESSION, EMAIL, ADDRESS]


def api(received):
    """Respond as a wiki's API does where a response holds secrets."""
    query = received.target.partition("?")[2]
    if "meta=tokens" in query:
        return _json({"query": {"tokens": {"csrftoken": CSRF, "logintoken": LOGIN_TOKEN}}})
    if "meta=userinfo" in query:
        userinfo = {"name": "Alice", "email": EMAIL, "realname": "Alice Real Liddell"}
        if "authorization" not in received.headers:
            userinfo = {"id": 0, "name": ADDRESS, "anon": True}
        return _json({"query": {"userinfo": userinfo}}, X_Client_IP=ADDRESS)
    if "action=raw" in query:
        return answer(f"Words of somebody at {ADDRESS}, who wrote to {EMAIL}: {CSRF[:-2]}", Content_Type="text/x-wiki")
    if "login" in query:
        return answer(
            "", "302 Found", Location=f"/callback?oauth_verifier={CSRF[:30]}&oauth_token=abc", Content_Type="text/html"
        )
    if received.method == "POST":
        return _json({"edit": {"result": "Success", "echo": received.body.decode("utf-8", "replace")[:40]}})
    return _json({"batchcomplete": True})


def _json(value, **headers):
    return answer(
        json.dumps(value),
        Content_Type="application/json; charset=utf-8",
        Set_Cookie=f"wikiSession={SESSION}; expires=Sat, 21 Nov 2037 22:27:29 GMT; path=/; HttpOnly",
        **headers,
    )
