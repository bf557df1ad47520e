"""Fixtures of the cassette tests: a client, and functions that record and scrub."""

import pytest
import yaml

from httplib2_oauthlib import OAuth1Http
from httplib2_oauthlib.cassettes import (
    recorder,
    scrub_file,
)

from .traffic import ANY_CREDENTIALS


@pytest.fixture
def http():
    http = OAuth1Http(timeout=10, oauth=ANY_CREDENTIALS)
    yield http
    http.close()


@pytest.fixture
def record(tmp_path):
    """Record requests on the cassette "it". Each is (uri, method, body, headers); only uri is required."""

    def record(*requests, oauth=ANY_CREDENTIALS, **options):
        own = OAuth1Http(timeout=10, oauth=oauth)
        with recorder(tmp_path, record_mode="all", **options).use(own, "it"):
            answers = [own.request(*request) for request in requests]
        own.close()
        return answers

    return record


@pytest.fixture
def scrub(tmp_path):
    """Write a raw cassette and scrub it. Return the text and the interactions of the scrubbed one."""

    def scrub(*interactions, **options):
        raw, clean = tmp_path / "raw.yaml", tmp_path / "clean.yaml"
        raw.write_text(yaml.safe_dump({"version": 1, "interactions": list(interactions)}, allow_unicode=True))
        assert scrub_file(raw, clean, **options) == len(interactions)
        text = clean.read_text()
        return text, yaml.safe_load(text)["interactions"]

    return scrub
