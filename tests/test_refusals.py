"""Reading why a server rejected a request, from a real wiki's responses and from OAuth Problem Reporting."""

import httplib2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from httplib2_oauthlib._refusals.refusals import read_refusal

from . import vectors


def response_of(status, **headers):
    return httplib2.Response({"status": str(status), **{k.replace("_", "-"): v for k, v in headers.items()}})


def recorded(name):
    vector = next(vector for vector in vectors.ALL if vector.id == name)
    return httplib2.Response({"status": str(vector.status), **vector.answer_headers}), vector.answer.encode()


@pytest.mark.parametrize(
    ("name", "reason", "words"),
    [
        ("errors-0", "signature", "The authorization headers in your request are not valid: Invalid signature"),
        ("errors-1", "consumer", "Invalid consumer"),
        ("errors-2", "token", "No approved grant was found for that authorization token."),
        ("errors-5", "nonce", "Nonce already used: recordednonce1"),
        ("errors-6", "timestamp", "Expired timestamp, yours 1000000000, ours 1795300040"),
        ("errors-7", "timestamp", "Expired timestamp, yours 1795303640, ours 1795300040"),
        ("errors-8", "method", "Signature method 'HMAC-SHA256' not supported"),
        ("errors-10", "other", "rest-read-denied"),
        ("errors-11", "signature", "Invalid signature"),
        ("owner_only_query_forms-6", "signature", "Invalid signature"),
        ("handshake-5", "token", "OAuth token already used"),
        ("handshake_errors-0", "signature", "An error occurred in the OAuth protocol: Invalid signature"),
        ("handshake_errors-1", "consumer", "Invalid consumer"),
        ("handshake_errors-4", "token", "OAuth token not found"),
        ("handshake_errors-5", "token", "No approved grant was found"),
    ],
)
def test_a_real_wikis_rejections_are_read(name, reason, words):
    refusal = read_refusal(*recorded(name))
    assert refusal.reason == reason
    assert words in refusal.message


@pytest.mark.parametrize("vector", [v for v in vectors.ALL if not v.is_refused], ids=lambda vector: vector.id)
def test_a_real_wikis_other_responses_are_not_rejections(vector):
    """They include other errors of the API: badtoken, permissiondenied, assertuserfailed."""
    assert read_refusal(*recorded(vector.id)) is None


def test_the_servers_time_is_read_from_the_message_or_the_date():
    in_words = read_refusal(*recorded("errors-6"))
    assert (in_words.server_time, in_words.claimed_time) == (1795300040, 1000000000)
    by_date = read_refusal(*recorded("errors-10"))
    assert (by_date.server_time, by_date.claimed_time) == (1795300040, None)


@pytest.mark.parametrize(
    "content",
    [
        b'{"errors":[{"code":"mwoauth-invalid-authorization","text":"Expired timestamp, yours 1, ours 2"}]}',
        b'{"errors":[{"code":"mwoauth-invalid-authorization","html":"Expired timestamp, yours 1, ours 2"}]}',
        b'["Expired timestamp, yours 1, ours 2"]',
        b'{"error":{"code":"x","info":"Die Autorisierung ist ung\xc3\xbcltig: Expired timestamp, yours 1, ours 2"}}',
    ],
)
def test_other_error_formats_and_languages_are_read(content):
    refusal = read_refusal(response_of(200, mediawiki_api_error="mwoauth-invalid-authorization"), content)
    assert (refusal.reason, refusal.claimed_time, refusal.server_time) == ("timestamp", 1, 2)


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        ("timestamp_refused", "timestamp"),
        ("nonce_used", "nonce"),
        ("signature_invalid", "signature"),
        ("signature_method_rejected", "method"),
        ("consumer_key_unknown", "consumer"),
        ("token_revoked", "token"),
        ("permission_denied", "other"),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_oauth_problem_reporting_is_read_from_header_and_body(status, problem, reason):
    in_header = response_of(status, www_authenticate=f'OAuth realm="x", oauth_problem="{problem}"')
    assert read_refusal(in_header, b"").reason == reason
    unquoted = response_of(status, www_authenticate=f"OAuth oauth_problem={problem}, x=y")
    assert read_refusal(unquoted, b"").reason == reason
    in_body = response_of(status, content_type="application/x-www-form-urlencoded")
    assert read_refusal(in_body, f"oauth_problem={problem}&oauth_problem_advice=x".encode()).reason == reason


def test_the_servers_time_is_read_from_a_problem_reports_window_or_date():
    window = "oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1000-2000"
    assert read_refusal(response_of(401), window.encode()).server_time == 1500
    dated = response_of(
        401, date="Thu, 01 Jan 1970 00:01:40 GMT", www_authenticate="OAuth oauth_problem=timestamp_refused"
    )
    assert read_refusal(dated, b"").server_time == 100


@pytest.mark.parametrize("date", ["", "soon", "Thu, 99 Foo", "Thu, 01 Jan 99999 00:00:00 GMT"])
def test_an_invalid_date_gives_no_server_time(date):
    refusal = read_refusal(response_of(401, date=date, www_authenticate="OAuth oauth_problem=timestamp_refused"), b"")
    assert refusal.server_time is None


