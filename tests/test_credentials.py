"""Credentials of Pywikibot's configuration, in a file and in the keyring: real files, real processes, real keyrings."""

import configparser
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path

import keyring
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest
from filelock import FileLock
from hypothesis import example, given, settings
from hypothesis import strategies as st
from keyrings.alt.file import PlaintextKeyring

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib._http.signers import resolve
from httplib2_oauthlib.credentials import FileStore, KeyringStore, from_pywikibot, read_user_config
from httplib2_oauthlib.errors import CredentialsError

ALICE = OAuth1("alice", "canary-1", "canary-2", "canary-3")
BOB = OAuth1("bob", "canary-4", "canary-5", "canary-6")
HOST = "en.wikipedia.org"
on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no modes of files")


def refusal(work, *arguments):
    """What the refusal says; that neither it nor what a reporter of errors finds with it shows a secret is checked."""
    with pytest.raises(CredentialsError) as caught:
        work(*arguments)
    error = caught.value
    seen = []
    while error is not None:
        seen.append(f"{error} {error!r} {error.args!r} {vars(error)}")
        error = error.__cause__ or error.__context__
    everything = "\n".join([*seen, *traceback.format_exception(caught.value)])
    assert "canary" not in everything
    assert "CANARY" not in everything
    return str(caught.value)


@pytest.fixture
def store(tmp_path):
    return FileStore(tmp_path / "kept" / "credentials.ini")


def write(path, text, mode=0o600):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def section(host, name="alice"):
    return f"[{host}]\nclient_key = {name}\nclient_secret = canary\n"


# -- Pywikibot's mapping

PYWIKIBOT = {
    "*.wikipedia.org": ("ck", "cs", "at", "as"),
    "localhost:8080": ["ck2", "cs2", "at2", "as2"],
    "private.example": ("user", "password"),
}
FROM_PYWIKIBOT = {
    "*.wikipedia.org": OAuth1("ck", "cs", "at", "as"),
    "localhost:8080": OAuth1("ck2", "cs2", "at2", "as2"),
}


def test_tuples_of_four_become_credentials_and_pairs_are_left_out():
    assert from_pywikibot(PYWIKIBOT) == FROM_PYWIKIBOT


@pytest.mark.parametrize(
    ("authenticate", "said"),
    [
        ({"h.example": ("canary",)}, "authenticate['h.example'] has 1 parts"),
        ({"h.example": ("canary", "canary", "canary")}, "authenticate['h.example'] has 3 parts"),
        ({"h.example": ("canary",) * 5}, "authenticate['h.example'] has 5 parts"),
        ({"h.example": ()}, "authenticate['h.example'] has 0 parts"),
        ({"h.example": "cana"}, "authenticate['h.example'] maps str to str"),
        ({"h.example": b"ca"}, "authenticate['h.example'] maps str to bytes"),
        ({"h.example": {"canary": "canary"}}, "authenticate['h.example'] maps str to dict"),
        ({"h.example": None}, "authenticate['h.example'] maps str to NoneType"),
        ({("canary",): ("canary",) * 4}, "authenticate maps tuple to tuple"),
        (("canary",) * 4, "authenticate must be a mapping, not tuple"),
        ({"h.example": ("", "canary", "canary", "canary")}, "authenticate['h.example']: client_key is empty"),
        ({"h.example": ("ck", 42, "canary", "canary")}, "authenticate['h.example']: client_secret must be text"),
        ({"h.example": ("ck", "canary\ud800", "canary", "canary")}, "authenticate['h.example']: client_secret can't"),
    ],
)
def test_an_entry_that_is_neither_is_refused_by_its_host_and_number_of_parts(authenticate, said):
    assert said in refusal(from_pywikibot, authenticate)


# -- Pywikibot's user-config.py

