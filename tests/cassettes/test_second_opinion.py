"""The second opinion that an audit asks of detect-secrets."""

import configparser
import importlib.util
import os
from pathlib import Path

import pytest

from httplib2_oauthlib.cassettes import audit

CASSETTES = Path(__file__).parents[2] / "cassettes"
# A webhook is a secret for its URI alone. Only detect-secrets knows it.
WEBHOOK = "https://hooks.slack.com/services/" + "T0AB1CD2E/B0AB1CD2E/" + "xyzwvutsrqponmlkjihgfedc"


@pytest.fixture
def detector():
    if importlib.util.find_spec("detect_secrets") is None and not os.environ.get("CI"):
        pytest.skip("needs detect-secrets, from the extra audit")


def test_a_second_opinion_reports_what_is_not_found_otherwise(tmp_path, detector):
    path = tmp_path / "it.yaml"
    path.write_text(f"a: 1\nb: 'see {WEBHOOK}'\nc: lgpassword=pw\n")
    own = [(finding.line, finding.kind) for finding in audit(path)]
    assert own == [(3, "lgpassword")]
    findings = list(audit(path, second_opinion=True))
    assert [(finding.line, finding.kind) for finding in findings] == [(2, "Slack Token"), *own]
    assert WEBHOOK[:4] not in str(findings[0])


def test_after_a_second_opinion_errors_in_other_files_still_name_the_line(tmp_path, detector):
    path = tmp_path / "cassette.yaml"
    path.write_text("interactions: []\n")
    list(audit(path, second_opinion=True))
    with pytest.raises(configparser.ParsingError, match=r"line\D*2"):
        configparser.ConfigParser().read_string("[one]\n= two\n")


@pytest.mark.slow
def test_a_second_opinion_finds_nothing_in_the_committed_cassettes(detector):
    assert list(audit(CASSETTES, second_opinion=True)) == []


def test_without_detect_secrets_the_error_names_the_extra(tmp_path, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "detect_secrets" else find_spec(name, *rest)
    )
    monkeypatch.setattr("httplib2_oauthlib.cassettes.second_opinion.find_spec", importlib.util.find_spec)
    with pytest.raises(ImportError, match=r"httplib2-oauthlib\[audit\]"):
        audit(tmp_path, second_opinion=True)