@pytest.mark.parametrize(
    ("response", "content"),
    [
        (response_of(200), b"Error: An error occurred in the OAuth protocol: Invalid signature"),
        (
            response_of(200, content_type="text/x-wiki"),
            b"Error: An error occurred in the OAuth protocol: Invalid signature",
        ),
        (response_of(200, content_type="text/plain"), b"Once: Error: An error occurred in the OAuth protocol: x"),
        (response_of(200, content_type="application/json"), b'{"text":"mwoauth Expired timestamp, yours 1, ours 2"}'),
        (response_of(200, mediawiki_api_error="badtoken"), b'{"error":{"info":"Expired timestamp, yours 1, ours 2"}}'),
        (response_of(403, content_type="application/json"), b'{"httpCode":403}'),
        (response_of(200, content_type="application/json"), b'{"error":"rest-read-denied"}'),
        (response_of(200), b"oauth_problem=nonce_used"),
        (response_of(401), b""),
        (response_of(401, www_authenticate="OAuth"), b"go away"),
        (response_of(500), b"oauth_problem=nonce_used"),
    ],
)
def test_text_that_looks_like_a_rejection_is_not_one(response, content):
    """The text of a page is not a message of the server."""
    assert read_refusal(response, content) is None


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"error":' * 100_000, b"\xff", b"", b"nan", b"9" * 10_000])
def test_a_rejection_whose_body_cannot_be_read_is_still_a_rejection(content):
    refusal = read_refusal(response_of(200, mediawiki_api_error="mwoauth-invalid-authorization"), content)
    assert refusal.reason == "other"


def test_a_rejection_by_special_oauth_that_was_cut_off_is_read_by_its_key():
    response = response_of(200, content_type="application/json", cache_control="no-store")
    refusal = read_refusal(response, b'{"error":"mwoauthdatastore-bad-token","message":"Es wur')
    assert (refusal.reason, refusal.message_key) == ("token", "mwoauthdatastore-bad-token")


@pytest.mark.parametrize(
    ("response", "content"),
    [
        (response_of(200, mediawiki_api_error="mwoauth-x"), b'<error code="' * 100_000),
        (response_of(200, mediawiki_api_error="mwoauth-x"), b"x" * 1_000_000),
        (response_of(200, mediawiki_api_error="mwoauth-x"), b'<error code="x" info="' * 100_000),
        (response_of(401, www_authenticate="OAuth " + "oauth_" * 100_000), b""),
        (response_of(401, www_authenticate="OAuth " + "oauth_a=" * 100_000), b"oauth_problem=" * 100_000),
        (response_of(200, content_type="text/plain"), b"Error: " * 100_000),
        (response_of(200, mediawiki_api_error="mwoauth-x"), b'<error code="x"' + b"<param>" * 100_000),
        (response_of(200, mediawiki_api_error="mwoauth-x"), b'a:1:{"info";s:99999:"' * 100_000),
        (response_of(200, mediawiki_api_error="mwoauth-x"), b"<!<pre>" + b"<a&amp;" * 100_000),
        (response_of(200, mediawiki_api_error="mwoauth-x," * 10_000), b""),
        (response_of(400, content_type="text/html", cache_control="no-store"), b"<p>OAuth" * 200_000),
        (
            response_of(400, content_type="text/html", cache_control="no-store"),
            b'OAuth</p> <p id="mw-returnto"' * 50_000,
        ),
        (response_of(403, content_type="application/json"), b'{"errorKey":"mwoauth-invalid-authorization",' * 50_000),
    ],
    ids=range(13),
)
@pytest.mark.timeout(10)
def test_a_long_response_is_read_without_backtracking(response, content):
    """With backtracking, each of these responses would take minutes."""
    refusal = read_refusal(response, content)
    assert refusal is None or len(refusal.message) < 10_000


headers = st.dictionaries(
    st.sampled_from(["content-type", "mediawiki-api-error", "www-authenticate", "date", "cache-control"]),
    st.sampled_from(
        [
            "text/plain",
            "application/json",
            "text/html",
            "no-store",
            "mwoauth-x",
            "OAuth oauth_problem=nonce_used",
            "Thu, 99 Foo",
            "",
            "\xff",
        ]
    )
    | st.text(max_size=20),
)
bodies = st.binary(max_size=60) | st.sampled_from(
    [
        b"[" * 100_000,
        b'{"error":' * 50_000,
        b'{"error":"mwoauth',
        b'{"error":[]}',
        b"[1]",
        b"null",
        b'{"errors":[0]}',
        b'{"errors":[{"code":"mwoauth-x","params":[{"list":[]},1]}]}',
        b'{"error":"mwoauth-x","message":{}}',
        b'{"error":"rest-read-denied"',
        b'{"errorKey":"mwoauth-invalid-authorization"}',
        b'{"errorKey":"mwoauth-invalid-authorization","messageTranslations":[1]}',
        b'<error code="mwoauth-x" key="x"><params><param>\xff',
        b'a:1:{s:4:"info";s:9:"\xff',
        b'<meta name="generator" content="MediaWiki x"><p>\xffOAuth\n</p><p id="mw-returnto">',
        b"Error: An error occurred in the OAuth protocol: \xff",
        b"Expired timestamp, yours 1, ours " + b"9" * 9999,
    ]
)


@given(status=st.sampled_from(["200", "400", "401", "403", "x", ""]), headers=headers, body=bodies)
def test_any_response_is_read_without_an_error(status, headers, body):
    refusal = read_refusal({"status": status, **headers}, body)
    assert refusal is None or isinstance(refusal.message, str)