USER_CONFIG = """\
# -*- coding: utf-8 -*-
import os
raise SystemExit("it was run")
family = 'wikipedia'
usernames['wikipedia']['en'] = 'Bot'
authenticate = {
    '*.wikipedia.org': ('ck', 'cs', 'at', 'as'),
}
authenticate['private.example'] = ('user', 'password')
authenticate.update({'localhost:8080': ['ck2', 'c' 's2', 'at2', 'as2']})
console_encoding = os.environ.get('x')
"""


def test_a_user_config_is_read_without_being_run(tmp_path):
    assert read_user_config(write(tmp_path / "user-config.py", USER_CONFIG, 0o644)) == FROM_PYWIKIBOT


def test_a_later_statement_replaces_what_an_earlier_one_said(tmp_path):
    text = USER_CONFIG + "authenticate['*.wikipedia.org'] = ('user', 'password')\n"
    path = write(tmp_path / "user-config.py", text)
    assert set(read_user_config(str(path))) == {"localhost:8080"}
    assert read_user_config(write(path, text + "authenticate: dict = {}\n")) == {}


def test_a_user_config_without_credentials_gives_none(tmp_path):
    assert read_user_config(write(tmp_path / "user-config.py", "mylang = 'en'\n")) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "authenticate['*'] = (os.environ['canary'], 'canary', 'canary', 'canary')",
        "authenticate['*'] = 'canary' % 1",
        "if True:\n    authenticate['*'] = ('canary', 'canary', 'canary', 'canary')",
        "authenticate = load('canary')",
        "authenticate = ('canary', 'canary', 'canary', 'canary')",
        "authenticate = other = {'canary': ()}",
        "authenticate.update(canary=('canary', 'canary', 'canary', 'canary'))",
        "authenticate.update({'*': canary})",
        "del authenticate['canary']",
        "authenticate['a']['canary'] = ('canary',)",
        "authenticate[['canary']] = ('canary',)",
        "authenticate: 'canary'",
    ],
)
def test_what_cannot_be_told_without_running_it_is_refused_with_its_line(tmp_path, statement):
    path = write(tmp_path / "user-config.py", f"family = 'wikipedia'\n\n{statement}\nmylang = 'en'\n")
    assert f"{path}, line 3: " in refusal(read_user_config, path)


def test_an_entry_of_a_user_config_that_is_neither_is_refused_with_its_file(tmp_path):
    path = write(tmp_path / "user-config.py", "authenticate = {'h.example': ('canary', 'canary', 'canary')}")
    assert f"{path}: authenticate['h.example'] has 3 parts" in refusal(read_user_config, path)


@pytest.mark.parametrize(
    "text",
    [b"a = 1\nauthenticate = {'*': ('canary'\n", b"a = 1\n  canary = 'canary'\n", b"a = 1\nb = 'canary\xff'\n"],
)
def test_a_user_config_that_is_not_python_is_refused_and_not_quoted(tmp_path, text):
    path = write(tmp_path / "user-config.py", text)
    message = refusal(read_user_config, path)
    assert f"{path}, line " in message
    assert "not Python" in message


def test_a_user_config_too_deep_to_parse_is_refused(tmp_path):
    path = write(tmp_path / "user-config.py", "authenticate = " + "(" * 150 + "-" * 20000 + "1" + ")" * 150)
    assert str(path) in refusal(read_user_config, path)


def test_a_user_config_that_is_missing_is_refused(tmp_path):
    assert "does not exist" in refusal(read_user_config, tmp_path / "user-config.py")


@on_posix
def test_a_user_config_that_others_may_write_is_refused_with_the_command_that_mends_it(tmp_path):
    path = write(tmp_path / "user config.py", USER_CONFIG, 0o646)
    message = refusal(read_user_config, path)
    assert f"chmod 600 '{path}'" in message
    subprocess.run(message.partition("with: ")[2], shell=True, check=True)
    assert read_user_config(path) == FROM_PYWIKIBOT


@on_posix
def test_a_user_config_of_another_users_is_refused(tmp_path, another_users):
    path = another_users(write(tmp_path / "user-config.py", USER_CONFIG, 0o644))
    assert "belongs to another user" in refusal(read_user_config, path)


