"""The commands audit and scrub."""

import re
import sys

import pytest

from .terminal import one_line

TRAFFIC = """\
interactions:
- request:
    body: lgpassword=hunter2&token=abc%2B%5C
    headers:
      authorization:
      - OAuth oauth_token="0123456789abcdef0f1e2d3c4b5a6978"
      content-type:
      - application/x-www-form-urlencoded
    method: POST
    uri: http://wiki.test/api.php
  response:
    body: {string: for Zebrafish}
    headers: {}
    status: {code: 200, message: OK}
version: 1
"""


@pytest.fixture
def traffic(tmp_path):
    path = tmp_path / "traffic.yaml"
    path.write_text(TRAFFIC)
    return path


def test_audit_prints_file_and_line_and_no_secret(run, traffic):
    code, out, err = run("audit", traffic.parent)
    assert code == 1
    assert out == (
        f"{traffic}:3: lgpassword (7 characters)\n"
        f"{traffic}:3: token (3 characters)\n"
        f"{traffic}:6: token (32 characters)\n"
    )
    assert one_line(err).startswith("httplib2-oauth: 3 values look like secrets. Scrub the cassette")


def test_a_second_opinion_without_detect_secrets_names_the_extra(run, traffic, monkeypatch):
    monkeypatch.setattr("httplib2_oauthlib.cassettes.second_opinion.find_spec", lambda name: None)
    code, out, err = run("audit", "--second-opinion", traffic)
    assert (code, out) == (1, "")
    assert "pip install 'httplib2-oauthlib[audit]'" in one_line(err)


def test_scrub_writes_a_copy_that_passes_the_audit(run, traffic, tmp_path):
    (tmp_path / "clean").mkdir()
    code, out, err = run("scrub", traffic, tmp_path / "clean")
    assert (code, out, err) == (0, f"{tmp_path / 'clean' / 'traffic.yaml'}: 1 interaction\n", "")
    assert run("audit", tmp_path / "clean") == (0, "Nothing there looks like a secret.\n", "")
    assert traffic.read_text() == TRAFFIC
    assert "for Zebrafish" in (tmp_path / "clean" / "traffic.yaml").read_text()


def test_named_secrets_come_from_a_file_or_standard_input(run, traffic, tmp_path, monkeypatch):
    import io

    (tmp_path / "secrets").write_text("Zebrafish\n\n")
    assert run("scrub", "--also", tmp_path / "secrets", traffic, tmp_path / "a.yaml")[0] == 0
    assert "Zebrafish" not in (tmp_path / "a.yaml").read_text()
    run("scrub", traffic, tmp_path / "b.yaml")
    monkeypatch.setattr(sys, "stdin", io.StringIO("Zebrafish\n"))
    code, out, _ = run("audit", "--also", "-", tmp_path / "b.yaml")
    assert code == 1
    assert re.fullmatch(r".*b\.yaml:\d+: secret \(9 characters\)\n", out)


def test_files_that_cannot_be_audited_or_scrubbed_are_reported(run, traffic, tmp_path):
    code, _, err = run("audit", tmp_path / "nothing", traffic)
    assert code == 2
    assert f"nothing to audit at {tmp_path / 'nothing'}" in one_line(err)
    code, _, err = run("scrub", traffic, traffic, tmp_path / "nothing")
    assert code == 2
    assert "folder not found" in one_line(err)
    assert run("scrub", traffic, f"{tmp_path / 'nothing'}/")[0] == 2
    (tmp_path / "empty").mkdir()
    assert run("audit", tmp_path / "empty")[0] == 2
    (tmp_path / "words").write_text("only words, and lgpassword=canary")
    code, _, err = run("scrub", tmp_path / "words", tmp_path / "out.yaml")
    assert code == 1
    assert "words is not a vcr cassette" in one_line(err)
    assert "canary" not in err
    code, _, err = run("scrub", tmp_path / "gone", tmp_path / "out.yaml")
    assert code == 1
    assert "No such file" in one_line(err)
    traffic.write_text(TRAFFIC.replace("for Zebrafish", "!!binary /9j/"))
    code, _, err = run("scrub", traffic, tmp_path / "out.yaml")
    assert code == 1
    assert "the response to POST http://wiki.test/api.php is not text" in one_line(err)
    assert not (tmp_path / "out.yaml").exists()
    assert run("scrub", "--keep-binary", traffic, tmp_path / "out.yaml")[0] == 0


@pytest.mark.parametrize("command", ["audit", "scrub"])
def test_without_its_extra_a_command_for_cassettes_names_it(run, traffic, tmp_path, monkeypatch, command):
    for name in [name for name in sys.modules if name.startswith(("httplib2_oauthlib.cassettes", "vcr"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "vcr", None)
    import httplib2_oauthlib

    monkeypatch.delattr(httplib2_oauthlib, "cassettes", raising=False)
    code, _, err = run(command, traffic, tmp_path / "out")
    assert code == 1
    assert f"{command} needs an extra (vcr is missing): pip install 'httplib2-oauthlib[cassettes]'" in one_line(err)
