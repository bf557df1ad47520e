"""Every recorded response of MediaWiki 1.39, 1.43 and 1.45: whether it refuses OAuth, and why.

The reasons were written down from what each request did wrong, as the recordings describe it, not from the code. They
were recorded in every format of api.php, rest.php, Special:OAuth and index.php, in English and in German.
"""

import re
from collections import Counter
from functools import cache

import httplib2
import pytest

from httplib2_oauthlib import HandshakeError, OAuth1, RefusedError, mediawiki
from httplib2_oauthlib.handshake import Handshake

from . import vectors
from .servers import answer

# The numbers of the refused interactions, by file and reason, in the recordings of 1.43 and 1.45. An interaction that
# isn't listed is no refusal.
REFUSED = {
    "api_refusals": {
        "signature": "0-23 28 29 31 34-38 53",
        "consumer": "39 56 57",
        "token": "40-43 58-61",
        "timestamp": "44 45 50 62 63",
        "nonce": "47 51",
        "method": "48 49 52 64 65",
        # 24 to 27: errorformat=none. 30 and 33: a page. 32: no body. 54: oauth_version. 55: IP address.
        "other": "24-27 30 32 33 54 55",
    },
    "errors": {
        "signature": "0 3 10 11 21 27 28",
        "consumer": "1",
        "token": "2 15-17",
        "timestamp": "6 7 18",
        "nonce": "5 19",
        "method": "8 9 20",
        # 22: oauth_version. 23: IP address. 25: HEAD.
        "other": "22 23 25",
    },
    "handshake": {"token": "5", "other": "1"},
    "handshake_errors": {"signature": "0", "consumer": "1-3", "token": "4 5"},
    "identify_errors": {
        "signature": "0 1 16 20-23 36",
        "consumer": "2 19",
        "token": "3-6 24-31 37",
        "timestamp": "7 8 13 32-35",
        "nonce": "10 14",
        "method": "11 12 15",
        "other": "17 18",
    },
    "index_pages": {"other": "0-14"},
    "initiate_callbacks": {"consumer": "3 4 6-10 13-17 21-23 25-30"},
    "initiate_errors": {
        "signature": "0 15 30 35 40",
        "consumer": "1-4 14 16-19 29 31-33 36-38 41-43",
        "timestamp": "8 23 34 39 44",
        "nonce": "11 13 26 28",
        "method": "9 10 24 25",
    },
    "owner_only_more": {"signature": "12-15", "other": "6"},
    "owner_only_query_forms": {"signature": "6 10"},
    "redirects": {"other": "0-3"},
    "rest_grants": {"other": "1-7"},
    "rest_languages": {
        "signature": "0-2 27 32",
        "consumer": "19",
        "token": "20 21 28",
        "timestamp": "22 24",
        "nonce": "26",
        "method": "23",
        "other": "29",
    },
    "rest_redirects_conditional": {"signature": "8 17"},
    "rest_refusals_get": {
        "signature": "0 1 16 21-24",
        "consumer": "2",
        "token": "3-6",
        "timestamp": "7 8 13",
        "nonce": "10 14",
        "method": "11 12 15",
        "other": "17 18",
    },
    "rest_refusals_post": {
        "signature": "0",
        "consumer": "1",
        "token": "2-4",
        "timestamp": "5 6 11",
        "nonce": "8",
        "method": "9 10",
        "other": "12",
    },
    "rest_refusals_put": {
        "signature": "0",
        "consumer": "1",
        "token": "2-4",
        "timestamp": "5 6 11",
        "nonce": "8",
        "method": "9 10",
        "other": "12",
    },
    "revoked": {"token": "0-7"},
    "rsa_sha1": {"signature": "4"},
    "token_errors": {
        "signature": "6 7 19 20 32 37 42",
        "consumer": "8 10 13 21 23 26",
        "token": "2 3 9 14-16 22 27-29 33 34 38 39 44-46",
        "timestamp": "11 24",
        "method": "12 25",
        # The verifier.
        "other": "4 5 17 18 30 31 35 36 40 41",
    },
    "uploads": {"signature": "18"},
}
REFUSED_IN_1_39 = {
    "errors": {
        "signature": "0 3 11",
        "consumer": "1",
        "token": "2",
        "timestamp": "6 7",
        "nonce": "4 5",
        "method": "8 9",
        "other": "10",
    },
    "handshake": {"token": "5", "other": "1"},
    "handshake_errors": {"signature": "0", "consumer": "1-3", "token": "4 5"},
    "owner_only_more": {"signature": "12-15"},
    "owner_only_query_forms": {"signature": "6"},
}
# Refusals that no program can recognize in the response, or that are made for people.
UNRECOGNIZABLE = {
    "rest_refusals_get-25": "HEAD at rest.php: status 403 and nothing else",
    "initiate_errors-45": "Special:OAuth with format=html: a page",
    "initiate_errors-46": "Special:OAuth with format=html: a page",
}
ENTRY_POINTS = ("api.php", "rest.php", "Special:OAuth", "index.php")
# How many refusals were recorded, in the order of the entry points.
COUNTS = {"1.39": (16, 1, 8, 0), "1.43": (99, 72, 149, 20), "1.45": (99, 72, 149, 20)}