@pytest.fixture
def another_users(monkeypatch):
    """Make a file another user's; without the right to, make us another user."""

    def give(path):
        if os.geteuid() == 0:
            os.chown(path, 12345, -1)
        else:
            uid = os.geteuid() + 1
            monkeypatch.setattr(os, "geteuid", lambda: uid)
        return path

    return give


# -- the file: what comes back


def test_without_a_file_there_are_no_credentials(store):
    assert store.load() == {}
    assert store.get(HOST) is None
    assert store.delete(HOST) is False
    assert not store.path.parent.exists()


def test_what_is_saved_is_loaded(store):
    assert store.save(HOST, ALICE) == str(store.path)
    store.save("127.0.0.1:8080", BOB)
    assert FileStore(str(store.path)).load() == {HOST: ALICE, "127.0.0.1:8080": BOB}


def test_every_argument_is_kept_but_those_of_a_handshake(store, rsa_keys):
    arguments = {
        "resource_owner_key": "", "signature_method": "RSA-SHA256", "signature_type": "QUERY",
        "rsa_key": rsa_keys[0], "realm": "A realm",
    }  # fmt: skip
    store.save(HOST, OAuth1("client", **arguments, callback_uri="oob", verifier="canary"))
    assert store.get(HOST) == OAuth1("client", **arguments)
    assert "canary" not in store.path.read_text()


def test_saving_again_replaces_all_of_it(store, rsa_keys):
    store.save(HOST, OAuth1("old", "canary", realm="old", rsa_key=rsa_keys[0]))
    store.save(HOST, OAuth1("new"))
    assert store.load() == {HOST: OAuth1("new")}
    assert "canary" not in store.path.read_text()


def test_deleting_removes_one_host_and_says_whether_it_was_there(store):
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


def test_the_default_file_is_the_systems_configuration_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert FileStore().path == tmp_path / "httplib2-oauthlib" / "credentials.ini"
    assert FileStore().path.parts[-2:] == ("httplib2-oauthlib", "credentials.ini")


def test_a_path_may_begin_with_the_home_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert FileStore("~/c.ini").path == tmp_path / "c.ini"


def test_a_section_written_by_hand_is_understood(store, rsa_keys):
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


def test_a_byte_order_mark_and_line_ends_of_windows_are_understood(store):
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
def test_a_host_is_found_as_a_request_finds_it(store, host, expected):
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


def test_what_is_loaded_signs_requests(store, wiki):
    host = wiki.api_uri.split("/")[2]
    store.save(host, OAuth1(*wiki.owner_only("Alice")))
    http = OAuth1Http(oauth=store.load(), proxy_info=None)
    _, content = http.request(wiki.api_uri + "?action=query&meta=userinfo&format=json")
    assert b'"Alice"' in content


@pytest.mark.parametrize(
    "host",
    ["", "https://canary.example", "canary.example/w", "a b", "a]b", "a\n[b", "*.*.org", "a.*", "canary.example:x",
     "b\u00fccher.example", "DEFAULT]", "#canary", " canary", "canary ", "a..b", "canary:", "canary@h", "\ud800"],
)  # fmt: skip
def test_a_host_that_is_none_is_refused_before_anything_is_written(store, host):
    for work in (lambda: store.save(host, ALICE), lambda: store.get(host), lambda: store.delete(host)):
        assert "invalid host" in refusal(work)
    assert not store.path.parent.exists()


# -- the file: whatever is in it stays as it is

BY_HAND = b"""\
# The file's comment, latin-1: \xe9
;
[a.example]
# first, see Special:OAuthConsumerRegistration
client_key = alice
  # second
client_secret: canary
realm = old

# about b
[B.example]
  client_key   =   bob
  client_secret = "canary\\n"
  resource_owner_key = several
     lines

[c.example]
client_key = c
# the end"""


