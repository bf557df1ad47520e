"""Replays of a real wiki's recorded traffic.

Requests that the wiki accepted are still signed in the same way, and its refusals are raised with their reasons.

The files ``cassettes/VERSION/*.yaml`` were made by ``httplib2-oauth scrub`` from recordings of another client. This
package sends every request in them again, and the judge verifies each signature.
"""

import io
import json
import re
from pathlib import Path

import httplib2
import pytest

from httplib2_oauthlib import HandshakeError, OAuth1, OAuth1Http, RefusedError, mediawiki
from httplib2_oauthlib.cassettes import audit, recorder

from ..judge import Judge
from ..vectors import VERSIONS

CASSETTES = Path(__file__).parents[2] / "cassettes"
TYPE = "content-type"
ANY_CREDENTIALS = OAuth1("any client", "any secret", "any token", "any token secret")


def play(version, name, oauth=ANY_CREDENTIALS, rsa_public_key=None):
    """Send every request of a cassette again; yield its number, cassette, response, content and judge."""
    judge = Judge(oauth, rsa_public_key)
    http = OAuth1Http(timeout=10, oauth=oauth)
    with recorder(CASSETTES / version, before_record_request=judge).use(http, name) as cassette:
        for number, request in enumerate(cassette.requests):
            # Some programs write the form's type in capitals. MediaWiki refuses it, so this package corrects it.
            headers = (
                {TYPE: request.headers[TYPE].replace("x-www-form", "X-WWW-Form")} if TYPE in request.headers else {}
            )
            http.oauth = oauth if "authorization" in request.headers else None
            response, content = http.request(request.uri, request.method, request.body, headers)
            yield number, cassette, response, content, judge
        assert cassette.all_played


OWNER_ONLY = [
    *((version, name) for version in VERSIONS for name in ("owner_only_login_edit", "two_users")),
    *(("1.39", name) for name in ("owner_only_query_forms", "owner_only_more", "anonymous")),
]
each_version = pytest.mark.parametrize("version", VERSIONS)


@pytest.mark.parametrize(("version", "name"), OWNER_ONLY)
def test_requests_signed_now_get_the_verdict_that_the_real_wiki_gave(version, name):
    refused = 0
    for number, cassette, response, content, judge in play(version, name):
        judge.check(response, content)
        refused += judge.last is not None
        recorded = cassette.responses[number]["body"]["string"]
        assert content == recorded or recorded.startswith(b"SCRUBBED-statement")
    # For these requests, MediaWiki computes another signature than RFC 5849.
    assert refused == {"owner_only_query_forms": 1, "owner_only_more": 4}.get(name, 0)


def test_requests_signed_with_an_rsa_key_are_accepted(rsa_keys):
    private, public = rsa_keys
    oauth = OAuth1("any client", None, "any token", "any secret", signature_method="RSA-SHA1", rsa_key=private)
    for _, _, response, content, judge in play("1.39", "rsa_sha1", oauth, public):
        judge.check(response, content)
        assert b'"Alice"' in content or b"csrftoken" in content
        assert response.status == 200


@each_version
def test_a_recorded_login_edit_and_confirmation_can_be_replayed(version):
    contents = [content for _, _, _, content, _ in play(version, "owner_only_login_edit")]
    siteinfo, _, tokens, edit, page, *_ = map(json.loads, contents)
    user = siteinfo["query"]["userinfo"]
    assert siteinfo["query"]["general"]["generator"].startswith(f"MediaWiki {version}.")
    assert user["name"] == "Alice"
    assert "edit" in user["rights"]
    assert tokens["query"]["tokens"]["csrftoken"] == "SCRUBBED-csrftoken-1+\\"
    revision = page["query"]["pages"][0]["revisions"][0]
    assert (revision["revid"], revision["user"]) == (edit["edit"]["newrevid"], user["name"])
    assert revision["comment"] == "test edit: a+b & c=d"
    assert revision["slots"]["main"]["content"].startswith("Signed with OAuth ~ 1.0a: h\u00e9llo, \u6f22\u5b57")


