"""liboauth behind JSON lines. To verify, it signs the same parameters and compares the signatures."""

import ctypes
import json
import sys
from urllib.parse import unquote

library = ctypes.CDLL("liboauth.so.0")
library.oauth_sign_url2.restype = ctypes.c_void_p
library.oauth_sign_url2.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int] + [ctypes.c_char_p] * 5
METHODS = {"HMAC-SHA1": 0, "RSA-SHA1": 1, "PLAINTEXT": 2}
free = ctypes.CDLL(None).free
free.argtypes = [ctypes.c_void_p]


def sign(url, question):
    """Return the signed URL."""
    token = question["token"]
    arguments = [
        question["client"],
        question["client_secret"],
        token or None,
        question["token_secret"] if token else None,
    ]
    pointer = library.oauth_sign_url2(
        url.encode(),
        None,
        METHODS[question["signature_method"]],
        question["method"].encode(),
        *(None if each is None else each.encode() for each in arguments),
    )
    signed = ctypes.string_at(pointer).decode()
    free(pointer)
    return signed


def split(url):
    """Return a URL without its query, and its raw pairs."""
    start, _, query = url.partition("?")
    return start, query.split("&") if query else []


def answer(question):
    if question["op"] == "version":
        return {"version": "1.0.3"}
    base, pairs = split(question["uri"])
    pairs += question["form"].split("&") if question["form"] else []
    if question["op"] == "sign":
        _, signed = split(sign(f"{base}?{'&'.join(pairs)}" if pairs else base, question))
        protocol = [pair.split("=", 1) for pair in signed if pair.startswith("oauth_") and pair not in pairs]
        return {"authorization": "OAuth " + ", ".join(f'{name}="{value}"' for name, value in protocol)}
    for part in question["authorization"].removeprefix("OAuth ").split(", ") if question["authorization"] else []:
        name, _, value = part.partition("=")
        if name.startswith("oauth_"):
            pairs.append(f"{name}={value.strip(chr(34))}")
    given = [pair for pair in pairs if pair.startswith("oauth_signature=")]
    # liboauth adds these whether or not they are there.
    added = ("oauth_signature", "oauth_consumer_key", "oauth_token", "oauth_signature_method")
    rest = [pair for pair in pairs if pair.partition("=")[0] not in added]
    _, signed = split(sign(f"{base}?{'&'.join(rest)}", question))
    computed = [pair for pair in signed if pair.startswith("oauth_signature=")]
    return {"valid": [unquote(each) for each in computed] == [unquote(each) for each in given]}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