def test_a_change_of_one_section_leaves_the_rest_as_it_is(store):
    write(store.path, BY_HAND)
    store.save("a.example", OAuth1("new", "canary-new"))
    assert store.path.read_bytes() == BY_HAND.replace(
        b"client_key = alice\n  # second\nclient_secret: canary\nrealm = old\n",
        b"client_key = new\n  # second\nclient_secret = canary-new\n",
    ) + b"\n"  # fmt: skip


def test_a_change_of_a_section_in_capitals_keeps_its_header(store):
    write(store.path, BY_HAND)
    store.save("b.example", OAuth1("new"))
    start, end = BY_HAND.index(b"  client_key   ="), BY_HAND.index(b"\n[c.example]")
    assert store.path.read_bytes() == BY_HAND[:start] + b"client_key = new\n" + BY_HAND[end:] + b"\n"


def test_a_new_section_comes_last(store):
    write(store.path, BY_HAND)
    store.save("d.example", OAuth1("d"))
    assert store.path.read_bytes() == BY_HAND + b"\n\n[d.example]\nclient_key = d\n"


def test_a_deletion_leaves_the_rest_as_it_is(store):
    write(store.path, BY_HAND)
    store.delete("a.example")
    start, end = BY_HAND.index(b"[a.example]"), BY_HAND.index(b"# about b")
    assert store.path.read_bytes() == BY_HAND[:start] + BY_HAND[end:] + b"\n"


def test_saving_what_is_there_already_changes_no_byte(store):
    store.save(HOST, ALICE)
    before = store.path.stat()
    store.save(HOST, ALICE)
    after = store.path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_section_with_an_indented_header_is_edited_too(store):
    text = f"\n  {section(HOST)}"
    write(store.path, text)
    assert store.get(HOST) == OAuth1("alice", "canary")
    store.save(HOST, OAuth1("bob", "canary"))
    assert store.path.read_text() == text.replace("alice", "bob")
    store.delete(HOST)
    assert store.path.read_text() == "\n"


def test_an_indented_header_below_is_not_removed_with_the_section_above(store):
    text = f"{section('a.example')}\n  {section('b.example')}"
    write(store.path, text)
    store.delete("a.example")
    assert store.load() == {"b.example": OAuth1("alice", "canary")}
    assert store.path.read_text() == f"  {section('b.example')}"


def test_an_edit_that_would_damage_another_section_is_refused(store):
    """An indented header below a new key would become the second line of its value."""
    text = f"[a.example]\n  {section('b.example')}"
    write(store.path, text)
    assert "edit the file by hand" in refusal(store.save, "a.example", ALICE)
    assert store.path.read_text() == text


def test_a_change_of_one_key_leaves_the_others_as_they_are_written(store):
    text = f'[{HOST}]\nclient_key: "alice"\nclient_secret   =canary-1\n'
    write(store.path, text)
    store.save(HOST, OAuth1("alice", "canary-2", realm="r"))
    assert store.path.read_text() == f'[{HOST}]\nclient_key: "alice"\nclient_secret = canary-2\nrealm = r\n'


# -- the file: what is no such file


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
def test_a_corrupt_file_is_refused_with_its_line_and_not_quoted(store, text, line):
    before = write(store.path, text).read_bytes()
    for work in (store.load, lambda: store.get(HOST), lambda: store.save(HOST, ALICE), lambda: store.delete(HOST)):
        assert f"{store.path}, line {line}: " in refusal(work)
    assert store.path.read_bytes() == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{section(HOST)}client_scret = canary\n", f"[{HOST}]: unknown key client_scret;"),
        (f"{section(HOST)}verifier = canary\n", f"[{HOST}]: unknown key verifier;"),
        # Lines of a PEM text that nobody has indented.
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
def test_a_file_that_makes_no_sense_is_refused_by_section_and_key(store, text, said):
    write(store.path, text)
    assert said in refusal(store.load)


def test_a_section_named_default_lends_nothing_to_others(store):
    """configparser would give its values to all."""
    write(store.path, f"{section('DEFAULT')}\n[{HOST}]\nclient_key = bob\n")
    assert store.load() == {"default": OAuth1("alice", "canary"), HOST: OAuth1("bob")}


