"""Credentials from environment variables: which are set, which are rejected, and that no error shows a value."""

import itertools
import os
import subprocess
import sys
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from httplib2_oauthlib import CredentialsError, OAuth1

NAMES = ("CLIENT_KEY", "CLIENT_SECRET", "RESOURCE_OWNER_KEY", "RESOURCE_OWNER_SECRET")
VALUES = ("canary-key", "canary-secret", "canary-token", "canary-token-secret")
SEPARATE = {f"OAUTH_{name}": value for name, value in zip(NAMES, VALUES, strict=True)}
TOKENS = {"OAUTH_TOKENS": ":".join(VALUES)}


def read(variables, prefix="OAUTH"):
    """Call from_env() in an environment that holds these variables only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "environ", variables)
        return OAuth1.from_env(prefix)


def four(found):
    return (found.client_key, found.client_secret, found.resource_owner_key, found.resource_owner_secret)


def refusal(variables, prefix="OAUTH"):
    """Return the message of the error, and check that neither it nor its traceback shows a value."""
    with pytest.raises(CredentialsError) as caught:
        read(variables, prefix)
    return shown(caught.value)


def shown(error):
    everything = "".join(traceback.format_exception(error))
    assert "canary" not in f"{error} {error!r} {error.args!r} {everything}"
    assert error.__context__ is None
    return str(error)


@pytest.fixture
def environ(monkeypatch):
    """Set the process's own variables: ``environ({"OAUTH_TOKENS": ...})``."""
    for name in [*SEPARATE, "OAUTH_TOKENS", "OAUTH_RSA_KEY", "OAUTH_RSA_KEY_FILE"]:
        monkeypatch.delenv(name, raising=False)

    def set_all(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


@pytest.mark.parametrize("variables", [TOKENS, SEPARATE, {**TOKENS, **SEPARATE}], ids=["joined", "separate", "both"])
def test_credentials_are_read_from_either_form(variables):
    found = read(variables)
    assert four(found) == VALUES
    assert found.rsa_key is None


def test_the_two_forms_may_complete_each_other():
    variables = {"OAUTH_TOKENS": "canary-key::canary-token:", **SEPARATE}
    del variables["OAUTH_RESOURCE_OWNER_KEY"]
    assert four(read(variables)) == VALUES


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OTHER_TOKENS": "a:b:c:d"},
        {"OAUTH_TOKENS": ""},
        {"OAUTH_TOKENS": " \r\n\t"},
        {"OAUTH_TOKENS": ":::"},
        {"OAUTH_TOKENS": " : : : \n"},
        dict.fromkeys(SEPARATE, ""),
        dict.fromkeys([*SEPARATE, "OAUTH_TOKENS", "OAUTH_RSA_KEY", "OAUTH_RSA_KEY_FILE"], " \n"),
    ],
    ids=repr,
)
def test_unset_or_empty_variables_return_none(variables):
    """In the builds of a fork, CI systems set secrets to empty strings, and the joined form keeps its colons."""
    assert read(variables) is None


def test_white_space_and_line_ends_around_values_are_dropped():
    assert four(read({name: f" \t{value}\r\n" for name, value in SEPARATE.items()})) == VALUES
    assert four(read({"OAUTH_TOKENS": " : ".join(VALUES).join("\n\n")})) == VALUES


@pytest.mark.parametrize(
    "present", [set(names) for n in (1, 2, 3) for names in itertools.combinations(NAMES, n)], ids=sorted
)
def test_missing_separate_variables_are_named(present):
    message = refusal({name: value for name, value in SEPARATE.items() if name.removeprefix("OAUTH_") in present})
    words = set(message.replace(",", " ").split())
    assert {name for name in NAMES if f"OAUTH_{name}" in words} == set(NAMES) - present


def test_a_separate_variable_of_white_space_counts_as_missing():
    assert "OAUTH_CLIENT_SECRET" in refusal({**SEPARATE, "OAUTH_CLIENT_SECRET": " "})


