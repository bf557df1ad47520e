"""explain(): the shapes of requests that servers other than MediaWiki sign differently."""

import re

import pytest

from httplib2_oauthlib import OAuth1

from .servers import authlib_accepts, oauthlib_accepts
from .signed_requests import FORM, SECRETS, is_valid

URI = "https://shop.example/orders"
HEADING = "Some servers sign this differently:"


@pytest.fixture
def oauth():
    return OAuth1("client", "secret", "token", "canary")


@pytest.mark.parametrize(
    ("arguments", "options", "excerpt"),
    [
        ((URI + "?a=1&a=2",), {}, "the query repeats a, and servers in PHP.*; join the values"),
        ((URI, "POST", "a=1&b=2&a=2", FORM), {}, "the form repeats a"),
        ((URI + "?a=1", "POST", "a=2", FORM), {}, "a is in the query and in the form.*; send it once"),
        ((URI, "PUT", "a=1", FORM), {}, "PHP does not read the form of a PUT.*; send it as POST"),
        ((URI, "patch", "a=1", FORM), {}, "the form of a patch"),
        ((URI, "DELETE", "a=1", FORM), {}, "the form of a DELETE"),
        (
            (URI, "POST", b"--x--", {"content-type": "Multipart/Form-Data; boundary=x"}),
            {},
            "WordPress, Moodle, and authlib under Flask sign the fields of a multipart body",
        ),
        ((URI + "?a=%FF",), {}, "the query contains bytes that are not UTF-8.*oauthlib and authlib.*; send UTF-8"),
        ((URI + "?a=%FF", "POST", b"a=\xe9", FORM), {}, "the query and form contains bytes that are not UTF-8"),
        ((URI + "?a[]=1",), {}, r"PHP and Rack change the name a\[\]"),
        ((URI, "POST", "a[b]=1", FORM), {}, r"PHP and Rack change the name a\[b\]"),
        ((URI + "?a.b=1",), {}, r"PHP changes the name a\.b before"),
        ((URI, "POST", "a b=1", FORM), {}, "PHP changes the name a b before"),
        ((URI + "?12=1",), {}, "PHP reads the name 12 as a number"),
        ((URI + "?a=1;b=2",), {}, "Rack, Go and Perl split parameters at a raw ;.*; write %3B"),
        ((URI, "POST", "a=1;b", FORM), {}, "at a raw ;"),
        ((URI,), {"realm": "a, b"}, "the realm contains a comma.*python-oauth2"),
        ((URI + "?a10=1&a2=2",), {}, r"Magento sorts names naturally \(a2 before a10\)"),
        (("https://shop.example/%7euser",), {}, "Magento signs %7E as ~; write ~"),
        ((URI,), {"client_secret": "canary/+"}, "PECL's OAuthProvider, WordPress and WooCommerce do not encode them"),
        ((URI,), {"resource_owner_secret": "canary&"}, "ask for a secret of letters and digits"),
    ],
)
def test_every_shape_that_a_server_signs_differently_is_named_with_advice(arguments, options, excerpt):
    credentials = {"client_secret": "canary", "resource_owner_secret": "canary", **options}
    explanation = OAuth1("client", resource_owner_key="token", **credentials).explain(*arguments)
    listed = explanation.partition(HEADING)[2]
    assert re.search(excerpt, listed)
    assert "No server is known" not in explanation
    assert "canary" not in explanation
    assert "MediaWiki" not in explanation


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((URI,), {}),
        ((URI + "?a=b|c~d+e&f=&g&h=\u00e9",), {}),
        ((URI, "POST", "a=1&b2=2&summary=h\u00e9llo", FORM), {}),
        ((URI, "PUT", '{"a;b": [1]}', {"content-type": "application/json"}), {}),
        ((URI, "DELETE", None, FORM), {}),
        ((URI,), {"realm": "a b"}),
        ((URI,), {"realm": "a,b", "signature_type": "QUERY"}),
        ((URI + "?a=1&a=2",), {"client_secret": "s/", "signature_method": "PLAINTEXT"}),
    ],
)
def test_a_request_that_every_server_signs_alike_is_said_to_be_so(arguments, options):
    credentials = {"client_secret": "secret", "resource_owner_secret": "secret", **options}
    explanation = OAuth1("client", resource_owner_key="token", **credentials).explain(*arguments)
    assert HEADING not in explanation
    assert "No server is known to sign a request of this shape differently" in explanation
    assert "Is https://shop.example the scheme, host and port" in explanation


@pytest.mark.parametrize(
    ("uri", "is_mediawikis"),
    [
        ("https://wiki.example/w/api.php?a=1&a=2", True),
        ("https://wiki.example/w/rest.php/v1/page/A?a=1&a=2", True),
        ("https://wiki.example/wiki/Special:OAuth/token?a=1&a=2", True),
        ("https://wiki.example/wiki/Main_Page?a=1&a=2", True),
        ("https://shop.example/wp-json/wc/v3/orders?a=1&a=2", False),
        ("https://shop.example/index.php?rest_route=/wc/v3/orders&a=1&a=2", False),
    ],
)
def test_mediawiki_is_named_only_for_uris_that_look_like_its_own(oauth, uri, is_mediawikis):
    explanation = oauth.explain(uri)
    assert ("MediaWiki does not see this request" in explanation) == is_mediawikis
    assert HEADING in explanation


def test_the_servers_of_oauthlib_and_authlib_reject_bytes_that_are_not_utf_8():
    """As the explanation says of them. RFC 5849 signs bytes."""
    signed = OAuth1("client", SECRETS.client, "token", SECRETS.token).sign(URI + "?a=%FF")
    assert is_valid(signed)
    assert not oauthlib_accepts(signed)
    assert not authlib_accepts(signed)
