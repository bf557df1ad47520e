"""The keys of a mapping in ``oauth``: one that can match no host is refused when it is set."""

import re
import sys
from collections import ChainMap, OrderedDict, UserDict, defaultdict
from collections.abc import Mapping
from types import MappingProxyType

import httplib2
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from httplib2_oauthlib import OAuth1, OAuth1Http, SigningError, install, mediawiki
from httplib2_oauthlib._signing.hosts import normalize_pattern

from .. import reference
from .signed_requests import is_signed
from .test_connection_doubles import Double

OAUTH = OAuth1("client", "secret", "token", "token secret")
WRONG = {
    "https://en.wikipedia.org/": "'en.wikipedia.org'",
    "http://127.0.0.1": "'127.0.0.1'",
    "HTTPS://EN.wikipedia.org:8443/w": "'en.wikipedia.org:8443'",
    "//en.wikipedia.org": "'en.wikipedia.org'",
    "en.wikipedia.org/": "'en.wikipedia.org'",
    "en.wikipedia.org/w/api.php": "'en.wikipedia.org'",
    "en.wikipedia.org?action=edit": "'en.wikipedia.org'",
    "en.wikipedia.org#top": "'en.wikipedia.org'",
    " en.wikipedia.org": "'en.wikipedia.org'",
    "en.wikipedia.org\n": "'en.wikipedia.org'",
    ".wikipedia.org": "'wikipedia.org'",
    "en.wikipedia.org.": "'en.wikipedia.org'",
    "name@en.wikipedia.org": "'en.wikipedia.org'",
    "https://m\u00fcnchen.example/": "'xn--mnchen-3ya.example'",
    "::1": "'[::1]'",
    "2001:DB8::1": "'[2001:db8::1]'",
    "en.wikipedia.org:": "'en.wikipedia.org'",
    "en.wikipedia.org:http": "'en.wikipedia.org'",
    "en.wikipedia.org:0": "'en.wikipedia.org'",
    "en.wikipedia.org:080": "'en.wikipedia.org'",
    "en.wikipedia.org:65536": "'en.wikipedia.org'",
    "en.*.org": "as in '*.wikipedia.org'",
    "*.*.org": "as in '*.wikipedia.org'",
    "127.0.0.*": "as in '*.wikipedia.org'",
    "*wikipedia.org": "as in '*.wikipedia.org'",
    "**": "as in '*.wikipedia.org'",
    "": "'*' for all hosts",
    " ": "'*' for all hosts",
    "en wikipedia": "such as en.wikipedia.org",
    "en.wikipedia.org,de.wikipedia.org": "such as en.wikipedia.org",
    "en..wikipedia.org": "such as en.wikipedia.org",
    "[::1": "such as en.wikipedia.org",
    "[:::1]": "such as en.wikipedia.org",
    "https://": "such as en.wikipedia.org",
    "\ud800": "such as en.wikipedia.org",
}


def set_attribute(mapping):
    OAuth1Http().oauth = mapping