@pytest.mark.parametrize(
    ("tokens", "excerpt"),
    [
        ("canary", "OAUTH_TOKENS has 1 part;"),
        ("canary:canary", "OAUTH_TOKENS has 2 parts;"),
        ("canary:canary:", "OAUTH_TOKENS has 3 parts (empty: number 3);"),
        (":canary:canary: :canary", "OAUTH_TOKENS has 5 parts (empty: number 1 and 4);"),
        (":canary:canary:canary", "has 4 parts, and these are empty: client key"),
        ("canary: :canary:\n", "has 4 parts, and these are empty: client secret, token secret"),
        ("canary:canary:canary:canary:canary", "expected 4, joined by colons: client key, client secret, token, token"),
    ],
)
def test_incomplete_joined_credentials_are_rejected_with_their_count(tokens, excerpt):
    assert excerpt in refusal({"OAUTH_TOKENS": tokens})


@pytest.mark.parametrize(("tokens", "has_advice"), [("canary:canary:canary", True), ("canary:canary:", False)])
def test_three_joined_values_are_rejected_as_those_of_an_oauth_2_client(tokens, has_advice):
    assert ("register one for OAuth 1.0a" in refusal({"OAUTH_TOKENS": tokens})) == has_advice


def test_forms_that_contradict_each_other_are_rejected_by_name():
    message = refusal({**TOKENS, **SEPARATE, "OAUTH_RESOURCE_OWNER_KEY": "canary-other"})
    assert "OAUTH_TOKENS contradicts OAUTH_RESOURCE_OWNER_KEY;" in message
    assert "CLIENT_KEY" not in message


@pytest.mark.parametrize("prefix", ["MYBOT", "MYBOT_", "mybot", "mybot_", "MyBot"])
def test_a_prefix_matches_variables_in_capitals(prefix):
    assert four(read({"MYBOT_TOKENS": ":".join(VALUES)}, prefix)) == VALUES


def test_a_prefix_matches_variables_in_its_own_case_first():
    variables = {"MyBot_TOKENS": ":".join(VALUES), "MYBOT_TOKENS": "a:b:c:d"}
    assert four(read(variables, "MyBot")) == VALUES
    assert refusal({"MyBot_CLIENT_KEY": "canary"}, "MyBot_").count("MyBot_") == 3


def test_an_empty_prefix_means_bare_names():
    assert four(read({"TOKENS": ":".join(VALUES)}, "")) == VALUES


# -- RSA

RSA = {"OAUTH_CLIENT_KEY": "canary-key", "OAUTH_RESOURCE_OWNER_KEY": "canary-token"}


@pytest.mark.parametrize("variables", [RSA, {"OAUTH_TOKENS": "canary-key::canary-token:"}], ids=["separate", "joined"])
@pytest.mark.parametrize("form", ["text", "one line", "file"])
def test_an_rsa_key_in_any_form_makes_the_secrets_optional(variables, form, rsa_keys, tmp_path, environ):
    file = tmp_path / "key.pem"
    file.write_text(rsa_keys[0])
    environ(variables)
    environ(
        {
            "text": {"OAUTH_RSA_KEY": rsa_keys[0]},
            "one line": {"OAUTH_RSA_KEY": rsa_keys[0].replace("\n", "\\n")},
            "file": {"OAUTH_RSA_KEY_FILE": f" {file}\n"},
        }[form]
    )
    oauth = OAuth1.from_env()
    assert oauth.signature_method == "RSA-SHA1"
    assert oauth.rsa_key.split() == rsa_keys[0].split()
    # The signature equals the one with the key passed as an argument.
    plain = OAuth1("canary-key", "", "canary-token", "", rsa_key=rsa_keys[0], signature_method="RSA-SHA1")
    arguments = {"uri": "https://wiki.example/", "nonce": "n", "timestamp": 1}
    assert oauth.sign(**arguments) == plain.sign(**arguments)


def test_an_rsa_key_alone_is_incomplete():
    message = refusal({"OAUTH_RSA_KEY": "canary"})
    assert "OAUTH_CLIENT_KEY, OAUTH_RESOURCE_OWNER_KEY" in message
    assert "SECRET" not in message


def test_an_rsa_key_in_both_variables_is_rejected(tmp_path):
    assert "OAUTH_RSA_KEY_FILE" in refusal({**RSA, "OAUTH_RSA_KEY": "canary", "OAUTH_RSA_KEY_FILE": str(tmp_path)})