def test_a_path_that_is_no_file_is_refused(tmp_path):
    for work in (FileStore(tmp_path).load, lambda: FileStore(tmp_path).save(HOST, ALICE)):
        assert str(tmp_path) in refusal(work)
    write(tmp_path / "file", "")
    assert "file" in refusal(FileStore(tmp_path / "file" / "credentials.ini").save, HOST, ALICE)


# -- the file: private


@on_posix
def test_the_file_is_private_and_so_are_its_lock_and_its_new_directory(store):
    mask = os.umask(0)
    try:
        store.save(HOST, ALICE)
    finally:
        os.umask(mask)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in store.path.parent.iterdir()} == {
        "credentials.ini": "0o600",
        "credentials.ini.lock": "0o600",
    }
    assert oct(store.path.parent.stat().st_mode & 0o777) == "0o700"
    store.save(HOST, BOB)
    assert oct(store.path.stat().st_mode & 0o777) == "0o600"


@on_posix
def test_a_directory_that_was_there_keeps_its_mode(tmp_path):
    tmp_path.chmod(0o755)
    FileStore(tmp_path / "c.ini").save(HOST, ALICE)
    assert oct(tmp_path.stat().st_mode & 0o777) == "0o755"


@on_posix
@pytest.mark.parametrize("mode", [0o640, 0o620, 0o604, 0o602, 0o644, 0o666, 0o777], ids=oct)
def test_a_file_that_others_may_read_or_write_is_refused_with_the_command_that_mends_it(tmp_path, mode):
    store = FileStore(write(tmp_path / "it's mine.ini", section(HOST), mode))
    for work in (store.load, lambda: store.get(HOST), lambda: store.delete(HOST), lambda: store.save(HOST, ALICE)):
        message = refusal(work)
    assert store.path.read_text() == section(HOST)
    subprocess.run(message.partition("with: ")[2], shell=True, check=True)
    assert store.get(HOST) == OAuth1("alice", "canary")


@on_posix
def test_a_file_of_another_users_is_refused(store, another_users):
    store.save(HOST, ALICE)
    another_users(store.path)
    for work in (store.load, lambda: store.save(HOST, BOB)):
        assert "chown" in refusal(work)


@on_posix
def test_a_symbolic_link_is_followed_and_stays_one(tmp_path):
    target = tmp_path / "dotfiles" / "credentials.ini"
    link = tmp_path / "credentials.ini"
    link.symlink_to(target)
    store = FileStore(link)
    assert store.load() == {}
    store.save(HOST, ALICE)
    store.save("b.example", BOB)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert store.load() == FileStore(target).load() == {HOST: ALICE, "b.example": BOB}
    target.chmod(0o644)
    assert "chmod" in refusal(store.load)


# -- the file: crashes


class PowerCutError(BaseException):
    """Not an Exception: as KeyboardInterrupt, it passes all handlers but those that clean up."""


@pytest.mark.parametrize("name", ["fsync", "replace", "fdopen"])
@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), PowerCutError()], ids=lambda e: type(e).__name__
)
def test_a_crash_in_the_middle_of_a_write_leaves_the_old_file_and_nothing_else(store, monkeypatch, name, error):
    store.save(HOST, ALICE)
    before = store.path.read_bytes()
    listing = sorted(path.name for path in store.path.parent.iterdir())

    def fail(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, name, fail)
        if isinstance(error, OSError):
            assert "No space left on device" in refusal(store.save, HOST, BOB)
        else:
            with pytest.raises(PowerCutError):
                store.save(HOST, BOB)
    assert store.path.read_bytes() == before
    assert sorted(path.name for path in store.path.parent.iterdir()) == listing
    store.save(HOST, BOB)
    assert store.get(HOST) == BOB


