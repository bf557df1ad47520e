"""Ways in which a program expects to sign and does not. Each signs, or raises before the wiki acts.

A wiki answers an unsigned request as it answers a signed one, and an edit is made under an IP address.
"""

import functools
import json
import random
import threading
import urllib.request
from collections import ChainMap, UserDict
from types import MappingProxyType
from urllib.parse import urlencode

import httplib2
import pytest

from httplib2_oauthlib import (
    CredentialsError,
    HttpPool,
    OAuth1,
    OAuth1Http,
    OAuth1Mixin,
    SigningError,
    install,
    mediawiki,
)
from httplib2_oauthlib.credentials import FileStore, from_pywikibot, load, read_user_config

from .. import reference
from ..servers import answer
from .clients import slow_except
from .faults import FORM, OAUTH, SECRETS

ERRORS = (SigningError, TypeError, CredentialsError)


class ByUrllib(httplib2.Http):
    """A framework with a transport of its own, in the manner of httplib2shim."""

    def _conn_request(self, conn, request_uri, method, body, headers):
        uri = f"http://{conn.host}:{conn.port}{request_uri}"
        request = urllib.request.Request(uri, body and body.encode(), headers, method=method)
        with urllib.request.urlopen(request) as response:
            return httplib2.Response({"status": str(response.status)}), response.read()


class ByPutRequest(httplib2.Http):
    def _conn_request(self, conn, request_uri, method, body, headers):
        conn.putrequest(method, request_uri)
        for name, value in headers.items():
            conn.putheader(name, value)
        conn.putheader("Content-Length", str(len(body or "")))
        conn.endheaders(body and body.encode())
        response = conn.getresponse()
        return httplib2.Response(response), response.read()


def subclass(*bases, **attributes):
    return type("Bot", bases, attributes)


def late_attribute(value):
    kind = subclass(OAuth1Http)
    kind.oauth = value
    return kind()


def installed(value, former=httplib2.Http, **arguments):
    original, httplib2.Http = httplib2.Http, former
    try:
        with install(value):
            return httplib2.Http(**arguments)
    finally:
        httplib2.Http = original


def cleared(mapping):
    http = OAuth1Http(oauth=mapping, require_signature=True)
    mapping.clear()
    return http


# Each makes an Http of an OAuth1 and a host. None of them may edit as an IP address.
SIGN = {
    "class attribute": lambda oauth, host: subclass(OAuth1Http, oauth=oauth)(),
    "class attribute of the mixin": lambda oauth, host: subclass(OAuth1Mixin, httplib2.Http, oauth=oauth)(),
    "class attribute behind": lambda oauth, host: subclass(httplib2.Http, OAuth1Mixin, oauth={host: oauth})(),
    "subclass of a class with it": lambda oauth, host: subclass(subclass(OAuth1Http, oauth=oauth))(),
    "attribute set on the class later": lambda oauth, host: late_attribute(oauth),
    "pattern": lambda oauth, host: OAuth1Http(oauth={"*.0.0.1": oauth}),
    "ChainMap": lambda oauth, host: OAuth1Http(oauth=ChainMap({}, {host: oauth})),
    "UserDict": lambda oauth, host: OAuth1Http(oauth=UserDict({"*": oauth})),
    "read-only": lambda oauth, host: OAuth1Http(oauth=MappingProxyType({host: oauth})),
    "pool": lambda oauth, host: HttpPool(subclass(OAuth1Http, oauth=oauth)()),
    "api_only over a mapping": lambda oauth, host: OAuth1Http(oauth=mediawiki.api_only({host: oauth})),
    "install": lambda oauth, host: installed({host: oauth}),
    "required": lambda oauth, host: OAuth1Http(oauth=oauth, require_signature=True),
}
RAISE = {
    "first positional argument": lambda oauth, host: OAuth1Http(oauth),
    "as the cache": lambda oauth, host: OAuth1Http(cache={host: oauth}),
    "tokens as the cache": lambda oauth, host: OAuth1Http(mediawiki.ConsumerToken("a", "b")),
    "missing file": lambda oauth, host: OAuth1Http(oauth=FileStore("missing.ini").load()),
    "no entry in Pywikibot": lambda oauth, host: OAuth1Http(oauth=from_pywikibot({host: ("user", "password")})),
    "no credentials anywhere": lambda oauth, host: OAuth1Http(oauth=load("nowhere.example", prefix="NOWHERE")),
    "no environment": lambda oauth, host: OAuth1Http(oauth=OAuth1.from_env("NOWHERE", required=True)),
    "from_env not called": lambda oauth, host: OAuth1Http(oauth=OAuth1.from_env),
    "empty mapping": lambda oauth, host: OAuth1Http(oauth={}),
    "empty mapping installed": lambda oauth, host: installed({}),
    "empty mapping of api_only": lambda oauth, host: OAuth1Http(oauth=mediawiki.api_only({})),
    "empty mapping on the class": lambda oauth, host: subclass(OAuth1Http, oauth={})(),
    "empty mapping on the class later": lambda oauth, host: late_attribute({}),
    "URL": lambda oauth, host: OAuth1Http(oauth={f"http://{host}/": oauth}),
    "URL installed": lambda oauth, host: installed({f"http://{host}": oauth}),
    "URL as the domain": lambda oauth, host: OAuth1Http().add_credentials("a", "b", "c", "d", f"http://{host}"),
    "URL in Pywikibot": lambda oauth, host: OAuth1Http(oauth=from_pywikibot({f"http://{host}": ("a", "b", "c", "d")})),
    "blank": lambda oauth, host: OAuth1Http(oauth={f" {host}": oauth}),
    "path": lambda oauth, host: OAuth1Http(oauth={f"{host}/w/api.php": oauth}),
    "wildcard in the middle": lambda oauth, host: OAuth1Http(oauth={"local*": oauth}),
    "bytes": lambda oauth, host: OAuth1Http(oauth={host.encode(): oauth}),
    "the class": lambda oauth, host: OAuth1Http(oauth=OAuth1),
    "the class installed": lambda oauth, host: installed(OAuth1),
    "transport of its own": lambda oauth, host: subclass(OAuth1Mixin, ByUrllib)(oauth=oauth),
    "transport of its own behind": lambda oauth, host: subclass(ByUrllib, OAuth1Mixin, oauth=oauth)(),
    "transport of its own installed": lambda oauth, host: installed(oauth, ByUrllib),
    "putrequest": lambda oauth, host: subclass(OAuth1Mixin, ByPutRequest)(oauth=oauth),
    "putrequest installed": lambda oauth, host: installed(oauth, ByPutRequest),
    "required, and logged out": lambda oauth, host: OAuth1Http(require_signature=True),
    "required, and another host": lambda oauth, host: OAuth1Http(oauth={"a.example": oauth}, require_signature=True),
    "required, and None for the host": lambda oauth, host: OAuth1Http(oauth={host: None}, require_signature=True),
    "required, and cleared": lambda oauth, host: cleared({host: oauth}),
    "required by a pool": lambda oauth, host: HttpPool(OAuth1Http(require_signature=True)),
    "required on the class": lambda oauth, host: subclass(OAuth1Http, require_signature=True)(),
}


