"""Invalid credential files are rejected with their line or section."""

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.credentials import FileStore

from .credential_files import ALICE, HOST, refusal, section, write


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("client_key = canary\n", 1),
        ("# c\n\ncanary\n", 3),
        (f"{section(HOST)}canary\n", 4),
        (f"{section(HOST)}= canary\n", 4),
        (f"{section(HOST)}client_secret = canary\n", 4),
        (f"{section(HOST)}\n{section(HOST)}", 5),
        (f"{section(HOST)}\n  canary\n", 5),
        (b"\x00\xffcanary\n", 1),
        ("[\n", 1),
        ("[]\n", 1),
    ],
)
def test_a_corrupt_file_is_rejected_with_its_line_and_not_quoted(store, text, line):
    before = write(store.path, text).read_bytes()
    for work in (store.load, lambda: store.get(HOST), lambda: store.save(HOST, ALICE), lambda: store.delete(HOST)):
        assert f"{store.path}, line {line}: " in refusal(work)
    assert store.path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        (f"{section(HOST)}client_scret = canary\n", f"[{HOST}]: unknown key client_scret;"),
        (f"{section(HOST)}verifier = canary\n", f"[{HOST}]: unknown key verifier;"),
        # Lines of a PEM key that are not indented.
        (f"{section(HOST)}MIICANARY/a==\n", f"[{HOST}]: unknown key;"),
        (f"{section(HOST)}client_key_canary_canary_canary = \n", f"[{HOST}]: unknown key;"),
        (f"[{HOST}]\nclient_secret = canary\n", f"[{HOST}]: client_key is missing"),
        (f"[{HOST}]\n", f"[{HOST}]: client_key is missing"),
        (f"[{HOST}]\nclient_key =\n", f"[{HOST}]: client_key is empty"),
        (f"{section(HOST)}resource_owner_key = a\n  canary\n", f"[{HOST}]: resource_owner_key holds"),
        (f'{section(HOST)}resource_owner_key = "canary\n', f"[{HOST}]: resource_owner_key begins with a double quote"),
        (f'{section(HOST)}resource_owner_key = "canary" x\n', "resource_owner_key begins with a double quote"),
        (f"{section(HOST)}signature_method = canary\n", f"[{HOST}]: signature_method must be one of"),
        (b"[h.example]\nclient_key = canary\xff\n", "[h.example]: client_key can't be encoded"),
        (section("https://canary.example"), "the name of a section is an invalid host"),
        (section("DEFAULT").replace("DEFAULT", "canary d"), "the name of a section is an invalid host"),
        (section("H.example") + section("h.Example"), "two sections are for the same host"),
    ],
)
def test_an_invalid_file_is_rejected_with_its_section_and_key(store, text, excerpt):
    write(store.path, text)
    assert excerpt in refusal(store.load)


def test_a_section_named_default_sets_no_defaults(store):
    """configparser would use its values as defaults in every section."""
    write(store.path, f"{section('DEFAULT')}\n[{HOST}]\nclient_key = bob\n")
    assert store.load() == {"default": OAuth1("alice", "canary"), HOST: OAuth1("bob")}


def test_a_path_that_is_not_a_file_is_rejected(tmp_path):
    for work in (FileStore(tmp_path).load, lambda: FileStore(tmp_path).save(HOST, ALICE)):
        assert str(tmp_path) in refusal(work)
    write(tmp_path / "file", "")
    assert "file" in refusal(FileStore(tmp_path / "file" / "credentials.ini").save, HOST, ALICE)