@on_posix
def test_file_and_directory_reach_the_disk_before_and_after_the_file_is_replaced(store, monkeypatch):
    done = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: done.append(os.fstat(handle).st_ino) or fsync(handle))
    monkeypatch.setattr(os, "replace", lambda *names: replace(*names) or done.append("replaced"))
    store.save(HOST, ALICE)
    assert done == [store.path.stat().st_ino, "replaced", store.path.parent.stat().st_ino]


@on_posix
def test_a_reader_sees_the_old_or_the_new_file_and_nothing_between(store):
    long = OAuth1("alice", "x" * 100_000)
    store.save(HOST, long)
    is_over = threading.Event()

    def rewrite():
        for number in range(30):
            store.save(HOST, OAuth1(f"alice{number}", "x" * 100_000))
        is_over.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = []
    while not is_over.is_set():
        seen.append(store.get(HOST))
    writer.join()
    assert len(seen) > 1
    assert {len(oauth.client_secret) for oauth in seen} == {100_000}


# -- the file: writers at the same time


def test_processes_that_write_at_the_same_time_lose_nothing(store):
    jobs = [(f"h{host}.w{writer}.example", OAuth1(f"{writer}")) for writer in range(8) for host in range(10)]
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        pool.starmap(store.save, jobs, chunksize=10)
    assert store.load() == dict(jobs)


def test_threads_that_write_at_the_same_time_lose_nothing(store):
    jobs = [[(f"h{host}.w{writer}.example", OAuth1(f"{writer}")) for host in range(5)] for writer in range(8)]
    threads = [threading.Thread(target=lambda job=job: [store.save(*each) for each in job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.load() == {host: oauth for job in jobs for host, oauth in job}


def test_a_writer_that_holds_the_lock_for_too_long_is_an_error_that_says_what_to_do(store):
    store.save(HOST, ALICE)
    impatient = FileStore(store.path, timeout=0.05)
    with FileLock(f"{store.path}.lock"):
        failed = []
        # In a thread of its own, as any other writer: filelock treats a second lock in one thread as a mistake.
        thread = threading.Thread(target=lambda: failed.append(refusal(impatient.save, HOST, BOB)))
        thread.start()
        thread.join(5)
        assert impatient.get(HOST) == ALICE
    assert "another program has held" in failed[0]
    assert "0.05 seconds; try again" in failed[0]
    impatient.save(HOST, BOB)


# -- the file: properties

# Everything that UTF-8 can hold, line ends and separators of all kinds among it.
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
keys = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1, max_size=30)
hosts = st.from_regex(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]+){0,2}(:[0-9]{1,5})?", fullmatch=True)
oauths = st.builds(OAuth1, keys, st.none() | text, st.none() | keys, st.none() | text, rsa_key=st.none() | text)


@settings(max_examples=100)
@given(entries=st.dictionaries(hosts, oauths, min_size=1, max_size=3), more=oauths)
@example({"h": OAuth1(" ", " %(a)s\n[b]\r\n# c\x85\u2028", "=:;#", '"')}, OAuth1("\ufeff", "", "", "\x00\x1c"))
@example({"h": OAuth1("k", "a ", "t", " a")}, OAuth1("k", "a\t"))
@example({"h": OAuth1("a\u00a0", "\\", "\\n", "")}, OAuth1("[h]", "# h", "; h", "a ; b"))
def test_any_credentials_come_back_as_they_were(entries, more):
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


@settings(max_examples=50)
@given(secret=printable.filter(lambda secret: not secret.startswith('"')))
def test_usual_secrets_stand_in_the_file_as_any_reader_of_ini_files_reads_them(secret):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "c.ini")
        FileStore(path).save("h", OAuth1("k", secret))
        parser = configparser.RawConfigParser()
        parser.read(path)
        assert dict(parser["h"]) == {"client_key": "k", "client_secret": secret}


# -- the keyring