def numbers_in(text):
    for part in text.split():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


@cache
def reasons(version):
    """Return the reason of each refusal in a version, by the vector's id."""
    table = REFUSED_IN_1_39 if version == "1.39" else REFUSED
    found = {
        f"{file}-{number}": reason
        for file, by_reason in table.items()
        for reason, numbers in by_reason.items()
        for number in numbers_in(numbers)
    }
    if version == "1.45":
        return found
    # Before 1.44, rest.php gives no reason.
    over_rest = {vector.id for vector in vectors.recorded(version) if "/rest.php" in vector.uri}
    return {name: "other" if name in over_rest else reason for name, reason in found.items()}


def response_of(vector):
    return httplib2.Response({"status": str(vector.status), **vector.answer_headers}), vector.answer.encode()


def refusal_of(vector):
    """Return the error that ``check`` raises for a recorded response, or None."""
    try:
        mediawiki.check(*response_of(vector))
    except RefusedError as error:
        return error
    return None


def entry_point_of(vector):
    uri = vector.uri.replace("%3A", ":")
    return next((name for name in ("api.php", "rest.php", "Special:OAuth") if name in uri), "index.php")


def files(version):
    return sorted({vector.id.rpartition("-")[0] for vector in vectors.recorded(version)})


FILES = [(version, file) for version in vectors.VERSIONS for file in files(version)]


@pytest.mark.parametrize(("version", "file"), FILES)
def test_each_recorded_response_has_the_reason_in_the_table_or_is_no_refusal(version, file):
    expected, found = {}, {}
    for vector in vectors.recorded(version):
        if vector.id.rpartition("-")[0] == file:
            error = refusal_of(vector)
            expected[vector.id], found[vector.id] = reasons(version).get(vector.id), error and error.reason
    assert found == expected


@pytest.mark.parametrize("version", vectors.VERSIONS)
def test_the_table_names_recorded_interactions_of_every_entry_point(version):
    refused = [vector for vector in vectors.recorded(version) if vector.id in reasons(version)]
    assert len(refused) == len(reasons(version))
    counted = Counter(map(entry_point_of, refused))
    assert tuple(counted[name] for name in ENTRY_POINTS) == COUNTS[version]


