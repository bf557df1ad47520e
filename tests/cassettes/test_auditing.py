"""The secrets that the audit finds in files, and their lines."""

import base64
import json

import pytest
import yaml

from httplib2_oauthlib.cassettes import Finding, audit, scrub_file

from .. import vectors
from .traffic import BASE62, HEX

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ_x." + "s" * 43


def raw_recordings():
    """Yield the recorded traffic of a real wiki as vcr writes it without this package."""
    for vector in vectors.ALL:
        headers = {name: [value] for name, value in vector.headers.items()}
        answer_headers = {name: [value] for name, value in vector.answer_headers.items()}
        yield {
            "request": {"method": vector.method, "uri": vector.uri, "headers": headers,
                        "body": None if vector.body is None else vector.body.decode("latin-1")},
            "response": {"status": {"code": vector.status, "message": "OK"}, "headers": answer_headers,
                         "body": {"string": vector.answer}},
        }  # fmt: skip


def found(path):
    return [(finding.line, finding.kind, finding.value) for finding in audit(path)]


@pytest.mark.parametrize(
    ("line", "kind", "value"),
    [
        (f"- OAuth oauth_token=\"{HEX}\", oauth_version=\"1.0\"", "token", HEX),
        ("uri: http://w.test/?oauth_verifier=abc", "verifier", "abc"),
        ("body: lgpassword=pw&x=1", "lgpassword", "pw"),
        (f"string: '{{\"csrftoken\":\"{HEX}+\\\\\"}}'", "csrftoken", HEX),
        ("Set-Cookie: a", None, None),
        (f"x: {JWT}", "jwt", JWT),
        ("Authorization: Basic QWxhZGRpbjpvcGVuc2VzYW1l", "authorization", "Basic QWxhZGRpbjpvcGVuc2VzYW1l"),
        (f"note: it was Bearer {BASE62}", "bearer", BASE62),
        (f"id: {HEX}", "hex", HEX),
        (f"id: {BASE62}", "random", BASE62),
        (f"sha1: {HEX}", None, None),
        ("email: a@b.test", "email", "a@b.test"),
        ("email: scrubbed-1@example.org", None, None),
        ("token: SCRUBBED-token-12", None, None),
        ("run it with OAUTH_TOKENS=... or lgpassword=***", None, None),
        ("it is lgpassword=pw!, then", "lgpassword", "pw"),
        ("uri: http://u:p4ss@w.test/", "password", "p4ss"),
        ("text: a word, a-long-name-with-many-parts, CamelCaseNamesOfAProgram2, /a/path/To/somewhere.html", None, None),
        ("id: 123e4567-e89b-12d3-a456-426614174000", None, None),
        ("id: '11111111111111111111111111111111111111'", None, None),
    ],
)  # fmt: skip
def test_text_that_looks_like_a_secret_is_found_with_its_line_and_kind(tmp_path, line, kind, value):
    path = tmp_path / "it.yaml"
    path.write_text(f"# one\n{line}\n")
    assert found(path) == ([] if kind is None else [(2, kind, value)])


