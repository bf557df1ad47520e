"""Signatures equal oauthlib's, and signing a large request needs little memory."""

import base64
import enum
import gc
import hashlib
import hmac
import re
import tracemalloc
import weakref
from urllib.parse import quote, unquote, urlencode

import oauthlib.oauth1
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from httplib2_oauthlib import OAuth1, SigningError

from .. import reference
from .signed_requests import FORM, SECRETS, URI, is_valid, received

HMACS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512"]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=12)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1, max_size=8)
# Pieces of queries and forms, in every spelling that oauthlib accepts.
spellings = st.lists(
    st.sampled_from(
        [
            "a",
            "b=",
            "=",
            "&",
            "+",
            "%20",
            "%2B",
            "%2b",
            "%41",
            "%7E",
            "~",
            "%c3%a9",
            "%C3%A9",
            "-",
            "_",
            ".",
            "*",
            "!",
            "/",
            "'",
            "(",
            ")",
            ",",
            ":",
            "@",
            "$",
            ";",
            "?",
            "%25",
            "%26",
            "%3D",
            "%3d",
            "%00",
            "o",
            "p",
            "oauth",
            "z=1&",
            "a=2&a=1",
        ]
    ),
    max_size=12,
).map("".join)


def signature(signed, placement):
    """Return the signature of a request that oauthlib or OAuth1 signed, from where it is placed."""
    uri, headers, body = signed
    body = body.decode() if isinstance(body, bytes) else body  # A form that had to be encoded is bytes.
    place = {"AUTH_HEADER": headers.get("Authorization", ""), "QUERY": uri, "BODY": body}[placement]
    return unquote(re.search(r'oauth_signature="?([^"&]*)', place)[1])


@pytest.mark.filterwarnings("ignore:.* begins or ends with a blank:UserWarning")
@given(
    credentials=st.tuples(keys, secrets, st.none() | keys, st.none() | secrets),
    extras=st.fixed_dictionaries({}, optional={"callback_uri": text, "verifier": text}),
    realm=st.none() | st.sampled_from(["Photos", "a b", ""]),
    method=st.sampled_from([*HMACS, "PLAINTEXT"]),
    placement=st.sampled_from(["AUTH_HEADER", "AUTH_HEADER", "QUERY", "BODY"]),
    stamps=st.tuples(st.sampled_from(["n", "n-._~", "n+/=%&", "\xe9"]), st.sampled_from(["1", "1234567890"])),
    verb=st.sampled_from(["GET", "get", "POST", "Put", "DELETE", "OPTIONS", "PATCH"]),
    path=st.sampled_from(["", "/", "/w/api.php", "/a%20b", "/%7e", "//", "/a;b"]),
    host=st.sampled_from(["h.example", "H.Example", "h.example:443", "h.example:80", "h.example:8443", "[::1]:8080"]),
    query=spellings,
    form=st.none() | spellings,
)
@example(("c", "s", None, None), {}, None, "HMAC-SHA1", "AUTH_HEADER", ("n", "1"), "GET", "/", "h.example", "", None)
def test_oauthlib_returns_the_same_signature(
    credentials, extras, realm, method, placement, stamps, verb, path, host, query, form
):
    """oauthlib is the oracle for every request that it accepts."""
    # oauthlib decodes names with oauth_ twice, and its own parameters too if they are not in the header.
    assume("oauth_" not in f"{query}&{form}")
    assume(placement == "AUTH_HEADER" or not set("%+") & set(str((credentials, extras, stamps))))
    nonce, timestamp = stamps
    settings = {**extras, "realm": realm, "signature_method": method, "signature_type": placement}
    theirs = oauthlib.oauth1.Client(
        credentials[0], client_secret=credentials[1], resource_owner_key=credentials[2],
        resource_owner_secret=credentials[3], nonce=nonce, timestamp=timestamp, **settings,
    )  # fmt: skip
    arguments = (f"https://{host}{path}?{query}", verb, form, FORM if form is not None else {})
    try:
        expected = theirs.sign(*arguments)
    except ValueError:  # oauthlib rejects some requests that servers accept.
        assume(False)
    signed = OAuth1(*credentials, **settings).sign(*arguments, nonce=nonce, timestamp=timestamp)
    assert signature(signed, placement) == signature(expected, placement)
    if placement == "AUTH_HEADER":
        # oauthlib doesn't send an empty realm.
        header = signed.headers["Authorization"].replace('realm="", ', "", realm == "")
        assert header == expected[1]["Authorization"]


