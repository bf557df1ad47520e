"""Interactions of a raw cassette, as vcr writes them without this package."""

import base64
import json


def jwt(claims, alg="HS256"):
    parts = [json.dumps(part).encode() for part in ({"alg": alg, "typ": "JWT"}, claims)]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in [*parts, b"s" * 32]]
    return ".".join(encoded)


def interaction(uri="http://wiki.test/", method="GET", body=None, headers=None, response="", response_headers=None):
    return {
        "request": {
            "method": method,
            "uri": uri,
            "body": body,
            "headers": {k: [v] for k, v in (headers or {}).items()},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {k: [v] for k, v in (response_headers or {"Content-Type": "text/plain"}).items()},
            "body": {"string": response},
        },
    }
