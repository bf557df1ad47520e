"""Handshakes and identities (MediaWiki's signed JWTs) that are played from a cassette."""

import time

import pytest

from httplib2_oauthlib import IdentityError, OAuth1Http, mediawiki
from httplib2_oauthlib.cassettes import (
    UnscrubbableError,
    audit,
    recorder,
)
from httplib2_oauthlib.testwiki import TestWiki

from ..servers import answer


@pytest.fixture
def handshake(tmp_path):
    """Record a handshake on the embedded wiki and stop the wiki. Return a function to replay it, and the consumer."""
    with TestWiki() as wiki:
        consumer = wiki.register("A tool", callback="https://tool.example/back")
        index_uri, real = wiki.index_uri, (consumer.key, consumer.secret)

        def run(consumer, authorize):
            http = OAuth1Http(timeout=10)
            tool = mediawiki.Handshaker(index_uri, consumer, user_agent="tests", http=http)
            _, request_token = tool.initiate("https://tool.example/back")
            access_token = tool.complete(request_token, authorize(request_token.key))
            return tool.identify(access_token), access_token

        with recorder(tmp_path, record_mode="once").use_cassette("handshake"):
            # The owner allows it in her browser, so this step is not on the cassette.
            run(real, lambda key: wiki.authorize(key, "Alice"))
    return run, real


def comes_back(key):
    return f"https://tool.example/back?oauth_verifier=anything&oauth_token={key}"


def test_a_handshake_and_its_identity_replay_with_any_consumer(tmp_path, handshake):
    run, real = handshake
    text = (tmp_path / "handshake.yaml").read_text()
    assert not [part for part in real if part in text]
    assert list(audit(tmp_path)) == []
    for consumer in [("any key", "any secret"), real]:
        with recorder(tmp_path).use_cassette("handshake") as cassette:
            identity, access_token = run(consumer, comes_back)
            assert cassette.all_played
        assert (identity["username"], identity["aud"]) == ("Alice", consumer[0])
        assert abs(identity["iat"] - time.time()) < 60
        assert access_token.key == "SCRUBBED-token-2"


def test_an_identity_replays_years_later_and_with_a_wrong_clock(tmp_path, handshake, monkeypatch):
    run, _ = handshake
    real_time = time.time
    for offset in (-7200, 86400 * 3650):
        monkeypatch.setattr(time, "time", lambda offset=offset: real_time() + offset)
        with recorder(tmp_path).use_cassette("handshake"):
            assert run(("any", "thing"), comes_back)[0]["username"] == "Alice"


def test_only_the_cassettes_own_jwt_is_accepted_and_only_during_replay(tmp_path, handshake, monkeypatch):
    import jwt

    run, _ = handshake
    statements = []
    decode = jwt.decode
    monkeypatch.setattr(
        jwt, "decode", lambda token, *args, **kwargs: statements.append(token) or decode(token, *args, **kwargs)
    )
    with recorder(tmp_path).use_cassette("handshake"):
        run(("any", "thing"), comes_back)
        head, claims, signature = statements[0].split(b".")
        # The clock may have moved on by a second between the recorded request and its response. PyJWT has no leeway.
        options = {"algorithms": ["HS256"], "options": {"verify_aud": False}, "leeway": 10}
        assert decode(statements[0], "k" * 32, **options)["username"] == "Alice"
        forged = b".".join([head, claims[:-8] + b"AAAAAAAA", signature])
        with pytest.raises(jwt.InvalidTokenError):
            decode(forged, "k" * 32, **options)
        with pytest.raises(jwt.InvalidSignatureError):
            decode(jwt.encode({"username": "Mallory"}, "m" * 32), "k" * 32, **options)
        assert decode(jwt.encode({"username": "Own"}, "k" * 32), "k" * 32, **options) == {"username": "Own"}
    with pytest.raises(jwt.InvalidSignatureError):
        decode(statements[0], "k" * 32, **options)


def test_an_identity_forged_during_recording_is_rejected_in_replay(tmp_path, serve, http):
    import jwt

    def forge(received):
        nonce = received.headers["authorization"].partition('oauth_nonce="')[2].partition('"')[0]
        claims = {"iss": server.uri("/", "127.0.0.1"), "aud": "any", "iat": int(time.time()), "sub": "1",
                  "exp": int(time.time()) + 100, "username": "Mallory", "nonce": nonce}  # fmt: skip
        return answer(jwt.encode(claims, "a key of the forger's, 32 bytes long"), Content_Type="application/json")

    server = serve(forge)
    uri, consumer = server.uri("/index.php", "127.0.0.1"), ("any", "a consumer's secret of 32 bytes..")
    for mode in ("once", "none"):
        with recorder(tmp_path, record_mode=mode).use(http, "it"), pytest.raises(IdentityError) as caught:
            mediawiki.identify(uri, consumer, ("token", "secret"), user_agent="tests", http=http)
        assert caught.value.reason == "signature"
    assert len(server.received) == 1


def test_a_response_that_looks_like_a_scrubbed_jwt_is_not_recorded(tmp_path, serve, http):
    uri = serve(lambda _: answer('SCRUBBED-statement {"username": "Mallory"}')).uri("/", "127.0.0.1")
    with (
        recorder(tmp_path, record_mode="once").use(http, "it"),
        pytest.raises(UnscrubbableError, match="marks the claims of a JWT in a cassette"),
    ):
        http.request(uri)
    assert not (tmp_path / "it.yaml").exists()


def test_an_identity_of_another_wiki_is_rejected_in_replay(tmp_path, handshake):
    run, _ = handshake
    path = tmp_path / "handshake.yaml"
    path.write_text(path.read_text().replace('"iss": "http://127.0.0.1', '"iss": "http://elsewhere'))
    with recorder(tmp_path).use_cassette("handshake"), pytest.raises(IdentityError) as caught:
        run(("any", "thing"), comes_back)
    assert caught.value.reason == "issuer"


def test_all_times_in_a_jwt_are_moved_to_the_time_of_replay(tmp_path, serve, http, monkeypatch):
    import jwt

    now = int(time.time())
    claims = {"iat": now, "nbf": now, "exp": now + 100, "auth_time": now - 50, "registered": 20261121}
    uri = serve(lambda _: answer(jwt.encode(claims, "k" * 32))).uri("/", "127.0.0.1")
    for mode, days in (("once", 0), ("none", 200)):
        monkeypatch.setattr(time, "time", lambda days=days: now + 86400 * days)
        with recorder(tmp_path, record_mode=mode).use(http, "it"):
            content = http.request(uri)[1]
            stated = jwt.decode(content, "k" * 32, algorithms=["HS256"], options={"verify_signature": False})
            expected = {name: time_ + 86400 * days for name, time_ in claims.items() if name != "registered"}
            assert stated == {**expected, "registered": 20261121}