@pytest.mark.parametrize("method", ["RSA-SHA1", "RSA-SHA256", "RSA-SHA512"])
@pytest.mark.parametrize("form", [None, "a=%C3%A9&b=+"])
def test_oauthlib_returns_the_same_rsa_signature(method, form, rsa_keys):
    arguments = (URI + "?q=1", "POST", form, FORM if form else {})
    settings = {"signature_method": method, "rsa_key": rsa_keys[0]}
    expected = oauthlib.oauth1.Client("client", nonce="n", timestamp="1", **settings).sign(*arguments)
    ours = OAuth1("client", **settings)
    for _ in range(2):
        signed = ours.sign(*arguments, nonce="n", timestamp="1")
        assert signed.headers["Authorization"] == expected[1]["Authorization"]


@pytest.mark.parametrize("method", HMACS)
@pytest.mark.parametrize("length", [0, 1, 62, 63, 64, 65, 126, 127, 128, 129, 500])
def test_secrets_of_any_length_sign_with_hmac(method, length):
    """A key that is longer than a block of the hash is hashed first: RFC 2104, section 2."""
    secrets = reference.Secrets("c" * (length // 2), "t" * (length - length // 2))
    oauth = OAuth1("client", secrets.client, "token", secrets.token, signature_method=method)
    assert is_valid(oauth.sign(URI + "?a=b"), secrets=secrets)
    assert is_valid(oauth.sign(URI, "POST", "a=b", FORM), "POST", secrets)


@pytest.mark.parametrize(
    "name",
    [
        "oauth",
        "oauth_",
        "oauth_a",
        "oauth_zzz",
        "oauth_nonce",
        "oauth`",
        "oauth-",
        "oautg",
        "oauti",
        "OAUTH_x",
        "z",
        "A",
    ],
)
@pytest.mark.parametrize("place", ["query", "form"])
def test_the_requests_parameters_are_sorted_among_the_protocols(oauth, name, place):
    """Before the protocol parameters, after them, and between them."""
    encoded = f"{quote(name)}=1&a=2&zz=3&{quote(name)}=0"
    if place == "query":
        assert is_valid(oauth.sign(f"{URI}?{encoded}"))
    else:
        assert is_valid(oauth.sign(URI, "POST", encoded, FORM), "POST")


def test_requests_do_not_share_cached_parts(oauth):
    """The cache key of a URI contains everything that its cached parts depend on."""
    others = OAuth1("client", "other", "token", SECRETS.token)
    for _ in range(2):
        for uri in (
            URI,
            URI + "?a=1",
            URI + "?a=2",
            URI + "#f",
            "https" + URI[4:],
            "http://other.example/w/api.php?a=1",
        ):
            for method in ("GET", "POST", "DELETE"):
                assert is_valid(oauth.sign(uri, method), method)
                assert is_valid(others.sign(uri, method), method, SECRETS._replace(client="other"))
                with_host = oauth.sign(uri, method, None, {"host": "wiki.org:81"})
                assert reference.is_valid(
                    received(with_host, method)._replace(headers=dict(with_host.headers) | {"host": "wiki.org:81"}),
                    SECRETS,
                ) or is_valid(with_host, method)
            assert is_valid(oauth.sign(uri, "POST", "b=1", FORM), "POST")
            assert is_valid(oauth.sign(uri), "GET")


@pytest.mark.parametrize("length", [2000, 2048, 2049, 100_000])
def test_long_uris_are_signed(oauth, length):
    uri = f"{URI}?titles=".ljust(length, "x")
    for _ in range(2):
        assert is_valid(oauth.sign(uri))
        assert oauth.sign(uri).uri == uri


def test_more_uris_than_the_cache_holds_are_signed(oauth):
    assert all(is_valid(oauth.sign(f"{URI}?n={number}")) for number in [*range(600), *range(0, 600, 100)])


def test_a_method_registered_with_oauthlib_is_used(monkeypatch):
    """A registered method may also replace one of oauthlib's."""
    methods = dict(oauthlib.oauth1.Client.SIGNATURE_METHODS)
    monkeypatch.setattr(oauthlib.oauth1.Client, "SIGNATURE_METHODS", methods)
    seen = []

    def sign(base_string, client):
        seen.append(base_string)
        return f"signed/by {client.client_key}"

    for name in ("HMAC-SHA1", "X-OURS"):
        oauthlib.oauth1.Client.register_signature_method(name, sign)
        signed = OAuth1("me", "s", signature_method=name).sign(URI + "?a=b", nonce="n", timestamp=1)
        assert signed.headers["Authorization"].endswith('oauth_signature="signed%2Fby%20me"')
        assert seen[-1].startswith("GET&http%3A%2F%2Fwiki.example%2Fw%2Fapi.php&a%3Db%26oauth_consumer_key%3Dme%26")


def test_the_signature_is_an_hmac_of_the_explained_base_string():
    """The test computes the signature itself: RFC 5849, section 3.4.2."""
    oauth = OAuth1("client", "s", signature_method="HMAC-SHA512")
    explained = oauth.explain(URI, "POST", "x=y", FORM, nonce="n", timestamp=1)
    base_string = next(line for line in explained.splitlines() if line.startswith("POST&"))
    digest = hmac.new(b"s&", base_string.encode(), hashlib.sha512).digest()
    signed = oauth.sign(URI, "POST", "x=y", FORM, nonce="n", timestamp=1)
    assert signature(signed, "AUTH_HEADER") == base64.b64encode(digest).decode()


# -- large forms

WIKITEXT = "Съешь ещё этих [[мягких|французских]] булок, да выпей ''чаю''.\n"


def signed_with_peak(oauth, form):
    """Return a signed form, and the most bytes of memory that were in use for it at once."""
    oauth.sign(URI, "POST", form, FORM)
    tracemalloc.start()
    try:
        signed = oauth.sign(URI, "POST", form, FORM)
        return signed, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [str, pytest.param(str.encode, marks=pytest.mark.slow)])
def test_a_large_form_takes_five_times_its_size_at_most(oauth, kind):
    form = kind(urlencode({"action": "edit", "text": WIKITEXT * 3000, "token": "t+\\"}))
    signed, peak = signed_with_peak(oauth, form)
    assert peak < 5 * len(form)
    assert signed.body is form
    assert is_valid(signed, "POST")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(WIKITEXT * 3000, marks=pytest.mark.slow),
        "It is plain English, and has a space here and there. " * 4000,
    ],
    ids=["wikitext", "English"],
)
def test_a_large_form_that_is_encoded_takes_five_times_what_is_sent_at_most(oauth, text):
    signed, peak = signed_with_peak(oauth, f"action=edit&text={text}")
    assert peak < 5 * len(signed.body)
    assert is_valid(signed, "POST")


