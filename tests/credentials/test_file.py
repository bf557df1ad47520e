"""FileStore: saving, loading, deleting, and the hosts that a section matches."""

import configparser
import sys
import tempfile
import warnings
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib._http.signers import resolve
from httplib2_oauthlib.credentials import FileStore

from .credential_files import ALICE, BOB, HOST, refusal, section, write


def test_without_a_file_there_are_no_credentials(store):
    assert store.load() == {}
    assert store.get(HOST) is None
    assert store.delete(HOST) is False
    assert not store.path.parent.exists()


def test_saved_credentials_are_loaded(store):
    assert store.save(HOST, ALICE) == str(store.path)
    store.save("127.0.0.1:8080", BOB)
    assert FileStore(str(store.path)).load() == {HOST: ALICE, "127.0.0.1:8080": BOB}


def test_every_argument_is_saved_except_those_of_a_handshake(store, rsa_keys):
    arguments = {
        "resource_owner_key": "", "signature_method": "RSA-SHA256", "signature_type": "QUERY",
        "rsa_key": rsa_keys[0], "realm": "A realm",
    }  # fmt: skip
    store.save(HOST, OAuth1("client", **arguments, callback_uri="oob", verifier="canary"))
    assert store.get(HOST) == OAuth1("client", **arguments)
    assert "canary" not in store.path.read_text()


def test_saving_again_replaces_every_key(store, rsa_keys):
    store.save(HOST, OAuth1("old", "canary", realm="old", rsa_key=rsa_keys[0]))
    store.save(HOST, OAuth1("new"))
    assert store.load() == {HOST: OAuth1("new")}
    assert "canary" not in store.path.read_text()


def test_deleting_removes_one_host_and_returns_whether_it_was_present(store):
    for host in ("a.example", "b.example", "c.example"):
        store.save(host, ALICE)
    text = store.path.read_text()
    assert store.delete("B.example") is True
    assert store.delete("b.example") is False
    assert set(store.load()) == {"a.example", "c.example"}
    store.save("b.example", ALICE)
    assert sorted(store.path.read_text()) == sorted(text)


def test_deleting_the_last_section_and_saving_it_again_gives_the_same_file(store):
    for host in ("a.example", "b.example"):
        store.save(host, ALICE)
    before = store.path.read_text()
    store.delete("b.example")
    store.save("b.example", ALICE)
    assert store.path.read_text() == before


def test_the_default_file_is_in_the_configuration_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert FileStore().path == tmp_path / "httplib2-oauthlib" / "credentials.ini"
    assert FileStore().path.parts[-2:] == ("httplib2-oauthlib", "credentials.ini")


def test_a_tilde_in_the_path_is_the_home_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert FileStore("~/c.ini").path == tmp_path / "c.ini"


@pytest.mark.filterwarnings("ignore:.* begins or ends with a blank:UserWarning")
def test_a_section_written_by_hand_is_read(store, rsa_keys):
    pem = rsa_keys[0].strip().replace("\n", "\n      ")
    write(store.path, f"""\
# My bots
[*.Wikipedia.org]
  client_key: alice
  Client_Secret = %(canary)s%%; #1
  resource_owner_key = "tok\\u00e9n "
; RSA, too
[[::1]:8080]
client_key = bob
rsa_key =
      {pem}
""")  # fmt: skip
    assert store.load() == {
        "*.wikipedia.org": OAuth1("alice", "%(canary)s%%; #1", "tok\u00e9n "),
        "[::1]:8080": OAuth1("bob", rsa_key=rsa_keys[0].strip()),
    }


def test_a_byte_order_mark_and_windows_line_ends_are_read(store):
    write(store.path, b"\xef\xbb\xbf" + section(HOST).replace("\n", "\r\n").encode())
    assert store.get(HOST) == OAuth1("alice", "canary")
    store.save("b.example", BOB)
    assert store.get(HOST) == OAuth1("alice", "canary")
    assert store.path.read_bytes().count(b"\n") == store.path.read_bytes().count(b"\r\n")
    assert store.path.read_bytes().startswith(b"\xef\xbb\xbf[")
    assert store.path.read_bytes().count(b"\xef\xbb\xbf") == 1


