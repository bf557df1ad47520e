"""The recorder: its options, vcr's options, and the arguments and files that it rejects."""

import json

import httplib2
import pytest
import vcr

from httplib2_oauthlib.cassettes import (
    CassetteError,
    NotRecordedError,
    recorder,
    use,
)

from . import secretive_wiki
from .traffic import play


def test_a_recorder_is_a_vcr_that_only_replays_by_default(tmp_path):
    made = recorder(tmp_path)
    assert isinstance(made, vcr.VCR)
    assert made.record_mode == "none"
    assert made.match_on == ("method", "scheme", "host", "port", "path", "query", "body")


def test_vcrs_own_options_still_work(tmp_path, serve, http):
    server = serve()
    uri = server.uri("/a?x=1&y=2", "127.0.0.1")
    options = {"record_mode": "once", "filter_query_parameters": ["y"], "match_on": ("method", "path")}
    with recorder(tmp_path, **options).use(http, "it"):
        http.request(uri)
    assert "y=2" not in (tmp_path / "it.yaml").read_text()
    with recorder(tmp_path, match_on=("method", "path")).use(http, "it"):
        http.request(uri.replace("x=1", "x=3"))
    assert len(server.received) == 1


def test_as_a_decorator_it_names_the_cassette_after_the_function(tmp_path, serve, http):
    server = serve()

    @recorder(tmp_path, record_mode="once").use_cassette
    def ask():
        return http.request(server.uri("/", "127.0.0.1"))[1]

    assert ask() == ask() == b"ok"
    assert len(server.received) == 1
    assert (tmp_path / "ask.yaml").exists()


def test_with_current_defaults_ignores_later_changes_of_the_recorder(tmp_path, serve, http):
    made = recorder(tmp_path)
    kept, free = made.use_cassette("it", with_current_defaults=True), made.use_cassette("it")
    made.record_mode = "once"
    with kept, pytest.raises(NotRecordedError):
        http.request(serve().uri("/", "127.0.0.1"))
    with free:
        assert http.request(serve().uri("/", "127.0.0.1"))[1] == b"ok"


def test_a_cassette_can_be_json(tmp_path, serve, http):
    server = serve(secretive_wiki.api)
    uri = server.uri("/api.php?meta=tokens", "127.0.0.1")
    for _ in range(2):
        with recorder(tmp_path, record_mode="once").use(http, "it.json"):
            http.request(uri)
    assert len(server.received) == 1
    text = (tmp_path / "it.json").read_text()
    assert json.loads(text)["version"] == 1
    with recorder(tmp_path, serializer="json").use(http, "it"):
        http.request(uri)
    assert secretive_wiki.CSRF[:-2] not in text


def test_an_unreadable_cassette_is_named_but_not_quoted(tmp_path, serve, http):
    (tmp_path / "it.yaml").write_text("version: 1\n<<<<<<< HEAD: [canary\n")
    with pytest.raises(CassetteError, match=r"it\.yaml, line \d+ is not a vcr cassette \(\w+\)") as caught:
        play(http, tmp_path, serve().uri("/", "127.0.0.1"))
    assert "canary" not in str(caught.value)


def test_use_rejects_an_object_that_is_not_an_http(tmp_path):
    with pytest.raises(TypeError, match=r"must be an httplib2\.Http, not object"):
        use(object(), "it", tmp_path)
    # As a decorator, it would close the cassette before a coroutine runs.
    with pytest.raises(TypeError, match="not callable"):
        use(httplib2.Http(), "it", tmp_path)(lambda: None)


def test_a_failed_write_raises_after_httplib2_is_restored(tmp_path, serve, http):
    (tmp_path / "file").write_text("no folder")
    server = serve()
    opening = recorder(tmp_path / "file", record_mode="once").use(http, "it")
    with pytest.raises(OSError, match="file"), opening:
        http.request(server.uri("/", "127.0.0.1"))
    # The context manager still exists, so its deletion can't be what restored httplib2.
    assert "vcr" not in httplib2.SCHEME_TO_CONNECTION["http"].__module__
    with pytest.raises(ZeroDivisionError), recorder(tmp_path / "file", record_mode="once").use(http, "it"):
        raise ZeroDivisionError(http.request(server.uri("/", "127.0.0.1")))
    assert http.request(server.uri("/", "127.0.0.1"))[1] == b"ok"
    assert len(server.received) == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [({"secrets": ["abc"]}, "at least 4 characters"), ({"binary": "maybe"}, "'refuse' or 'keep'")],
)
def test_invalid_recorder_options_are_rejected_at_once(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        recorder(tmp_path, **options)
    with pytest.raises(TypeError, match="a list"):
        recorder(tmp_path, secrets="a text")


def test_secrets_that_are_none_or_empty_are_ignored(tmp_path, serve, http, record):
    record((serve().uri("/", "127.0.0.1"),), secrets=[None, "", "something"])
    assert (tmp_path / "it.yaml").exists()