def test_a_large_form_is_not_cached(oauth):
    form = urlencode({"text": WIKITEXT * 3000})
    oauth.sign(URI, "POST", "a=b", FORM)
    tracemalloc.start()
    try:
        oauth.sign(URI, "POST", form, FORM)
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert left < len(form) / 10


@pytest.mark.parametrize(
    "respelled",
    [
        lambda form: re.sub("%..", lambda match: match[0].lower(), form),
        lambda form: form.replace("%5B", "[").replace("%7C", "|").replace("%2C", ","),
        lambda form: unquote(form.replace("%26", "%2526")).replace("%26", "%26"),
        lambda form: form.replace("+", "%20"),
        lambda form: form.replace("t", "%74").replace("x", "%78"),
    ],
    ids=["lower case", "reserved characters", "not encoded", "spaces", "encoded letters"],
)
def test_every_spelling_of_a_form_has_the_same_signature(oauth, respelled):
    form = "text=" + quote(WIKITEXT.replace("+", "") * 20, safe="")
    spelled = respelled(form)
    assert spelled == respelled(form)
    one, other = (oauth.sign(URI, "POST", body, FORM, nonce="n", timestamp=1) for body in (form, spelled))
    assert one.headers["Authorization"] == other.headers["Authorization"]
    assert is_valid(other, "POST")