def edit(http, wiki):
    """Edit as a program that ignores errors of the first request, and return the names of the editors."""
    query = f"{wiki.api_uri}?action=query&meta=tokens&format=json"
    token = json.loads(http.request(query)[1])["query"]["tokens"]["csrftoken"]
    form = {"action": "edit", "title": "Sandbox", "text": "x", "token": token, "format": "json"}
    http.request(wiki.api_uri, "POST", urlencode(form), FORM)


@pytest.mark.parametrize("make", SIGN.values(), ids=SIGN)
def test_way_that_signs_edits_as_the_user(wiki, alice, make):
    edit(make(alice, wiki.api_uri.split("/")[2].partition(":")[0]), wiki)
    assert [request.user for request in wiki.requests] == ["Alice", "Alice"]


@pytest.mark.parametrize("make", RAISE.values(), ids=RAISE)
def test_way_that_can_not_sign_raises_before_the_wiki_is_asked(wiki, alice, make, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    host = wiki.api_uri.split("/")[2].partition(":")[0]
    with pytest.raises(ERRORS):
        edit(make(alice, host), wiki)
    form = {"action": "edit", "title": "Sandbox", "text": "x", "token": "+\\", "format": "json"}
    with pytest.raises(ERRORS):
        make(alice, host).request(wiki.api_uri, "POST", urlencode(form), FORM)
    assert len(wiki.requests) == 0


def test_user_config_with_a_url_raises_before_anything_is_set_up(tmp_path):
    path = tmp_path / "user-config.py"
    path.write_text("authenticate['https://en.wikipedia.org'] = ('a', 'b', 'c', 'd')\n")
    path.chmod(0o600)
    with pytest.raises(CredentialsError, match=r"write 'en\.wikipedia\.org'"):
        read_user_config(path)


# -- random programs


def random_program(generator, server, other):
    """Return an Http that requires signatures, and a request that is or is not for a host with credentials."""
    value = generator.choice(
        [OAUTH, {"localhost": OAUTH}, {"127.0.0.1": OAUTH}, {"localhost": None}, {"*": OAUTH}, None, lambda uri: None,
         lambda uri: OAUTH if "localhost" in uri else None, mediawiki.api_only({"localhost": OAUTH})]
    )  # fmt: skip
    kind = generator.choice([OAuth1Http, subclass(OAuth1Mixin, httplib2.Http), subclass(httplib2.Http, OAuth1Mixin)])
    if generator.random() < 0.4:
        http = subclass(kind, oauth=staticmethod(value) if callable(value) else value, require_signature=True)()
    else:
        http = kind()
        http.oauth, http.require_signature = value, True
    if generator.random() < 0.3:
        http = HttpPool(http)
    place = generator.choice([server, other])
    host = generator.choice(["localhost", "127.0.0.1"])
    path = generator.choice(["/", "/w/api.php", "/redirect/here", "/redirect/elsewhere"])
    method, body = generator.choice([("GET", None), ("POST", "a=1"), ("PUT", "x"), ("HEAD", None), ("DELETE", None)])
    return functools.partial(http.request, place.uri(path, host), method, body, FORM if body == "a=1" else None)


@pytest.mark.parametrize("seed", slow_except(range(3), range(40)))
def test_random_programs_that_require_signatures_send_none_unsigned(serve, seed):
    generator, lock = random.Random(seed), threading.Lock()
    unsigned = []

    def handler(received):
        here = received.headers["host"]
        if not reference.protocol_parameters(received):
            with lock:
                unsigned.append(received)
        else:
            assert reference.is_valid(received, SECRETS)
        if received.target == "/redirect/here":
            return answer("", "302 Found", Location=f"http://{here}/w/api.php")
        if received.target == "/redirect/elsewhere":
            elsewhere = other if here.endswith(str(server.port)) else server
            return answer("", "302 Found", Location=elsewhere.uri("/elsewhere"))
        return answer("" if received.method == "HEAD" else "ok")

    server, other = serve(handler), serve(handler)
    refused = 0
    for _ in range(50):
        try:
            random_program(generator, server, other)()
        except SigningError:
            refused += 1
    assert refused > 5
    # Only a redirect to another origin is followed without a signature.
    assert {received.target for received in unsigned} <= {"/elsewhere"}
    assert len(server.received) + len(other.received) > len(unsigned) + 5
