"""Errors of token endpoints as providers report them: in JSON, in XML, and with codes of their own."""

import json
import time
from email.utils import formatdate

import httplib2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from httplib2_oauthlib import HandshakeError, OAuth1, OAuth1Http
from httplib2_oauthlib.handshake import Handshake

from . import reference
from .servers import answer, in_turn

CLIENT = OAuth1("client", "canary-client-secret")
GOOD = "oauth_token=key&oauth_token_secret=canary-secret&oauth_callback_confirmed=true"
JSON, XML = "application/json;charset=utf-8", "application/xml"


def handshake_with(server, http=None):
    base = server.uri("").rstrip("/")
    return Handshake(f"{base}/initiate", f"{base}/authorize", f"{base}/token", CLIENT, http)


def error_of(serve, body, status="401 Unauthorized", content_type=JSON):
    """Return the error that a request for temporary credentials raises for a response."""
    server = serve(lambda _: answer(body, status, Content_Type=content_type))
    with pytest.raises(HandshakeError) as caught:
        handshake_with(server).temporary_credentials()
    assert "canary" not in str(caught.value) + repr(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
    return caught.value


def twitters(code, message):
    """Return the same error as Twitter sends it in JSON, in XML, and in XML without a header."""
    xml = f'<errors><error code="{code}">{message}</error></errors>'
    return [
        (json.dumps({"errors": [{"code": code, "message": message}]}), JSON),
        (f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}', XML),
        (xml, "text/html"),
    ]


@pytest.mark.parametrize("form", range(3))
@pytest.mark.parametrize(
    ("code", "message", "reason", "advice"),
    [
        (32, "Could not authenticate you.", "other", "Check the client key"),
        (89, "Invalid or expired token.", "token", "log in again"),
        (135, "Timestamp out of bounds.", "timestamp", "Set the clock"),
        (215, "Bad Authentication data.", "other", "Check the client key"),
        (415, "Callback URL not approved for this client application.", "callback", "Register the callback"),
        (416, "Invalid / suspended application.", "consumer", "Check the client"),
        (417, "Desktop applications only support the oauth_callback value 'oob'.", "callback", "callback"),
        (999, "Something else.", "other", "Check the client key"),
    ],
)
def test_an_error_of_twitter_is_quoted_with_its_reason(serve, form, code, message, reason, advice):
    body, content_type = twitters(code, message)[form]
    error = error_of(serve, body, content_type=content_type)
    assert error.reason == reason
    assert f"{message} (code {code})" in str(error)
    assert advice in str(error)


@pytest.mark.parametrize(
    ("body", "content_type", "excerpt"),
    [
        # Tumblr
        ('{"meta":{"status":401,"msg":"Unauthorized"},"response":[]}', JSON, '"Unauthorized"'),
        (
            '{"meta":{"status":401,"msg":"Unauthorized"},"response":[],"errors":[{"title":"Unauthorized","code":1016,'
            '"detail":"Unable to authorize"}]}',
            JSON,
            '"Unauthorized: Unable to authorize (code 1016)"',
        ),
        # Twitter's earlier XML, and Rails'
        ("<hash><request>/x</request><error>Incorrect signature</error></hash>", XML, '"Incorrect signature"'),
        ("<hash>\n <error>Invalid &lt;token&gt;</error>\n</hash>", XML, '"Invalid"'),
        # Yahoo
        ('{"error":{"lang":"en-US","description":"Please provide valid credentials."}}', JSON, "provide valid"),
        (
            '<yahoo:error xmlns:yahoo="http://y/" xml:lang="en-US"><yahoo:description>Please provide valid'
            " credentials</yahoo:description></yahoo:error>",
            XML,
            '"Please provide valid credentials"',
        ),
        # E*TRADE and LinkedIn
        ("<Error><code>1000</code><message>Invalid key</message></Error>", XML, '"Invalid key (code 1000)"'),
        (
            "<error><status>401</status><error-code>0</error-code><message>[unauthorized] No</message></error>",
            XML,
            '"[unauthorized] No (code 0)"',
        ),
        # Flickr and Vimeo
        ('<rsp stat="fail"><err code="98" msg="Invalid token" /></rsp>', "text/xml", '"Invalid token (code 98)"'),
        ('{"stat":"fail","code":98,"message":"Invalid token"}', JSON, '"Invalid token (code 98)"'),
        ('{"stat":"fail","err":{"code":"401","expl":"x","msg":"Bad consumer"}}', JSON, '"Bad consumer (code 401)"'),
        # WooCommerce and Magento
        (
            '{"errors":[{"code":"woocommerce_api_authentication_error","message":"Invalid Signature"}]}',
            JSON,
            '"Invalid Signature (code woocommerce_api_authentication_error)"',
        ),
        ('{"messages":{"error":[{"code":401,"message":"No such user"}]}}', JSON, '"No such user (code 401)"'),
        # Others
        ('{"errors":["First.","Second.","First."]}', JSON, '"First. Second."'),
        ('{"errors":"Not allowed"}', JSON, '"Not allowed"'),
        ('{"error":{"errors":[{"message":"Deep"}],"code":401,"message":"Deep"}}', JSON, '"Deep (code 401)"'),
        ("<message><![CDATA[In CDATA]]></message>", XML, '"In CDATA"'),
        ('{"error":"invalid_client","error_description":"Who?"}', JSON, '"invalid_client: Who?"'),
    ],
)
def test_an_error_in_a_providers_format_is_quoted(serve, body, content_type, excerpt):
    error = error_of(serve, body, content_type=content_type)
    assert excerpt in str(error)
    assert error.reason == ("consumer" if "invalid_client" in body else "other")


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        # Another provider may give a code of Twitter another meaning.
        ('{"code":89,"message":"No"}', "401 Unauthorized", "other"),
        ('<err code="89">No</err>', "401 Unauthorized", "other"),
        ('{"errors":[{"code":89,"message":"No"}]}', "500 Oops", "answer"),
        ('{"errors":[{"code":89,"message":"No"}]}', "200 OK", "answer"),
        ('{"errors":[{"code":89}]}', "401 Unauthorized", "answer"),
        ('{"errors":[]}', "401 Unauthorized", "answer"),
        ('{"errors":[{"code":true,"message":"No"}]}', "401 Unauthorized", "other"),
        ('{"errors":{"a":{"b":{"c":{"message":"too deep"}}}}}', "401 Unauthorized", "answer"),
        ('{"title":"A page","description":"It is no error"}', "401 Unauthorized", "answer"),
        ("<html><body><message>Hello</message></body></html>", "401 Unauthorized", "answer"),
        ("<!DOCTYPE html><error>Hello</error>", "401 Unauthorized", "answer"),
    ],
)
def test_a_reason_is_given_only_where_the_response_shows_it(serve, body, status, expected):
    assert error_of(serve, body, status).reason == expected