@pytest.mark.parametrize("version", vectors.VERSIONS)
def test_no_refusal_is_missing_in_the_table(version):
    """A response with one of OAuth's error codes is a refusal, or one of the three that can't be recognized."""
    for vector in vectors.recorded(version):
        if vector.id not in reasons(version) and vector.id not in UNRECOGNIZABLE:
            assert "mwoauth" not in vector.answer_headers.get("mediawiki-api-error", "")
            assert not re.match(r'Error: |\{"error":"(?:mwoauth|rest-)|\{"errorKey":"mwoauth', vector.answer)
            assert vector.status != 400 or "html" not in vector.answer_headers["content-type"]


@pytest.mark.parametrize("version", vectors.VERSIONS)
def test_each_refusal_is_quoted_in_one_line_without_markup(version):
    for vector in vectors.recorded(version):
        if vector.id in reasons(version):
            text = str(refusal_of(vector))
            assert re.match(r"the server refused: \S.*[.!?]$", text), (vector.id, text)
            assert not re.search(r'[<>\n]|&\w+;|\{"|s:\d+:', text), (vector.id, text)


@pytest.mark.parametrize(
    ("version", "name", "words"),
    [
        ("1.45", "rest_refusals_get-0", "headers in your request are not valid: Invalid signature. Check the secrets"),
        ("1.45", "rest_languages-0", "headers in your request are not valid: Invalid signature. Check the secrets"),
        ("1.45", "rest_languages-22", "Expired timestamp, yours 1000000000, ours "),
        ("1.45", "api_refusals-7", "refused: The authorization headers in your request are not valid: Invalid signa"),
        ("1.45", "api_refusals-20", "refused: Invalid signature. Check the secrets"),
        ("1.45", "api_refusals-22", "refused: Invalid signature. Check the secrets"),
        ("1.45", "api_refusals-25", "without errorformat=none"),
        ("1.45", "api_refusals-31", "refused: The authorization headers in your request are not valid: Invalid signa"),
        ("1.45", "errors-25", "Send a GET request"),
        ("1.45", "initiate_errors-42", "oauth_callback muss auf .* Use the callback that the consumer was registered"),
        ("1.45", "token_errors-39", "kein Token gefunden.* has not allowed the request yet"),
        ("1.45", "token_errors-40", "Verifikationscode .* Use the verifier"),
        ("1.45", "index_pages-0", r"only be used with the API\. Sign requests to api\.php.* mediawiki\.api_only"),
        ("1.45", "index_pages-14", r"nur mit der API verwendet werden\. Sign requests to api\.php"),
        ("1.43", "owner_only_more-6", r"only be used with the API\. Sign requests to api\.php"),
        # The response is the same in all versions, so that the advice gives both meanings.
        ("1.45", "rest_grants-1", r"Since MediaWiki 1\.44, .* right to read .* Before, .* to api\.php"),
        ("1.39", "errors-10", r"Since MediaWiki 1\.44, .* right to read .* Before, .* to api\.php"),
    ],
)
def test_a_refusal_is_quoted_with_advice(version, name, words):
    vector = next(each for each in vectors.recorded(version) if each.id == name)
    assert re.search(words, str(refusal_of(vector)))


def test_the_english_words_of_rest_php_are_found_in_any_order():
    translations = '"messageTranslations": {"de": "Deutsch: Invalid consumer", "en": "English: Invalid consumer"}'
    headers = {"status": "403", "content-type": "application/json"}
    for content in (
        f'{{"errorKey": "mwoauth-invalid-authorization", {translations}, "httpCode": 403}}',
        f'{{"httpCode": 403, {translations}, "errorKey": "mwoauth-invalid-authorization"}}',
    ):
        with pytest.raises(RefusedError, match=r"refused: English: Invalid consumer\.") as caught:
            mediawiki.check(httplib2.Response(headers), content.encode())
        assert caught.value.reason == "consumer"
    only_german = '{"errorKey":"mwoauth-invalid-authorization","messageTranslations":{"de":"Nein: Invalid consumer"}}'
    with pytest.raises(RefusedError, match="refused: Nein: Invalid consumer"):
        mediawiki.check(httplib2.Response(headers), only_german.encode())