@each_version
def test_two_users_get_their_own_responses_in_recorded_order(version):
    names = [json.loads(content)["query"]["userinfo"]["name"] for _, _, _, content, _ in play(version, "two_users")]
    assert names == ["Alice", "Bob"]


def test_an_upload_is_matched_although_the_cassette_lacks_the_file():
    judge, picture = Judge(ANY_CREDENTIALS), _recorded_picture()
    fields = {"action": "upload", "filename": "OAuth test.png", "comment": "binary multipart", "ignorewarnings": "1"}
    fields |= {"token": "anything", "format": "json", "formatversion": "2"}
    body = "".join(
        f'--another\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ).encode()
    head = (
        '--another\r\nContent-Disposition: form-data; name="file"; filename="t.png"\r\nContent-Type: image/png\r\n\r\n'
    )
    body += head.encode() + picture + b"\r\n--another--\r\n"
    headers = {"Content-Type": "multipart/form-data; boundary=another"}
    http = OAuth1Http(timeout=10, oauth=ANY_CREDENTIALS)
    with recorder(CASSETTES / "1.39", before_record_request=judge).use(http, "owner_only_more") as cassette:
        uri = next(request.uri for request in cassette.requests if request.method == "POST")
        _, content = http.request(uri, "POST", io.BytesIO(body), {**headers, "Content-Length": str(len(body))})
    assert json.loads(content)["upload"]["result"] == "Success"


def _recorded_picture():
    from .. import vectors

    body = next(vector.body for vector in vectors.ALL if b"\x89PNG" in (vector.body or b""))
    return body[body.index(b"\x89PNG") : body.index(b"\r\n--", body.index(b"IEND"))]


# -- refusals


def expected_reasons(version):
    return [
        "signature", "consumer", "token", "signature",
        # On 1.39, the first request with the nonce is recorded as refused too, because the wiki had seen it before.
        *(["nonce", "nonce"] if version == "1.39" else ["nonce"]),
        # Two refusals of a timestamp follow each other. After the first, the request is sent again with the wiki's
        # time, and refused again.
        "timestamp",
        "method", "method",
        # rest.php gives the reason since MediaWiki 1.44.
        "signature" if version == "1.45" else "other",
        "signature",
        None, None, None,
        *([] if version == "1.39" else ["token"]),
    ]  # fmt: skip


@each_version
def test_every_recorded_refusal_is_raised_with_its_reason(version):
    assert reasons_in(version, "errors") == expected_reasons(version)


class WithoutRepetition(OAuth1Http):
    """A client that takes no refusal of a nonce for a reason to send a request again."""

    def is_safe_request(self, method, uri, body):
        return False


def reasons_in(version, name, **options):
    """Send every request of a cassette again, and return the reason of each refusal, or None for another response."""
    http = WithoutRepetition(timeout=10, oauth=ANY_CREDENTIALS, **options)
    reasons = []
    with recorder(CASSETTES / version).use(http, name) as cassette:
        while not cassette.all_played:
            request = cassette.requests[cassette.play_count]
            headers = {TYPE: request.headers[TYPE]} if TYPE in request.headers else {}
            answer = http.request(request.uri, request.method, request.body, headers)
            try:
                mediawiki.check(*answer)
                reasons.append(None)
            except RefusedError as error:
                reasons.append(error.reason)
                assert "SCRUBBED" not in str(error)
    return reasons


@pytest.mark.parametrize("version", ["1.43", "1.45"])
def test_every_recorded_refusal_of_rest_php_is_raised_with_its_reason(version):
    refused = ["signature", "consumer", "token", "timestamp", "timestamp", None, "nonce", "method"]
    refused += ["signature", "timestamp", "other"]  # The last request has a grant that doesn't include reading.
    if version == "1.43":  # rest.php gives the reason since MediaWiki 1.44.
        refused = [reason and "other" for reason in refused]
    assert reasons_in(version, "rest_refusals", repair_clock=False) == refused


@each_version
def test_every_recorded_handshake_refusal_is_raised_with_its_reason(version):
    errors = []
    with recorder(CASSETTES / version).use_cassette("handshake_errors") as cassette:
        base = re.match(r"(.*?)\?", cassette.requests[0].uri)[1]
        ask = {
            "initiate": lambda: mediawiki.initiate(base, ("any", "thing"), "oob", "tests"),
            "token": lambda: mediawiki.complete(base, ("any", "thing"), ("key", "secret"), "verifier", "tests"),
            "identify": lambda: mediawiki.identify(base, ("any", "thing"), ("key", "secret"), user_agent="tests"),
        }
        for request in cassette.requests:
            step = request.uri.rpartition("%2F")[2]
            with pytest.raises(HandshakeError) as caught:
                ask[step]()
            errors.append((step, caught.value.reason, caught.value.code))
        assert cassette.all_played
    assert errors == [
        ("initiate", "signature", None), ("initiate", "consumer", None),
        ("initiate", "consumer", None), ("initiate", "consumer", None),
        ("token", "token", "E004"), ("identify", "token", None),
    ]  # fmt: skip


# -- the handshake


@each_version
def test_the_whole_recorded_handshake_can_be_replayed(version):
    oauth = OAuth1("any client", "any secret")
    judge = Judge(oauth)
    http = httplib2.Http(timeout=10)
    with recorder(CASSETTES / version, before_record_request=judge).use(http, "handshake") as cassette:
        base = re.match(r"(.*?)\?", cassette.requests[0].uri)[1]
        tool = mediawiki.Handshaker(base, ("any client", "any secret"), user_agent="tests", http=http)
        uri, request_token = tool.initiate("http://127.0.0.1:9000/oauth-callback?next=%2Fhome")
        assert f"oauth_token={request_token.key}&" in uri
        judge.begin(*request_token)
        with pytest.raises(HandshakeError, match="verification code"):
            tool.complete(request_token, "wrong")
        back = f"http://127.0.0.1:9000/oauth-callback?next=%2Fhome&oauth_verifier=v&oauth_token={request_token.key}"
        access_token = tool.complete(request_token, back)
        judge.grant(*access_token)
        identity = tool.identify(access_token)
        assert (identity["username"], identity["aud"]) == ("Alice", "any client")
        signed = OAuth1Http(timeout=10, oauth=OAuth1(*tool.consumer_token, *access_token))
        _, content = signed.request(cassette.requests[4].uri)
        assert json.loads(content)["query"]["userinfo"]["name"] == identity["username"]
        with pytest.raises(HandshakeError) as caught:
            tool.complete(request_token, back)
        assert (caught.value.reason, caught.value.code) == ("token", "E009")
        assert cassette.all_played
        assert judge.verdicts == [None] * 6


@each_version
def test_a_recorded_out_of_band_handshake_can_be_replayed(version):
    with recorder(CASSETTES / version).use_cassette("handshake_oob") as cassette:
        base = re.match(r"(.*?)\?", cassette.requests[0].uri)[1]
        _, request_token = mediawiki.initiate(base, ("any", "thing"), "oob", "tests")
        assert cassette.all_played
    assert request_token.key == "SCRUBBED-token-1"


@pytest.mark.parametrize("version", ["1.43", "1.45"])
def test_a_recorded_identity_only_consumer_identifies_its_user_and_may_not_read(version):
    http = OAuth1Http(timeout=10, oauth=ANY_CREDENTIALS)
    with recorder(CASSETTES / version).use(http, "identity_only") as cassette:
        api_uri, identify_uri = (request.uri for request in cassette.requests)
        response, content = http.request(api_uri)
        mediawiki.check(response, content)  # The credentials are not refused.
        assert json.loads(content)["error"]["code"] == "readapidenied"
        consumer, access_token = ("any client", "any secret"), ("any token", "any token secret")
        identity = mediawiki.identify(
            identify_uri.partition("?")[0], consumer, access_token, user_agent="tests", http=http
        )
        assert cassette.all_played
    assert (identity["username"], identity["grants"]) == ("Alice", ["mwoauth-authonly"])


# -- the files


def test_the_committed_cassettes_pass_the_audit():
    assert list(audit(CASSETTES)) == []


def test_the_committed_cassettes_hold_no_binary_data():
    texts = [path.read_text("utf-8") for path in CASSETTES.rglob("*.yaml")]
    assert len(texts) > 20
    assert not [text for text in texts if "!!binary" in text]
