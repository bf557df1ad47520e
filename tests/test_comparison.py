"""The table in the README that compares this package with others: each cell is what a library does here."""

import re
import warnings
from pathlib import Path

import httplib2
import mwoauth
import pytest
import requests
import requests_oauthlib
from authlib.integrations.requests_client import OAuth1Session as AuthlibSession

from httplib2_oauthlib import OAuth1, OAuth1Http, mediawiki
from httplib2_oauthlib.testwiki import TestWiki

from .servers import DROP, answer

# It imports distutils, which setuptools provides with a warning.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import oauth2

README = (Path(__file__).parents[1] / "README.rst").read_text("utf-8")
CREDENTIALS = ("client key", "client secret", "token", "token secret")


def ours(credentials=CREDENTIALS):
    http = OAuth1Http(timeout=5, oauth=OAuth1(*credentials))
    return lambda method, uri, body=None, headers=None: http.request(uri, method, body, headers)[1]


def of_session(session):
    session.trust_env = False  # No proxy of the machine is in between.
    return lambda method, uri, body=None, headers=None: (
        session.request(method, uri, data=body, headers=headers, timeout=5).content
    )


def with_requests_oauthlib(credentials=CREDENTIALS):
    return of_session(requests_oauthlib.OAuth1Session(*credentials))


def with_mwoauth(credentials=CREDENTIALS):
    """As mwoauth's documentation does it: ``requests`` with ``auth=OAuth1(...)``."""
    session = requests.Session()
    session.auth = requests_oauthlib.OAuth1(*credentials)
    return of_session(session)


def with_authlib(credentials=CREDENTIALS):
    return of_session(AuthlibSession(*credentials))


def with_python_oauth2(credentials=CREDENTIALS):
    key, secret, token, token_secret = credentials
    http = oauth2.Client(oauth2.Consumer(key, secret), oauth2.Token(token, token_secret), timeout=5)
    return lambda method, uri, body=None, headers=None: http.request(uri, method, body or b"", headers)[1]


LIBRARIES = {
    "This one": ours,
    "requests-oauthlib": with_requests_oauthlib,
    "mwoauth": with_mwoauth,
    "Authlib": with_authlib,
    "python-oauth2": with_python_oauth2,
}
HTTP_CLASSES = {
    "This one": OAuth1Http,
    "requests-oauthlib": requests_oauthlib.OAuth1Session,
    "mwoauth": mwoauth.Handshaker,
    "Authlib": AuthlibSession,
    "python-oauth2": oauth2.Client,
}
IDENTITIES = {"This one": mediawiki.Handshaker, "mwoauth": mwoauth.Handshaker}


def nonce(received):
    """Return the nonce of a signed request, wherever it is placed, or None."""
    text = f"{received.target} {received.headers.get('authorization')} {received.body!r}"
    found = re.search(r'oauth_nonce="?(\w+)', text)
    return found and found[1]


def is_http(library, serve):
    return issubclass(HTTP_CLASSES[library], httplib2.Http)


def signs_the_same_host_only(library, serve):
    other = serve()
    first = serve(lambda received: answer(status="302 Found", Location=locations.pop(0)) if locations else answer())
    locations = ["/second"]
    try:
        LIBRARIES[library]()("GET", first.uri("/first"))
    except TypeError:  # python-oauth2 can't follow a redirect.
        return False
    signed = [nonce(received) for received in first.received]
    locations = [other.uri("/elsewhere", host="127.0.0.1")]
    LIBRARIES[library]()("GET", first.uri("/third"))
    return len(set(signed)) == 2 and None not in signed and [nonce(each) for each in other.received] == [None]


def keeps_the_nonce(library, serve):
    answers = [DROP, DROP, DROP, answer()]
    server = serve(lambda received: answers.pop(0) if answers else answer())
    send = LIBRARIES[library]()
    for _ in range(2):
        try:
            send("POST", server.uri("/edit"), "text=a", {"Content-Type": "application/x-www-form-urlencoded"})
        except (OSError, httplib2.HttpLib2Error, requests.RequestException):
            continue
    nonces = [nonce(received) for received in server.received]
    assert len(nonces) > 1
    return len(set(nonces)) == 1


def corrects_the_clock(library, serve):
    with TestWiki() as wiki:
        clock = wiki.clock
        wiki.clock = lambda: clock() + 7200
        send = LIBRARIES[library](tuple(wiki.owner_only("Alice")))
        return b'"name":"Alice"' in send("GET", f"{wiki.api_uri}?action=query&meta=userinfo&format=json")


def sends_a_blank_field(library, serve):
    server = serve()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    LIBRARIES[library]()("POST", server.uri("/edit"), "text=a&minor=", form)
    return b"minor=" in server.received[-1].body


def verifies_the_user(library, serve):
    if library not in IDENTITIES:
        return False
    with TestWiki() as wiki:
        key, secret, *token = wiki.owner_only("Alice")
        consumer = mwoauth.ConsumerToken(key, secret)
        tool = IDENTITIES[library](wiki.index_uri, consumer, user_agent="test_comparison/1.0")
        return tool.identify(mwoauth.AccessToken(*token))["username"] == "Alice"


# In the order of the table's lines.
CHECKS = [
    is_http,
    signs_the_same_host_only,
    keeps_the_nonce,
    corrects_the_clock,
    sends_a_blank_field,
    verifies_the_user,
]


def table():
    """Return the lines of the README's table: by what it compares, the cell of each library."""
    text = README.partition(".. comparison\n")[2]
    rule, header, _, *lines = re.findall(r"^[=\S].*", text, re.MULTILINE)
    starts = [match.start() for match in re.finditer(r"=+", rule)]
    cells = [
        [line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)]
        for line in (header, *lines[: [line.startswith("===") for line in lines].index(True)])
    ]
    return cells[0][1:], {line[0]: line[1:] for line in cells[1:]}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_line_of_the_comparison_says_what_each_library_does(check, serve):
    libraries, lines = table()
    assert libraries == list(LIBRARIES)
    assert len(lines) == len(CHECKS)
    cells = list(lines.values())[CHECKS.index(check)]
    assert ["yes" if check(library, serve) else "no" for library in libraries] == cells