# -- the file: hosts


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("en.wikipedia.org", "exact"),
        ("EN.Wikipedia.org", "exact"),
        ("de.wikipedia.org", "wiki"),
        ("en.m.wikipedia.org", "wiki"),
        ("wikipedia.org", None),
        ("de.wikipedia.org:8080", "port"),
        ("en.wikipedia.org:8080", "exact"),
        ("wiktionary.org", None),
        ("*.wikipedia.org", "wiki"),
        ("127.0.0.1:8080", "local"),
        ("127.0.0.1", None),
        ("[::1]:80", "six"),
    ],
)
def test_a_host_selects_the_same_credentials_as_a_request(store, host, expected):
    hosts = {
        "en.wikipedia.org": "exact",
        "*.wikipedia.org": "wiki",
        "*.wikipedia.org:8080": "port",
        "127.0.0.1:8080": "local",
        "[::1]": "six",
    }
    for pattern, name in hosts.items():
        store.save(pattern, OAuth1(name))
    assert store.get(host) == (expected and OAuth1(expected))
    assert store.get(host) == resolve(store.load(), f"https://{host}/")


def test_the_most_general_pattern_finds_every_host(store):
    store.save("*", ALICE)
    assert store.get("wiki.example:81") == ALICE


def test_loaded_credentials_sign_requests(store, wiki):
    host = wiki.api_uri.split("/")[2]
    store.save(host, OAuth1(*wiki.owner_only("Alice")))
    http = OAuth1Http(oauth=store.load(), proxy_info=None)
    _, content = http.request(wiki.api_uri + "?action=query&meta=userinfo&format=json")
    assert b'"Alice"' in content


@pytest.mark.parametrize(
    "host",
    ["", "https://canary.example", "canary.example/w", "a b", "a]b", "a\n[b", "*.*.org", "a.*", "canary.example:x",
     "h:0", "h:080", "h:65536", "DEFAULT]", "#canary", " canary", "canary ", "a..b", "canary:", "canary@h", "\ud800"],
)  # fmt: skip
def test_an_invalid_host_is_rejected_before_anything_is_written(store, host):
    for work in (lambda: store.save(host, ALICE), lambda: store.get(host), lambda: store.delete(host)):
        assert "invalid host" in refusal(work)
    assert not store.path.parent.exists()


# -- the file: properties

# Everything that UTF-8 can encode, including all kinds of line ends and separators.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
secrets = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=30)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1, max_size=30)
hosts = st.from_regex(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]+){0,2}(:[1-9][0-9]{0,3})?", fullmatch=True)
oauths = st.builds(OAuth1, keys, st.none() | secrets, st.none() | keys, st.none() | secrets, rsa_key=st.none() | text)


# Each example writes the file several times, and waits for the disk each time.
FEWER = settings(max_examples=settings.default.max_examples // 8)


def quiet(*values, **more):
    """Return an OAuth1 without the warning of blanks at the ends of its values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return OAuth1(*values, **more)


@pytest.mark.filterwarnings("ignore:.* begins or ends with a blank:UserWarning")
@FEWER
@given(entries=st.dictionaries(hosts, oauths, min_size=1, max_size=3), more=oauths)
@example({"h": quiet(" ", " %(a)s\x85[b]\x0b# c\x85\u2028", "=:;#", '"')}, quiet("\ufeff", "", "", "\x00\x1c"))
@example({"h": quiet("k", "a ", "t", " a", rsa_key=" %(a)s\n[b]\r\n# c\x85\u2028")}, quiet("k", "a\t"))
@example({"h": quiet("a\u00a0", "\\", "\\n", "")}, quiet("[h]", "# h", "; h", "a ; b"))
def test_any_credentials_are_loaded_as_they_were_saved(entries, more):
    with tempfile.TemporaryDirectory() as directory:
        store = FileStore(Path(directory, "c.ini"))
        for host, oauth in entries.items():
            store.save(host, oauth)
        assert store.load() == entries
        first = next(iter(entries))
        store.save(first, more)
        assert store.load() == {**entries, first: more}
        store.delete(first)
        del entries[first]
        assert store.load() == entries


printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)


@FEWER
@given(secret=printable.filter(lambda secret: not secret.startswith('"')))
def test_usual_secrets_can_be_read_with_configparser(secret):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "c.ini")
        FileStore(path).save("h", OAuth1("k", secret))
        parser = configparser.RawConfigParser()
        parser.read(path)
        assert dict(parser["h"]) == {"client_key": "k", "client_secret": secret}
