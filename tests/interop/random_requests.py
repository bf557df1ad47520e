"""Requests made at random. The same seed makes the same requests."""

import random
from urllib.parse import quote, quote_plus

from .asked import BASE62, FORM, Credentials, Shape

CHARACTERS = BASE62 + "-._~ +&=%/?:@!$'()*,;\"|éüß中文😀"
# Most requests of real programs consist of these.
PLAIN = BASE62 + "-._"
QUERY_NAMES = ["action", "title", "page", "limit", "x-y", "Z", "z", "größe", "a:b"]
FORM_NAMES = ["summary", "text", "user name", "token", "X", "x", "straße", "a-b", "b/c"]


def random_shapes(count, seed):
    """Return shapes: names, values, paths, hosts, ports, methods, secrets, signature methods and placements."""
    source = random.Random(seed)
    return [_shape(source, f"random {seed}.{number}") for number in range(count)]


def _shape(source, name):
    has_form = source.random() < 0.5
    method = source.choice(
        ["POST", "POST", "POST", "PUT", "PATCH", "DELETE"] if has_form else ["GET", "GET", "POST", "HEAD", "DELETE"]
    )
    signature_method = source.choice(["HMAC-SHA1"] * 5 + ["HMAC-SHA256", "RSA-SHA1", "PLAINTEXT"])
    placements = ["AUTH_HEADER", "AUTH_HEADER", "QUERY"] + (["BODY"] if has_form else [])
    # Names are not the same in query and form, since many servers differ on it.
    query = _parameters(source, QUERY_NAMES)
    return Shape(
        name,
        _authority(source) + _path(source) + (f"?{query}" if query else ""),
        method,
        _parameters(source, FORM_NAMES) if has_form else None,
        (("Content-Type", source.choice([FORM, FORM, f"{FORM}; charset=utf-8"])),) if has_form else (),
        signature_method,
        source.choice(placements),
        Credentials(client_secret=_text(source).strip() or "s", token_secret=_text(source).strip() or "t"),
        source.choice([None, None, "Photos"]),
    )


def _text(source):
    alphabet = PLAIN if source.random() < 0.5 else CHARACTERS
    return "".join(source.choices(alphabet, k=source.randrange(12)))


def _parameters(source, names):
    pairs = []
    # A repeated name is rare. Most servers differ on it.
    choose = source.choices if source.random() < 0.1 else source.sample
    for name in choose(names, k=source.randrange(6)):
        # Programs encode in one of these ways.
        encode = source.choice(
            [quote_plus, lambda text: quote(text, safe=""), lambda text: quote(text, safe="~/:,!*'()")]
        )
        pairs.append(f"{encode(name)}={encode(_text(source))}")
    return "&".join(pairs)


def _authority(source):
    host = source.choice(["api.example.org"] * 10 + ["API.example.org", "localhost", "127.0.0.1"])
    return f"https://{host}" + source.choice([""] * 10 + [":443", ":8443"])


def _path(source):
    segments = source.choices(["items", "a%20b", "v1.1", "~user", "caf%C3%A9", "a:b", "x_y"], k=source.randrange(4))
    return "".join(f"/{segment}" for segment in segments) + source.choice(["", "/"])