class Keyring(PlaintextKeyring):
    """A keyring of the system's, in a file of the test's; ``locked`` and ``unwritable`` as it may turn out to be."""

    priority = 5  # That of a desktop's.
    locked = unwritable = False

    def get_password(self, service, username):
        if self.locked:
            raise keyring.errors.KeyringLocked(f"canary {username}")
        return super().get_password(service, username)

    def set_password(self, service, username, password):
        if self.locked or self.unwritable:
            raise OSError(f"The stub received bad data: {password}")
        super().set_password(service, username, password)

    def delete_password(self, service, username):
        if self.locked:
            raise keyring.errors.PasswordDeleteError(f"canary {username}")
        super().delete_password(service, username)


@pytest.fixture(autouse=True)
def no_keyring_of_the_developers(monkeypatch):
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)


@pytest.fixture
def system(tmp_path):
    """The system's keyring."""
    before = keyring.core._keyring_backend
    backend = Keyring()
    backend.file_path = str(tmp_path / "keyring.cfg")
    keyring.set_keyring(backend)
    yield backend
    keyring.core._keyring_backend = before


@pytest.fixture
def ring(store, system):
    return KeyringStore(store)


@pytest.fixture(
    params=["not installed", "fail", "null", "not recommended", "chain of none", "misconfigured", "locked", "deaf"]
)
def without_keyring(request, monkeypatch, system):
    """Every way in which there is no keyring to use."""
    backends = {
        "fail": keyring.backends.fail.Keyring,
        "null": keyring.backends.null.Keyring,
        "not recommended": type("NotRecommended", (Keyring,), {"priority": 0, "file_path": system.file_path}),
        "chain of none": type("Chain", (keyring.backends.chainer.ChainerBackend,), {"backends": [], "priority": -1}),
    }
    if request.param in backends:
        keyring.set_keyring(backends[request.param]())
    elif request.param == "not installed":
        monkeypatch.setitem(sys.modules, "keyring", None)
    elif request.param == "misconfigured":
        keyring.core._keyring_backend = None
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "canary.missing.Keyring")
    elif request.param == "locked":
        system.locked = True
    else:
        # As keyring's ChainerBackend if none of its keyrings stores anything.
        monkeypatch.setattr(Keyring, "set_password", lambda *arguments: None)


def test_the_keyring_keeps_credentials_and_the_file_does_not(ring, store, system, rsa_keys):
    oauth = OAuth1("alice", "canary \n\u00e9", rsa_key=rsa_keys[0], signature_method="RSA-SHA1", realm="r")
    assert ring.save("EN.wikipedia.org", oauth) == f"the system keyring ({system.name})"
    assert ring.get(HOST) == KeyringStore(store).get(HOST) == oauth
    assert not store.path.exists()


def test_the_keyring_finds_patterns_as_the_file_does(ring, store):
    ring.save("*.wikipedia.org", ALICE)
    assert ring.get("de.wikipedia.org:443") == ALICE
    assert ring.get("wiktionary.org") is None


def test_the_most_specific_pattern_wins_wherever_it_is_kept(ring, store):
    ring.save("*.wikipedia.org", ALICE)
    store.save(HOST, BOB)
    assert ring.get(HOST) == BOB
    assert ring.get("de.wikipedia.org") == ALICE


def test_of_one_pattern_the_keyrings_entry_comes_first(ring, store):
    ring.save(HOST, ALICE)
    store.save(HOST, BOB)
    assert ring.get(HOST) == ALICE


def test_an_exact_entry_in_the_keyring_needs_no_sound_file(ring, store):
    ring.save(HOST, ALICE)
    write(store.path, "canary")
    assert ring.get(HOST) == ALICE


def test_saving_in_the_keyring_removes_the_files_older_entry(ring, store):
    store.save(HOST, BOB)
    store.save("*.org", BOB)
    ring.save(HOST, ALICE)
    assert store.load() == {"*.org": BOB}


def test_saving_in_the_keyring_says_so_if_the_files_older_entry_stays(ring, store):
    write(store.path, section(HOST), 0o644)
    if os.name != "nt":
        assert "chmod" in refusal(ring.save, HOST, ALICE)