WAYS = {
    "argument": lambda mapping: OAuth1Http(oauth=mapping),
    "attribute": set_attribute,
    "install": install,
    "api_only": mediawiki.api_only,
    "class attribute": lambda mapping: type("Bot", (OAuth1Http,), {"oauth": mapping}),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_key_that_can_match_no_host_is_refused_with_the_right_form(way):
    plain = httplib2.Http
    for key, advice in WRONG.items():
        with pytest.raises(SigningError) as caught:
            way({"good.example": OAUTH, key: OAUTH})
        assert isinstance(caught.value, ValueError)
        assert advice in str(caught.value), key
    assert httplib2.Http is plain


def test_message_shows_neither_the_password_nor_the_query_of_a_key():
    for key in ("https://u:canary@en.wikipedia.org/", "u:canary@h", "h/?token=canary", "x" * 90 + "canary/"):
        with pytest.raises(SigningError) as caught:
            OAuth1Http(oauth={key: OAUTH})
        assert "canary" not in str(caught.value).replace("write 'xxx", "")[:130]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("key", [b"en.wikipedia.org", 5, None, ("h",)])
def test_key_that_is_not_a_str_is_a_type_error(way, key):
    with pytest.raises(TypeError, match="must be a str"):
        way({key: OAUTH})


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize(
    "empty", [{}, OrderedDict(), UserDict(), ChainMap(), ChainMap({}, {}), MappingProxyType({})], ids=repr
)
def test_empty_mapping_is_refused_and_none_advised(way, empty):
    with pytest.raises(SigningError, match="None to log out"):
        way(empty)


class SendsNothing(Double):
    """A test double of a connection. It notes whether each request is signed."""

    def request(self, method, target, body=None, headers=None):
        authorization = headers.get("Authorization", "")
        key = re.search('oauth_consumer_key="(.*?)"', authorization)
        raise Sent(bool(authorization), key and key[1])


class Sent(Exception):
    pass


def signs(mapping, uri):
    """Return whether a request to a URI is signed."""
    with pytest.raises(Sent) as caught:
        OAuth1Http(oauth=mapping).request(uri, connection_type=SendsNothing)
    return caught.value.args[0]


@pytest.mark.parametrize(
    ("key", "uri"),
    [
        ("m\u00fcnchen.example", "https://m\u00fcnchen.example/"),
        ("m\u00fcnchen.example", "https://xn--mnchen-3ya.example/"),
        ("xn--mnchen-3ya.example", "https://m\u00fcnchen.example/"),
        ("XN--MNCHEN-3ya.example", "https://M\u00dcNCHEN.example/"),
        ("*.m\u00fcnchen.example", "https://www.m\u00fcnchen.example/"),
        ("M\u00dcNCHEN.example:8443", "https://m\u00fcnchen.example:8443/"),
        ("[::1]", "http://[::1]/"),
        ("[0:0:0:0:0:0:0:1]", "http://[::1]/"),
        ("[::1]:8080", "http://[0::1]:8080/"),
        ("[2001:DB8::1]", "http://[2001:db8:0::1]/"),
        ("en.wikipedia.org:443", "https://en.wikipedia.org/"),
        ("en.wikipedia.org", "https://en.wikipedia.org:8443/"),
        ("*.wikipedia.org", "https://en.m.wikipedia.org/"),
        ("*", "https://en.wikipedia.org/"),
        ("*", "http://[::1]/"),
        ("*:8080", "http://127.0.0.1:8080/"),
        ("*.0.0.1", "http://127.0.0.1/"),
        ("a_b", "http://a_b/"),
    ],
)
def test_each_spelling_of_a_host_is_matched(key, uri):
    assert signs({key: OAUTH}, uri)
    assert not signs({"other.example": OAUTH}, uri)


TEXTS = st.text(st.sampled_from("a.*:/@[]?# 1\u00fc\u3002-_%\\"), max_size=9) | st.text(max_size=6)


@given(TEXTS | st.builds("{}{}".format, st.sampled_from(["http://", "*.", "a.", "[::"]), TEXTS))
@example("\u2488com")
@example("a\u3002b")
def test_any_key_is_refused_or_signs_a_request(key):
    try:
        http = OAuth1Http(oauth={key: OAUTH})
    except SigningError:
        return
    host = key.replace("*.", "www.").replace("*", "any.example")
    assume(len(host) < 60)
    assert signs(http.oauth, f"http://{host}/")


# -- mappings that change, and mappings that compute


def test_invalid_key_that_is_added_later_is_refused_before_anything_is_sent(serve, oauth):
    server = serve()
    mapping = {"localhost": oauth}
    http = OAuth1Http(oauth=mapping)
    http.request(server.uri())
    mapping["https://localhost"] = mapping.pop("localhost")
    with pytest.raises(SigningError, match="write 'localhost'"):
        http.request(server.uri(), "POST", "a=1")
    assert [is_signed(each) for each in server.received] == [True]


class Computed(Mapping):
    """A mapping whose keys can't be listed."""

    def __getitem__(self, key):
        if key == "localhost":
            return OAuth1("client", "client secret", "token", "token secret")
        raise KeyError(key)

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0


class Missing(dict):
    def __missing__(self, key):
        return Computed()[key]


@pytest.mark.parametrize(
    "kind",
    [
        lambda oauth: ChainMap({"other.example": None}, {"localhost": oauth}),
        lambda oauth: ChainMap({}, Computed()),
        lambda oauth: MappingProxyType({"localhost": oauth}),
        lambda oauth: UserDict({"LOCALHOST": oauth}),
        lambda oauth: OrderedDict({"localhost": oauth}),
        lambda oauth: Computed(),
        lambda oauth: Missing(),
        lambda oauth: defaultdict(lambda: oauth),
    ],
)
def test_mapping_of_any_class_signs(serve, oauth, kind):
    server = serve()
    http = OAuth1Http(oauth=kind(oauth))
    http.request(server.uri())
    assert is_signed(server.received[0])


def selected(http, host):
    """Return the client key of a request to a host, or None if it isn't signed."""
    with pytest.raises(Sent) as caught:
        http.request(f"https://{host}/", connection_type=SendsNothing)
    return caught.value.args[1]


def expected(mapping, host):
    """Return the client key that a mapping selects, found by a walk through it."""
    by_pattern = {normalize_pattern(key): value for key, value in mapping.items()}
    labels = host.split(".")
    names = [host, *(".".join(["*", *labels[start:]]) for start in range(1, len(labels) + 1))]
    found = (by_pattern[each] for name in names for each in (f"{name}:443", name) if each in by_pattern)
    return getattr(next(found, None), "client_key", None)


class Own(Mapping):
    """A mapping of a program's own class."""

    def __init__(self, stored):
        self.stored = stored

    def __getitem__(self, key):
        return self.stored[key]

    def __iter__(self):
        return iter(self.stored)

    def __len__(self):
        return len(self.stored)


def in_a_user_dict(stored):
    mapping = UserDict()
    mapping.data = stored
    return mapping


SPELLINGS = ["a.example", "A.example", "a.EXAMPLE:443", "a.example:443", "*.example", "*.EXAMPLE", "*", "\u00fc.test"]
VALUES = [OAUTH, OAuth1("other"), None, KeyError]
CHANGES = st.lists(st.tuples(st.sampled_from(SPELLINGS), st.sampled_from(VALUES)), min_size=2, max_size=8)


@pytest.mark.parametrize(
    ("kind", "others"),
    [
        (dict, 1),
        (dict, 100),
        (OrderedDict, 100),
        (in_a_user_dict, 100),
        (ChainMap, 1),
        (MappingProxyType, 100),
        (Own, 1),
    ],
)
@settings(max_examples=10)
@given(CHANGES)
def test_each_change_of_a_mapping_counts_for_the_next_request(kind, others, changes):
    stored = (OrderedDict if kind is OrderedDict else dict)({f"other{number}.org": OAUTH for number in range(others)})
    mapping = stored if kind in (dict, OrderedDict) else kind(stored)
    http = OAuth1Http(oauth=mapping)
    assert http.oauth is mapping
    for key, value in changes:
        if value is KeyError:
            stored.pop(key, None)
        else:
            stored[key] = value
        for host in ("a.example", "xn--tda.test"):
            assert selected(http, host) == expected(stored, host)


def test_long_mapping_that_is_built_again_in_place_never_leaves_a_host_unsigned():
    """Neither the number of its keys changes, nor the first key or the last one."""
    first, last = {"first.example": OAUTH}, {"last.example": OAUTH}
    others = {f"other{number}.example": OAUTH for number in range(100)}
    mapping = {**first, "a.example": OAUTH, **others, **last}
    http = OAuth1Http(oauth=mapping)
    for key in ("B.EXAMPLE", "https://b.example"):
        mapping.clear()
        mapping.update({**first, key: OAUTH, **others, **last})
        if key == "B.EXAMPLE":
            assert selected(http, "b.example") == "client"
        else:
            with pytest.raises(SigningError, match=r"write 'b\.example'"):
                http.request("https://b.example/", connection_type=SendsNothing)
            with pytest.raises(SigningError, match=r"write 'b\.example'"):
                http.request("https://first.example/", connection_type=SendsNothing)


def count_calls(work):
    """Return how many functions are called, as a measure of work that no other program disturbs."""
    calls = []
    sys.setprofile(lambda frame, event, argument: calls.append(event))
    try:
        work()
    finally:
        sys.setprofile(None)
    return len(calls)


@pytest.mark.parametrize("wrapped", [dict, in_a_user_dict, ChainMap, MappingProxyType, Own])
@pytest.mark.parametrize("host", ["a.example", "unsigned.example"])
def test_request_does_the_same_work_for_2000_hosts_as_for_one(wrapped, host):
    others = {f"Other{number}.test": OAUTH for number in range(2000)}
    https = [OAuth1Http(oauth=wrapped({**more, "A.example": OAUTH})) for more in ({}, others)]
    for http in https:
        selected(http, host)
    one, many = (count_calls(lambda http=http: selected(http, host)) for http in https)
    assert many < 2 * one


def test_first_map_of_a_chain_map_wins_in_any_spelling():
    mapping = ChainMap({"A.example": OAUTH}, {"a.example": OAuth1("other")})
    http = OAuth1Http(oauth=mapping)
    assert selected(http, "a.example") == "client"
    mapping.maps.reverse()
    assert selected(http, "a.example") == "other"
    mapping.maps.insert(0, {"a.EXAMPLE": None})
    assert selected(http, "a.example") is None


def test_values_of_an_own_class_are_read_only_for_the_request_that_needs_them():
    class Vault(Own):
        def __getitem__(self, key):
            opened.append(key)
            return super().__getitem__(key)

    opened = []
    http = OAuth1Http(oauth=Vault({f"{number}.example": OAUTH for number in range(100)}))
    opened.clear()
    assert selected(http, "7.example") == "client"
    assert set(opened) <= {"7.example:443", "7.example"}


def test_most_specific_pattern_wins_whether_listed_or_computed(serve, oauth):
    mapping = Missing({"*": OAuth1("other")})
    server = serve()
    OAuth1Http(oauth=mapping).request(server.uri())
    assert reference.protocol_parameters(server.received[0])["oauth_consumer_key"] == "client"