def test_the_providers_words_about_a_403_are_not_followed_by_other_advice(serve):
    error = error_of(serve, '{"errors":[{"code":64,"message":"Your account is suspended."}]}', "403 Forbidden")
    assert str(error).endswith('403 Forbidden and the error "Your account is suspended. (code 64)".')
    assert "User-Agent_policy" in str(error_of(serve, '{"message":"Send a User-Agent"}', "403 Forbidden"))


@pytest.mark.parametrize("wrap", [
    lambda text: json.dumps({"errors": [{"code": 89, "message": text}]}),
    lambda text: json.dumps({"meta": {"msg": text}}),
    lambda text: f'<errors><error code="89">{text}</error></errors>',
    lambda text: f'<rsp><err msg="{text}"/></rsp>',
])  # fmt: skip
@pytest.mark.parametrize(
    "text",
    [
        "the key canary-client-secret is wrong",
        "oauth_signature=canary%3D is wrong",
        "wrong: canarycanary",
        "canary" * 5,
        "canary0" * 1000,
        "word " * 399 + "canary-client-secret " * 20,
        f"{' ' * 1990}canary-client-secret",
        "is\x1b[31m red",
    ],
    ids=range(8),
)
def test_a_quoted_error_shows_no_secret_and_no_control_character(serve, wrap, text):
    error_of(serve, wrap(text))


def test_a_code_that_may_be_a_secret_is_not_quoted(serve):
    assert "code" not in str(error_of(serve, '{"errors":[{"code":"Canary0Secret","message":"No"}]}')).lower()
    assert "(code MASKED)" in str(error_of(serve, '{"code":"canary-client-secret","message":"No"}'))


def test_a_timestamp_that_twitter_refuses_is_corrected_once(serve):
    ahead = formatdate(time.time() + 7200, usegmt=True)
    refusal = answer(twitters(135, "Timestamp out of bounds.")[0][0], "401 Unauthorized", Date=ahead, Content_Type=JSON)
    server = serve(in_turn(refusal, answer(GOOD)))
    assert handshake_with(server).temporary_credentials().key == "key"
    first, second = (int(reference.protocol_parameters(each)["oauth_timestamp"]) for each in server.received)
    assert 7100 < second - first < 7300
    for http, expected in ((OAuth1Http(timeout=10, repair_clock=False), 1), (httplib2.Http(timeout=10), 2)):
        server = serve(lambda _: refusal)
        with pytest.raises(HandshakeError, match="Set the clock"):
            handshake_with(server, http).temporary_credentials()
        assert len(server.received) == expected


@pytest.mark.parametrize(
    "body",
    [
        "<error" * 20_000,
        "<error " + "a " * 60_000,
        "<err " * 30_000,
        '{"errors":' * 20_000,
        '{"errors":[' + '{"message":"x"},' * 10_000 + "{}]}",
        json.dumps({"message": "a" * 500_000}),
        json.dumps({"message": " a." * 200_000}),
        "<message>" + "<" * 100_000,
    ],
    ids=range(8),
)
def test_a_large_error_of_any_form_gives_a_short_message(serve, body):
    error_of(serve, body)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "errors", "err", "meta", "code", "message", "msg"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(value=JSON_VALUES, status=st.sampled_from([200, 401, 403, 500]))
def test_any_json_raises_a_handshake_error(value, status):
    class Http(httplib2.Http):
        def request(self, *args, **kwargs):
            return httplib2.Response({"status": str(status), "content-type": JSON}), json.dumps(value).encode()

    handshake = Handshake("https://x/1", "https://x/2", "https://x/3", CLIENT, Http())
    with pytest.raises(HandshakeError) as caught:
        handshake.temporary_credentials()
    assert str(caught.value).isprintable()