# -- unusual arguments


@pytest.mark.parametrize("case", [str.upper, str.lower, str.capitalize, str.swapcase])
def test_every_percent_escape_is_signed_as_its_byte(oauth, case):
    for byte in range(256):
        escaped = case(f"%{byte:02x}")
        assert is_valid(oauth.sign(f"{URI}?a={escaped}z&{escaped}"))
        assert is_valid(oauth.sign(URI, "POST", f"a={escaped}z&{escaped}", FORM), "POST")


@pytest.mark.parametrize("placement", ["AUTH_HEADER", "QUERY", "BODY"])
def test_any_nonce_and_timestamp_are_signed(placement):
    oauth = OAuth1("client", SECRETS.client, "token", SECRETS.token, signature_type=placement)
    signed = oauth.sign(URI, "POST", "a=b", FORM, nonce="a b/ü%41+", timestamp="1 2%")
    assert is_valid(signed, "POST")
    assert reference.protocol_parameters(received(signed, "POST"))["oauth_nonce"] == "a b/ü%41+"


class Texts(str, enum.Enum):  # noqa: UP042
    KEY = "client"
    SECRET = "secret"


class WithMore(OAuth1):
    def protocol_parameters(self, nonce, timestamp):
        """Yield a parameter that depends on the request, and one as bytes."""
        yield from super().protocol_parameters(nonce, timestamp)
        yield ("oauth_of_nonce", nonce[::-1])
        yield ("xoauth_requestor_id", b"alice")


def test_a_subclass_of_str_is_sent_as_its_value():
    oauth = OAuth1(Texts.KEY, Texts.SECRET)
    assert 'oauth_consumer_key="client"' in oauth.sign(URI).headers["Authorization"]
    assert is_valid(oauth.sign(URI), secrets=reference.Secrets("secret", ""))


def test_a_subclass_may_yield_parameters_that_depend_on_the_request():
    oauth = WithMore("client", SECRETS.client, "token", SECRETS.token)
    for nonce in ("abc", "def"):
        signed = oauth.sign(URI, headers={"authorization": "other"}, nonce=nonce)
        assert is_valid(signed)
        assert f'oauth_of_nonce="{nonce[::-1]}", xoauth_requestor_id="alice"' in signed.headers["Authorization"]
        assert len(signed.headers) == 1


def test_the_authorization_is_replaced_beside_other_oauth_parameters(oauth):
    headers = {"authorization": "other", "AUTHORIZATION": "another", "x": "y"}
    for uri in (URI, URI + "?oauth_x=1"):
        signed = oauth.sign(uri, headers=headers)
        assert sorted(signed.headers) == ["Authorization", "x"]
        assert is_valid(signed)
    assert list(headers) == ["authorization", "AUTHORIZATION", "x"]


def test_changes_after_the_first_signature_take_effect(monkeypatch, oauth):
    """A replaced signature method, and patched protocol parameters."""
    before = oauth.sign(URI, nonce="n", timestamp=1)
    parameters = OAuth1.protocol_parameters
    with monkeypatch.context() as patch:
        patch.setattr(OAuth1, "protocol_parameters", lambda *args: [*parameters(*args), ("oauth_of", args[1])])
        assert 'oauth_of="n"' in oauth.sign(URI, nonce="n").headers["Authorization"]
        assert is_valid(oauth.sign(URI, nonce="n"))
    methods = {**oauthlib.oauth1.Client.SIGNATURE_METHODS, "HMAC-SHA1": lambda base_string, client: "by hand"}
    with monkeypatch.context() as patch:
        patch.setattr(oauthlib.oauth1.Client, "SIGNATURE_METHODS", methods)
        assert signature(oauth.sign(URI), "AUTH_HEADER") == "by hand"
    assert oauth.sign(URI, nonce="n", timestamp=1) == before