def test_uris_and_forms_are_read_to_their_end_and_yaml_aliases_once(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text("uri: http://w.test/?a=1&lgpassword=it's<x\nbody: lgpassword=it's;y\nb: &x {pwd: abc}\nc: *x\n")
    assert found(path) == [(1, "lgpassword", "it's<x"), (2, "lgpassword", "it's;y"), (3, "pwd", "abc")]


def test_header_values_are_classified_by_the_header_name(tmp_path):
    path = tmp_path / "it.yaml"
    headers = {
        "Set-Cookie": ["session=short; path=/"],
        "Cookie": ["a=b"],
        "Authorization": ["Negotiate YII="],
        "Accept": ["*/*"],
    }
    path.write_text(yaml.safe_dump({"interactions": [{"request": {"headers": headers}}]}))
    assert [(kind, value) for _, kind, value in found(path)] == [
        ("negotiate", "YII="), ("cookie", "b"), ("cookie", "short"),
    ]  # fmt: skip


def test_a_secret_is_found_behind_base64_escapes_and_line_breaks(tmp_path):
    path = tmp_path / "it.yaml"
    multipart = f'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{HEX}\r\n--b--\r\n'.encode() + b"\x00\xff"
    path.write_text(
        "a: !!binary |\n  " + base64.encodebytes(multipart).decode().replace("\n", "\n  ")
        + f'\nb: "\\x6cgtoken=\\x61{HEX[1:-1]}\\\n  x"\nc: >\n  many words\n  and {BASE62[:16]}{BASE62[16:]}\n'
    )  # fmt: skip
    assert [(kind, value) for _, kind, value in found(path)] == [
        ("token", HEX), ("lgtoken", f"a{HEX[1:-1]}x"), ("random", BASE62),
    ]  # fmt: skip
    assert found(path)[-1][0] == 1 + next(
        number for number, line in enumerate(path.read_text().splitlines()) if BASE62 in line
    )


def test_the_reported_line_is_the_line_that_holds_the_secret(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text("body: |\n  one\n  two\n  token=abcdefghijkl\n\n  lgpassword=pw\n")
    assert [finding.line for finding in audit(path)] == [4, 6]


def test_json_plain_text_and_binary_files_are_read_too(tmp_path):
    (tmp_path / "a.json").write_text(
        json.dumps({"interactions": [{"response": {"body": {"string": f'{{"token":"{HEX}"}}'}}}]})
    )
    (tmp_path / "b.txt").write_text(f": - [ no yaml {{\nlgtoken={HEX}\n")
    (tmp_path / "c.bin").write_bytes(b"\xff\xfe\nlgtoken=" + HEX.encode())
    (tmp_path / ".hidden").write_text(f"lgtoken={HEX}")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "d.yaml").write_text(f"- lgtoken={HEX}\n")
    places = [(finding.path.name, finding.line) for finding in audit(tmp_path)]
    assert places == [("a.json", 1), ("b.txt", 2), ("c.bin", 2), ("d.yaml", 1)]


def test_every_unscrubbed_signed_recording_has_a_finding(tmp_path):
    count = 0
    for number, interaction in enumerate(raw_recordings()):
        path = tmp_path / f"{number}.yaml"
        path.write_text(yaml.safe_dump({"version": 1, "interactions": [interaction]}, allow_unicode=True))
        is_signed = "authorization" in interaction["request"]["headers"]
        assert bool(found(path)) or not is_signed
        count += is_signed
        scrub_file(path, path)
        assert found(path) == []
    assert count > 50


def test_json_with_surrogate_pairs_is_audited_and_scrubbed(tmp_path):
    request = {"method": "GET", "uri": "http://w.test/", "body": None, "headers": {"Cookie": ["a=bcd"]}}
    response = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "\U0001f600"}}
    path = tmp_path / "it.json"
    path.write_text(json.dumps({"version": 1, "interactions": [{"request": request, "response": response}]}))
    assert "\\ud83d" in path.read_text()
    assert [(kind, value) for _, kind, value in found(path)] == [("cookie", "bcd")]
    scrub_file(path, tmp_path / "it.yaml")
    assert yaml.safe_load((tmp_path / "it.yaml").read_text())["interactions"][0]["response"]["body"] == {
        "string": "\U0001f600"
    }


def test_named_secrets_are_found_in_every_spelling(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text('a: pa%20ss%26w%2Ford\nb: \'{"x": "pa ss\\u0026w\\/ord"}\'\nc: !!binary cGEgc3Mmdy9vcmQ=\n')
    assert [finding.line for finding in audit(path, ["pa ss&w/ord"])] == [1, 2, 3]


def test_a_finding_shows_no_character_of_what_it_found(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text(f"a: lgtoken={HEX}\nb: lgpassword=pw\n")
    one, other = audit(path)
    assert str(one) == f"{path}:1: lgtoken (32 characters)"
    assert str(other) == f"{path}:2: lgpassword (2 characters)"
    assert HEX[:3] not in repr(one)
    assert isinstance(one, Finding)


def test_named_secrets_are_found_although_they_look_harmless(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text("a: one\nb: about Zebrafish and ünder\n")
    assert found(path) == []
    named = [(finding.line, finding.value) for finding in audit(path, ["Zebrafish", None, "", "ünder"])]
    assert named == [(2, "Zebrafish"), (2, "ünder")]


def test_comments_keys_and_other_unread_text_are_audited(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text(
        f"# lgtoken={HEX}\na: |  # Bearer {BASE62}\n  # text\n"
        f"b: 'x' # named Zebrafish\nc: {{{HEX}: 1}}\n# etag: {HEX}\nd: &{BASE62} 1\n"
    )
    findings = [(finding.line, finding.kind) for finding in audit(path, ["Zebrafish"])]
    assert findings == [(1, "lgtoken"), (2, "bearer"), (4, "secret"), (5, "hex"), (7, "random")]


@pytest.mark.slow
def test_the_time_of_an_audit_grows_with_the_length_of_the_file(tmp_path):
    """In quadratic time, this test would exceed the timeout of one minute."""
    for number, text in enumerate(
        ["token k=v," * 40000, "token " + "k=v," * 100000, "a: '" + "token=%3D" * 30000 + "'"]
    ):
        (tmp_path / f"{number}.txt").write_text(text)
    (tmp_path / "escaped.yaml").write_text(
        'a: "' + "".join(f"\\x6cgtoken=\\x61{number:032x}\\n\\\n  " for number in range(3000)) + '"\n'
    )
    assert {finding.kind for finding in audit(tmp_path)} == {"token", "lgtoken"}


def test_a_deeply_nested_file_is_still_read(tmp_path):
    path = tmp_path / "it.yaml"
    path.write_text("[" * 3000 + f'"lgtoken={HEX}"' + "]" * 3000)
    assert [kind for _, kind, _ in found(path)] == ["lgtoken"]


def test_auditing_a_missing_path_raises_file_not_found(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(audit(tmp_path / "nothing"))
