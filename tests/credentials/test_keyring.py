"""Credentials in the system's keyring, with the file as its fallback."""

import os
import subprocess
import sys

import keyring
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest
from keyrings.alt.file import PlaintextKeyring

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.credentials import FileStore, KeyringStore, from_pywikibot

from .credential_files import ALICE, BOB, HOST, refusal, section, write


class Keyring(PlaintextKeyring):
    """A system keyring in a file of the test. ``locked`` and ``unwritable`` make it fail."""

    priority = 5  # The priority of a desktop's keyring.
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
    """Every reason for which a keyring can't be used."""
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
        # keyring's ChainerBackend does this if none of its keyrings stores anything.
        monkeypatch.setattr(Keyring, "set_password", lambda *arguments: None)


def test_the_keyring_stores_credentials_and_the_file_does_not(ring, store, system, rsa_keys):
    oauth = OAuth1("alice", "canary \t\u00e9", rsa_key=rsa_keys[0], signature_method="RSA-SHA1", realm="r")
    assert ring.save("EN.wikipedia.org", oauth) == f"the system keyring ({system.name})"
    assert ring.get(HOST) == KeyringStore(store).get(HOST) == oauth
    assert not store.path.exists()


def test_the_keyring_matches_patterns_as_the_file_does(ring, store):
    ring.save("*.wikipedia.org", ALICE)
    assert ring.get("de.wikipedia.org:443") == ALICE
    assert ring.get("wiktionary.org") is None


def test_the_most_specific_pattern_wins_in_either_store(ring, store):
    ring.save("*.wikipedia.org", ALICE)
    store.save(HOST, BOB)
    assert ring.get(HOST) == BOB
    assert ring.get("de.wikipedia.org") == ALICE


def test_the_keyrings_entry_wins_over_the_files_for_the_same_pattern(ring, store):
    ring.save(HOST, ALICE)
    store.save(HOST, BOB)
    assert ring.get(HOST) == ALICE


def test_an_exact_entry_in_the_keyring_works_with_a_corrupt_file(ring, store):
    ring.save(HOST, ALICE)
    write(store.path, "canary")
    assert ring.get(HOST) == ALICE


def test_saving_in_the_keyring_removes_the_older_entry_in_the_file(ring, store):
    store.save(HOST, BOB)
    store.save("*.org", BOB)
    ring.save(HOST, ALICE)
    assert store.load() == {"*.org": BOB}


def test_saving_in_the_keyring_fails_if_the_file_keeps_an_older_entry(ring, store):
    write(store.path, section(HOST), 0o644)
    if os.name != "nt":
        assert "chmod" in refusal(ring.save, HOST, ALICE)


def test_deleting_removes_the_entry_from_keyring_and_file(ring, store):
    ring.save(HOST, ALICE)
    store.save(HOST, BOB)
    assert ring.delete(HOST) is True
    assert (ring.get(HOST), store.get(HOST)) == (None, None)
    assert ring.delete(HOST) is False
    ring.save(HOST, ALICE)
    assert ring.delete(HOST) is True
    store.save(HOST, BOB)
    assert ring.delete(HOST) is True


def test_without_a_keyring_the_file_is_used(without_keyring, store):
    ring = KeyringStore(store)
    assert ring.get(HOST) is None
    assert ring.save(HOST, ALICE) == str(store.path)
    assert ring.get(HOST) == store.get(HOST) == ALICE
    assert ring.delete(HOST) is True
    assert ring.delete(HOST) is False
    assert store.load() == {}


def test_a_plain_text_keyring_is_used_only_if_the_user_chose_it(ring, store, monkeypatch, tmp_path):
    """keyrings.alt contains one, and keyring selects it where it finds no desktop."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(keyring.core, "_keyring_backend", PlaintextKeyring())
    assert ring.save("one.example", ALICE) == str(store.path)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    assert "system keyring" in ring.save("other.example", ALICE)
    assert ring.get("other.example") == ALICE


def test_a_locked_keyring_is_queried_once(ring, system, store, monkeypatch):
    asked = []
    monkeypatch.setattr(Keyring, "get_password", lambda *arguments: asked.append(arguments) or 1 / 0)
    store.save("*", ALICE)
    assert ring.get(HOST) == ALICE
    assert len(asked) == 1


def test_a_value_the_keyring_rejects_is_saved_in_the_file(ring, system, store):
    """The keyring of Windows stores at most 2560 bytes. An older entry would override the file's."""
    ring.save(HOST, ALICE)
    system.unwritable = True
    assert ring.save(HOST, BOB) == str(store.path)
    assert ring.get(HOST) == BOB


def test_an_older_entry_stays_if_the_new_one_cannot_be_saved(ring, system, store):
    ring.save(HOST, ALICE)
    system.unwritable = True
    write(store.path, "canary")
    refusal(ring.save, HOST, BOB)
    assert ring.get(HOST) == ALICE


def test_an_entry_that_the_keyring_does_not_delete_raises_an_error(ring, system, monkeypatch):
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
def test_an_invalid_keyring_entry_is_rejected_with_its_host_and_not_shown(ring, system, value):
    system.set_password("httplib2-oauthlib", HOST, value)
    message = refusal(ring.get, HOST)
    assert "system keyring" in message
    assert HOST in message


def test_an_invalid_host_is_rejected_by_the_keyring(ring):
    for work in (lambda: ring.save("https://a", ALICE), lambda: ring.get("a b"), lambda: ring.delete("a b")):
        assert "invalid host" in refusal(work)


def test_the_default_fallback_is_the_default_file(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert KeyringStore().fallback.path == FileStore().path


def test_importing_credentials_loads_no_optional_packages():
    program = "import sys, httplib2_oauthlib.credentials; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    assert not {"keyring", "platformdirs", "configupdater", "filelock"} & set(run.stdout.split())


def test_repr_shows_no_secret(store):
    store.save(HOST, ALICE)
    assert (
        "canary"
        not in f"{store.load()} {store!r} {KeyringStore(store)!r} {from_pywikibot({'h': ('ck', *['canary'] * 3)})}"
    )