def test_a_registered_method_gets_the_client_and_its_errors_are_raised(monkeypatch, rsa_keys):
    seen = []

    class Method:
        __hash__ = None

        def __call__(self, base_string, client):
            seen.append(client.rsa_key)
            raise KeyError("no such slot")

    methods = {**oauthlib.oauth1.Client.SIGNATURE_METHODS, "RSA-SHA1": Method(), "X-SLOT": Method()}
    monkeypatch.setattr(oauthlib.oauth1.Client, "SIGNATURE_METHODS", methods)
    with pytest.raises(KeyError, match="no such slot"):
        OAuth1("client", signature_method="X-SLOT").sign(URI)
    with pytest.raises(SigningError):
        OAuth1("client", signature_method="RSA-SHA1", rsa_key=rsa_keys[0]).sign(URI)
    assert seen == [None, rsa_keys[0]]


@pytest.mark.parametrize("authority", ["[fe80::1%eth0]", "foo%2Fbar", "h:99999", ""])
def test_a_host_header_replaces_an_authority_that_cannot_be_signed(oauth, authority):
    headers = {"Host": "wiki.example"}
    uri = f"http://{authority}/w/api.php"
    for _ in range(2):
        assert (
            oauth.sign(uri, headers=headers, nonce="n", timestamp=1).headers["Authorization"]
            == (oauth.sign(URI, nonce="n", timestamp=1).headers["Authorization"])
        )
        with pytest.raises(SigningError, match="no host that can be signed"):
            oauth.sign(uri)


def test_the_first_of_two_spellings_of_a_header_is_used(oauth):
    form = {"Content-Type": FORM["Content-Type"], "content-type": "text/plain"}
    other_way = dict(reversed(form.items()))
    for headers, first in ((form, FORM), (other_way, {"Content-Type": "text/plain"})):
        one, other = (oauth.sign(URI, "POST", "a=b", each, nonce="n", timestamp=1) for each in (headers, first))
        assert one.headers["Authorization"] == other.headers["Authorization"]


def test_protocol_parameters_are_placed_in_an_empty_form():
    signed = OAuth1("client", SECRETS.client, signature_type="BODY").sign(URI, "POST", "", FORM)
    assert signed.body.startswith("oauth_nonce=")
    assert is_valid(signed, "POST", SECRETS._replace(token=""))


def test_the_explained_base_string_keeps_its_order():
    """Secrets are masked after sorting."""
    text = OAuth1("client", "zzzz-secret-long").explain(URI + "?a=nnn&a=zzzz-secret-long")
    assert "a%3Dnnn%26a%3DMASKED" in text


# -- the cache


@pytest.mark.slow
def test_large_uris_and_hosts_are_not_cached(oauth):
    oauth.sign(URI, "POST", "a=b", FORM)
    tracemalloc.start()
    try:
        for number in range(15):  # Ten kept URIs or headers would exceed the limit below.
            oauth.sign(f"http://h/{number}/{'a' * 100_000}")
            oauth.sign(f"http://h/?a={number}{'a' * 100_000}")
            oauth.sign(URI, headers={"Host": f"h{number}{'a' * 100_000}"})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 10**6


def test_cached_signers_are_freed_with_their_credentials():
    """They are freed at once, without the garbage collector: a web tool creates an OAuth1 for each request."""
    gc.collect()
    gc.disable()
    try:
        oauth = OAuth1("client", "secret")
        oauth.sign(URI)
        computed = [value for value in vars(oauth).values() if hasattr(value, "signature")]
        gone = [weakref.ref(value) for value in (oauth, *computed)]
        assert len(gone) == 2
        del oauth, computed
        assert [reference() for reference in gone] == [None, None]
    finally:
        gc.enable()