def test_deleting_removes_from_keyring_and_file(ring, store):
    ring.save(HOST, ALICE)
    store.save(HOST, BOB)
    assert ring.delete(HOST) is True
    assert (ring.get(HOST), store.get(HOST)) == (None, None)
    assert ring.delete(HOST) is False
    ring.save(HOST, ALICE)
    assert ring.delete(HOST) is True
    store.save(HOST, BOB)
    assert ring.delete(HOST) is True


def test_without_a_keyring_the_file_serves(without_keyring, store):
    ring = KeyringStore(store)
    assert ring.get(HOST) is None
    assert ring.save(HOST, ALICE) == str(store.path)
    assert ring.get(HOST) == store.get(HOST) == ALICE
    assert ring.delete(HOST) is True
    assert ring.delete(HOST) is False
    assert store.load() == {}


def test_a_keyring_that_is_a_readable_file_is_not_used_unless_it_was_chosen(ring, store, monkeypatch, tmp_path):
    """keyrings.alt brings one, and keyring takes it where there is no desktop."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", PlaintextKeyring())
    assert ring.save("one.example", ALICE) == str(store.path)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    assert "system keyring" in ring.save("other.example", ALICE)
    assert ring.get("other.example") == ALICE


def test_a_locked_keyring_is_asked_once(ring, system, store, monkeypatch):
    asked = []
    monkeypatch.setattr(Keyring, "get_password", lambda *arguments: asked.append(arguments) or 1 / 0)
    store.save("*", ALICE)
    assert ring.get(HOST) == ALICE
    assert len(asked) == 1


def test_what_a_keyring_does_not_take_goes_to_the_file_and_its_older_entry_goes(ring, system, store):
    """Windows' takes no more than 2560 bytes; an older entry would come before the file's."""
    ring.save(HOST, ALICE)
    system.unwritable = True
    assert ring.save(HOST, BOB) == str(store.path)
    assert ring.get(HOST) == BOB


def test_an_older_entry_stays_where_it_is_if_the_new_one_can_be_kept_nowhere(ring, system, store):
    ring.save(HOST, ALICE)
    system.unwritable = True
    write(store.path, "canary")
    refusal(ring.save, HOST, BOB)
    assert ring.get(HOST) == ALICE


def test_an_entry_that_the_keyring_does_not_give_up_is_an_error(ring, system, monkeypatch):
    ring.save(HOST, ALICE)
    monkeypatch.setattr(Keyring, "delete_password", lambda *arguments: 1 / 0)
    message = refusal(ring.delete, HOST)
    assert "system keyring" in message
    assert HOST in message


@pytest.mark.parametrize(
    "value",
    ["canary", '"canary"', "[]", "null", '{"canary": "x"}', '{"client_key": "k", "signature_type": null}',
     '{"client_key": "k", "canary": "x"}',
     '{"client_key": ["canary"]}', "{}", '{"client_key": ""}', '{"client_key": "k", "client_secret": "canary\\ud800"}'],
)  # fmt: skip
def test_a_keyrings_entry_that_makes_no_sense_is_refused_by_host_and_not_shown(ring, system, value):
    system.set_password("httplib2-oauthlib", HOST, value)
    message = refusal(ring.get, HOST)
    assert "system keyring" in message
    assert HOST in message


def test_a_host_that_is_none_is_refused_by_the_keyring_too(ring):
    for work in (lambda: ring.save("https://a", ALICE), lambda: ring.get("a b"), lambda: ring.delete("a b")):
        assert "invalid host" in refusal(work)


def test_the_default_fallback_is_the_default_file(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert KeyringStore().fallback.path == FileStore().path


def test_importing_the_module_loads_nothing_that_not_everybody_needs():
    program = "import sys, httplib2_oauthlib.credentials; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert not {"keyring", "platformdirs", "configupdater", "filelock"} & set(run.stdout.split())


def test_repr_shows_no_secret(store):
    store.save(HOST, ALICE)
    assert (
        "canary"
        not in f"{store.load()} {store!r} {KeyringStore(store)!r} {from_pywikibot({'h': ('ck', *['canary'] * 3)})}"
    )
