"""credentials.load(): one function for the environment, the keyring and the file."""

import os

import keyring
import keyring.backend
import pytest

from httplib2_oauthlib import CredentialsError, OAuth1, OAuth1Http, credentials
from httplib2_oauthlib.credentials import FileStore, KeyringStore, from_pywikibot, load, read_user_config

from .credential_files import HOST, refusal, write

ENVIRONMENT = OAuth1("from", "the", "environ", "ment")
FILE, RING = OAuth1("file", "canary"), OAuth1("ring", "canary")


class Ring(keyring.backend.KeyringBackend):
    priority = 9
    name = "a test ring"

    def __init__(self):
        super().__init__()
        self.entries = {}

    def get_password(self, service, username):
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        self.entries[service, username] = password

    def delete_password(self, service, username):
        del self.entries[service, username]


@pytest.fixture
def places(monkeypatch, tmp_path):
    """The default places, empty: sets the environment, saves in the keyring, saves in the file."""
    for name in [name for name in os.environ if name.upper().startswith(("OAUTH_", "OTHER_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    former = keyring.get_keyring()
    keyring.set_keyring(Ring())
    yield {
        "environment": lambda: monkeypatch.setenv("OAUTH_TOKENS", "from:the:environ:ment"),
        "keyring": lambda: KeyringStore().save(HOST, RING),
        "file": lambda: FileStore().save(HOST, FILE),
    }
    keyring.set_keyring(former)


@pytest.mark.parametrize(
    ("filled", "expected"),
    [
        (["environment", "file", "keyring"], ENVIRONMENT),
        (["environment"], ENVIRONMENT),
        (["keyring"], RING),
        (["file"], FILE),
    ],
)
def test_places_are_searched_in_the_order_of_the_command_line(places, filled, expected):
    for name in filled:
        places[name]()
    assert load(HOST) == expected


def test_entry_of_the_keyring_precedes_one_of_the_file(places):
    places["keyring"]()
    places["file"]()
    assert load(HOST) == RING
    assert load(f"{HOST}:8443") == RING


@pytest.mark.usefixtures("places")
def test_error_without_credentials_names_the_places_and_what_to_do():
    message = refusal(load, HOST)
    path = str(FileStore().path)
    for part in (HOST, "OAUTH_TOKENS", "a test ring", path, f"httplib2-oauth login {HOST}"):
        assert part in message


@pytest.mark.usefixtures("places")
def test_error_without_a_keyring_names_the_file_only(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    message = refusal(lambda: load(HOST, prefix="OTHER", store=KeyringStore(FileStore(tmp_path / "mine.ini"))))
    assert "a test ring" not in message
    assert "OTHER_TOKENS" in message
    assert str(tmp_path / "mine.ini") in message


def test_prefix_and_store_are_used(places, monkeypatch, tmp_path):
    places["environment"]()
    store = KeyringStore(FileStore(tmp_path / "mine.ini"))
    store.fallback.save("*.wikipedia.org", FILE)
    assert load(HOST, prefix="OTHER", store=store) == FILE
    monkeypatch.setenv("OTHER_TOKENS", "a:b:c:d")
    assert load(HOST, prefix="OTHER", store=store) == OAuth1("a", "b", "c", "d")


def test_credentials_that_can_not_be_used_are_an_error_and_not_skipped(places, monkeypatch):
    places["keyring"]()
    monkeypatch.setenv("OAUTH_TOKENS", "canary:canary")
    assert "OAUTH_TOKENS has 2 parts" in refusal(load, HOST)


@pytest.mark.parametrize("host", ["https://en.wikipedia.org/w", "en.wikipedia.org/", " en.wikipedia.org"])
def test_host_in_another_form_is_an_error_with_the_right_form(places, host):
    places["environment"]()
    with pytest.raises(CredentialsError, match=r"write 'en\.wikipedia\.org'"):
        load(host)


def test_loaded_credentials_sign(places, wiki):
    host = wiki.api_uri.split("/")[2]
    KeyringStore().save(host, OAuth1(*wiki.owner_only("Alice")))
    http = OAuth1Http(timeout=10, oauth=load(host), proxy_info=None)
    assert b'"Alice"' in http.request(f"{wiki.api_uri}?action=query&meta=userinfo&format=json")[1]
    assert places


def test_load_is_public():
    assert "load" in credentials.__all__


# -- hosts in stored configuration

URL = "https://en.wikipedia.org/"


@pytest.mark.parametrize("key", [URL, " en.wikipedia.org", "en.wikipedia.org/w"])
def test_key_of_pywikibot_that_can_match_no_host_is_refused(tmp_path, key):
    """It is refused where it is read, as both kinds of errors."""
    authenticate = {key: ("canary",) * 4}
    path = write(tmp_path / "user-config.py", f"authenticate = {authenticate!r}\n")
    for work in (lambda: from_pywikibot(authenticate), lambda: read_user_config(path)):
        assert "write 'en.wikipedia.org'" in refusal(work)
        with pytest.raises(ValueError, match=r"write 'en\.wikipedia\.org'"):
            work()


def test_key_of_a_pair_of_pywikibot_is_not_checked():
    """It is for Basic authentication, which is not this package's."""
    assert from_pywikibot({URL: ("user", "password")}) == {}


@pytest.mark.parametrize("spelling", ["m\u00fcnchen.example", "M\u00dcNCHEN.example", "xn--mnchen-3ya.example"])
def test_international_host_is_stored_and_found_in_each_spelling(tmp_path, spelling):
    store = FileStore(tmp_path / "c.ini")
    store.save(spelling, FILE)
    assert list(store.load()) == ["xn--mnchen-3ya.example"]
    assert store.get("m\u00fcnchen.example") == store.get("XN--MNCHEN-3ya.example") == FILE
    store.save("m\u00fcnchen.example", RING)
    assert store.load() == {"xn--mnchen-3ya.example": RING}
    assert store.delete("M\u00fcnchen.example")
    assert store.load() == {}


def test_international_section_written_by_hand_is_read_changed_and_deleted(tmp_path):
    store = FileStore(tmp_path / "c.ini")
    write(store.path, "[M\u00fcnchen.example]\nclient_key = file\nclient_secret = canary\n# mine\n")
    assert store.load() == {"xn--mnchen-3ya.example": FILE}
    store.save("m\u00fcnchen.example", RING)
    assert "[M\u00fcnchen.example]" in store.path.read_text("utf-8")
    assert store.get("m\u00fcnchen.example") == RING
    assert store.delete("xn--mnchen-3ya.example")
    assert store.load() == {}