@pytest.mark.parametrize(
    "content",
    [
        '{"errorKey":"rest-no-match","messageTranslations":{"en":"mwoauth-invalid-authorization: Invalid signature"}}',
        '{"errorKey":"x","messageTranslations":{"en":"rest-read-denied"}}',
        '{"errorKey":["mwoauth-invalid-authorization"]}',
        '["mwoauth-invalid-authorization"]',
        '"rest-read-denied"',
        '{"errorKey":"mwoauth-invalid-authorization"',
    ],
)
def test_an_error_of_rest_php_that_quotes_the_key_is_no_refusal(content):
    headers = {"status": "403", "content-type": "application/json"}
    mediawiki.check(httplib2.Response(headers), content.encode())


PAGE = next(vector for vector in vectors.recorded("1.45") if vector.id == "index_pages-0")


@pytest.mark.parametrize(
    "words", ["OAuth can only be used with the API", "רק OAuth עם ה־API", "OAuth只能与API一起使用"]
)
def test_a_page_that_refuses_a_signature_is_recognized_in_any_language(words):
    response, _ = response_of(PAGE)
    content = PAGE.answer.replace("OAuth can only be used with the API", words).encode()
    with pytest.raises(RefusedError, match="api_only") as caught:
        mediawiki.check(response, content)
    assert caught.value.reason == "other"


@pytest.mark.parametrize(
    ("headers", "old", "new"),
    [
        ({"status": "404"}, "", ""),
        ({"status": "200"}, "", ""),
        ({"cache-control": "private"}, "", ""),
        ({"content-type": "text/plain"}, "", ""),
        ({}, "OAuth can only be used with the API", "The requested page title contains invalid characters"),
        ({}, '<meta name="generator" content="MediaWiki', '<meta name="generator" content="Another wiki'),
        ({}, '<p id="mw-returnto">', "<p>"),
        ({}, '<p id="mw-returnto">', '<p>Another paragraph.</p><p id="mw-returnto">'),
        ({}, "OAuth can only be used with the API", "It is said: <i>OAuth can only be used with the API</i>"),
    ],
)
def test_any_other_page_is_no_refusal(headers, old, new):
    response, _ = response_of(PAGE)
    response.update(headers)
    assert old in PAGE.answer
    mediawiki.check(response, PAGE.answer.replace(old, new).encode())


# -- token endpoints

ENDPOINTS = ("initiate", "token", "identify")


def endpoint_of(vector):
    uri = vector.uri.replace("%2F", "/").replace("%3A", ":")
    return next((name for name in ENDPOINTS if f"Special:OAuth/{name}" in uri), None)


def as_sent(vector):
    """Return the bytes of a recorded response."""
    headers = {name.title().replace("-", "_"): value for name, value in vector.answer_headers.items()}
    return answer(vector.answer, f"{vector.status} Recorded", **headers)


@pytest.mark.parametrize("version", vectors.VERSIONS)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_refusal_by_a_token_endpoint_raises_its_reason(serve, version, endpoint):
    refused = [
        vector
        for vector in vectors.recorded(version)
        if vector.id in reasons(version) and endpoint_of(vector) == endpoint
    ]
    assert refused
    replies = []
    server = serve(lambda _: replies[0])
    uri = server.uri("/index.php")
    handshake = Handshake(uri, uri, uri, OAuth1("key", "secret"))
    calls = {
        "initiate": lambda: handshake.temporary_credentials("oob"),
        "token": lambda: handshake.token_credentials(("key", "secret"), "verifier"),
        "identify": lambda: mediawiki.identify(uri, ("key", "secret"), ("key", "secret"), user_agent="tests"),
    }
    for vector in refused:
        replies[:] = [as_sent(vector)]
        with pytest.raises(HandshakeError) as caught:
            calls[endpoint]()
        assert caught.value.reason == reasons(version)[vector.id], vector.id
