"""The values that a replay adapts to the current request: nonces, clocks, dates and lengths."""

import email.utils
import json
import re
import time

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.cassettes import (
    recorder,
    use,
)
from httplib2_oauthlib.testwiki import TestWiki

from .. import reference
from ..servers import answer
from . import secretive_wiki
from .traffic import ANY_CREDENTIALS, FORM, play


def test_a_clock_correction_is_replayed_at_any_later_time(tmp_path, monkeypatch):
    real_time = time.time
    with TestWiki() as wiki:
        uri, oauth = f"{wiki.api_uri}?action=query&meta=userinfo&format=json", OAuth1(*wiki.owner_only("Alice"))
        http = OAuth1Http(timeout=10, oauth=oauth)
        monkeypatch.setattr(time, "time", lambda: real_time() + 7200)
        wiki.clock = real_time
        with recorder(tmp_path, record_mode="once").use(http, "it") as cassette:
            assert b'"Alice"' in http.request(uri)[1]
            assert b'"Alice"' in http.request(uri)[1]
            assert len(cassette) == 3
    for offset in (7200, -86400 * 400):
        monkeypatch.setattr(time, "time", lambda offset=offset: real_time() + offset)
        http = OAuth1Http(timeout=10, oauth=ANY_CREDENTIALS)
        with use(http, "it", tmp_path) as cassette:
            assert b'"Alice"' in http.request(uri)[1]
            assert b'"Alice"' in http.request(uri)[1]
            assert cassette.all_played


def test_a_403_without_a_reason_is_not_taken_for_a_clock_error_later(tmp_path, monkeypatch):
    real_time = time.time
    with TestWiki() as wiki:
        uri = f"{wiki.index_uri.removesuffix('index.php')}rest.php/v1/page/Main_Page"
        http = OAuth1Http(timeout=10, oauth=OAuth1("nobody", "s", "t", "ts"))
        with recorder(tmp_path, record_mode="once").use(http, "it"):
            assert http.request(uri)[0].status == 403
    monkeypatch.setattr(time, "time", lambda: real_time() + 86400 * 200)
    response, _ = play(OAuth1Http(oauth=ANY_CREDENTIALS), tmp_path, uri)
    assert response.status == 403


def test_a_nonce_in_a_refusal_is_the_nonce_that_was_sent(tmp_path, serve, http, record):
    def refuse(received):
        nonce = received.headers["authorization"].partition('oauth_nonce="')[2].partition('"')[0]
        error = {"error": {"code": "mwoauth-invalid-authorization", "info": f"Nonce already used: {nonce}"}}
        return answer(json.dumps(error), Content_Type="application/json", MediaWiki_API_Error="mwoauth-x")

    uri = serve(refuse).uri("/", "127.0.0.1")
    record((uri,))
    seen = []

    class Watched(OAuth1):
        def sign(self, *args, **kwargs):
            seen.append(super().sign(*args, **kwargs))
            return seen[-1]

    http.oauth = Watched("a", "b", "c", "d")
    content = play(http, tmp_path, uri)[1].decode()
    nonce = content.partition("Nonce already used: ")[2].partition('"')[0]
    assert f'oauth_nonce="{nonce}"' in seen[-1].headers["Authorization"]


@pytest.mark.parametrize("signature_type", ["AUTH_HEADER", "QUERY", "BODY"])
def test_echoed_values_are_those_of_the_current_request(tmp_path, serve, signature_type):
    def echo(received):
        found = reference.protocol_parameters(received)
        return answer(f"key {found['oauth_consumer_key']} nonce {found['oauth_nonce']} end")

    class Noting(OAuth1):
        def sign(self, *args, **kwargs):
            signed = super().sign(*args, **kwargs)
            nonces.append(re.search(r'oauth_nonce="?(\w+)', f"{signed.uri} {signed.headers} {signed.body}")[1])
            return signed

    uri, nonces = serve(echo).uri("/", "127.0.0.1"), []
    for mode in ("once", "none"):
        http = OAuth1Http(timeout=10, oauth=Noting(f"key-0-for-{mode}", "b", "c", "d", signature_type=signature_type))
        with recorder(tmp_path, record_mode=mode).use(http, "it"):
            for _ in range(12):
                response, content = http.request(uri, "POST", "a=1", FORM)
                assert content.decode() == f"key key-0-for-{mode} nonce {nonces[-1]} end"
                assert response["content-length"] == str(len(content))


def test_the_date_header_keeps_its_distance_to_the_clock(tmp_path, serve, http, monkeypatch):
    real_time = time.time
    server = serve(lambda _: answer(Date=email.utils.formatdate(real_time() - 500, usegmt=True)))
    uri = server.uri("/", "127.0.0.1")
    for mode, days in (("once", 0), ("none", 200)):
        monkeypatch.setattr(time, "time", lambda days=days: real_time() + 86400 * days)
        with recorder(tmp_path, record_mode=mode).use(http, "it"):
            for oauth, ahead in ((ANY_CREDENTIALS, 500), (None, 0 if days else 500)):
                http.oauth = oauth
                date = email.utils.parsedate_to_datetime(http.request(uri)[0]["date"]).timestamp()
                assert abs(time.time() - ahead - date) < 10


def test_acceptable_timestamps_are_moved_to_the_time_of_replay(tmp_path, serve, record, monkeypatch):
    def judge(received):
        stamp = int(received.headers["authorization"].partition('oauth_timestamp="')[2].partition('"')[0])
        if stamp < time.time() + 3000:
            window = f"{int(time.time()) + 3300}-{int(time.time()) + 3900}"
            challenge = f'OAuth realm="x", oauth_problem="timestamp_refused", oauth_acceptable_timestamps="{window}"'
            return answer("", "401 Unauthorized", WWW_Authenticate=challenge)
        return answer("welcome")

    uri = serve(judge).uri("/", "127.0.0.1")
    assert record((uri,))[0][1] == b"welcome"
    real_time = time.time
    monkeypatch.setattr(time, "time", lambda: real_time() + 86400 * 30)
    http = OAuth1Http(oauth=ANY_CREDENTIALS)
    assert play(http, tmp_path, uri)[1] == b"welcome"
    # The correction is the number of seconds by which the server's clock was ahead during recording.
    assert [round(offset / 100) for offset in http._clock_offsets.values()] == [36]


def test_a_head_response_keeps_its_content_length(tmp_path, serve, http, record):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n"
    uri = serve(lambda _: head).uri("/", "127.0.0.1")
    record((uri, "HEAD"))
    assert play(http, tmp_path, uri, "HEAD")[0]["content-length"] == "12345"


def test_redirects_are_replayed_without_their_verifiers(tmp_path, serve, http, record):
    server = serve(secretive_wiki.api)
    uri = server.uri("/api.php?login=1", "127.0.0.1")
    record((uri,))
    text = (tmp_path / "it.yaml").read_text()
    assert secretive_wiki.CSRF[:30] not in text
    assert "oauth_verifier=SCRUBBED-verifier-1&oauth_token=SCRUBBED-token-" in text
    response, _ = play(http, tmp_path, uri)
    assert response.previous.status == 302
    assert len(server.received) == 2