@pytest.mark.parametrize(
    "file", ["canary-missing", "-----BEGIN canary-----\nMII", "can\0ary", ".", "binary", "empty"], ids=repr
)
def test_an_unreadable_rsa_key_file_is_rejected_without_its_path(file, tmp_path, monkeypatch):
    """A user may have set the variable to the key itself, instead of its path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "binary").write_bytes(b"canary\xff")
    (tmp_path / "empty").write_bytes(b"\n")
    message = refusal({**RSA, "OAUTH_RSA_KEY_FILE": file})
    assert "OAUTH_RSA_KEY_FILE" in message
    assert "BEGIN" not in message


# -- from_env


def test_from_env_returns_the_credentials_of_the_four_values(environ):
    environ(TOKENS)
    assert OAuth1.from_env() == OAuth1(*VALUES)


def test_from_env_reads_the_variables_of_its_prefix(environ):
    environ({"MYBOT_" + name.removeprefix("OAUTH_"): value for name, value in SEPARATE.items()})
    assert OAuth1.from_env() is None
    assert OAuth1.from_env("MYBOT") == OAuth1(*VALUES)


def test_from_env_of_a_subclass_returns_an_instance_of_it(environ):
    class Mine(OAuth1):
        pass

    environ(TOKENS)
    assert type(Mine.from_env()) is Mine


@pytest.mark.parametrize(
    ("variables", "excerpt"),
    [
        ({"OAUTH_TOKENS": 'canary"key:canary:canary:canary'}, "client_key holds a quote"),
        ({**SEPARATE, "OAUTH_RESOURCE_OWNER_KEY": "canary\ncanary"}, "resource_owner_key holds"),
        ({**SEPARATE, "OAUTH_CLIENT_SECRET": "canary\udcff"}, "client_secret can't be encoded"),
    ],
)
def test_from_env_rejects_invalid_values_with_the_variables_names(environ, variables, excerpt):
    environ(variables)
    with pytest.raises(CredentialsError) as caught:
        OAuth1.from_env()
    message = shown(caught.value)
    assert excerpt in message
    assert "OAUTH_TOKENS" in message
    assert "OAUTH_CLIENT_KEY" in message


def test_from_env_rejects_incomplete_credentials(environ):
    environ({"OAUTH_CLIENT_KEY": "canary"})
    with pytest.raises(CredentialsError, match="OAUTH_CLIENT_SECRET"):
        OAuth1.from_env()


def test_from_env_reads_a_real_environment():
    program = "from httplib2_oauthlib import OAuth1; print(OAuth1.from_env())"
    command = [sys.executable, "-c", program]
    # Without this variable, Windows can't open sockets.
    needed = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
    shown = subprocess.run(
        command, env={**needed, **TOKENS}, capture_output=True, text=True, check=True, timeout=30
    ).stdout
    assert "OAuth1(client_key='canary-key'" in shown
    assert shown.count("canary") == 1


def test_repr_shows_no_secret(rsa_keys):
    found = read({**SEPARATE, "OAUTH_RSA_KEY": "canary-rsa"})
    assert found.rsa_key == "canary-rsa"
    assert f"{found!r} {found}".replace("canary-key", "").count("canary") == 0


# -- properties

values = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters=":"), min_size=1, max_size=20)
# OAuth1 rejects a key with a quote.
keys = values.filter(lambda value: '"' not in value)


@given(given_values=st.tuples(keys, values, keys, values), joined=st.booleans())
def test_any_value_is_read_unchanged(given_values, joined):
    separate = {f"OAUTH_{name}": value for name, value in zip(NAMES, given_values, strict=True)}
    variables = {"OAUTH_TOKENS": ":".join(given_values)} if joined else separate
    assert four(read(variables)) == given_values


# -- required


@pytest.mark.parametrize("prefix", ["OAUTH", "OTHER"])
@pytest.mark.parametrize("value", [None, "", " ", ":::"])
def test_required_credentials_that_are_missing_are_an_error_with_the_variables(monkeypatch, prefix, value):
    for name in [name for name in os.environ if name.startswith(f"{prefix}_")]:
        monkeypatch.delenv(name)
    if value is not None:
        monkeypatch.setenv(f"{prefix}_TOKENS", value)
    assert OAuth1.from_env(prefix) is None
    with pytest.raises(CredentialsError) as caught:
        OAuth1.from_env(prefix, required=True)
    for name in ("TOKENS", "CLIENT_KEY", "CLIENT_SECRET", "RESOURCE_OWNER_KEY", "RESOURCE_OWNER_SECRET"):
        assert f"{prefix}_{name}" in str(caught.value)


def test_required_credentials_that_are_set_are_returned(monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", "a:b:c:d")
    assert OAuth1.from_env(required=True) == OAuth1("a", "b", "c", "d")
