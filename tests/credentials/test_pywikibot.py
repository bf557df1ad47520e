"""Credentials from Pywikibot's authenticate mapping and its user-config.py."""

import subprocess

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.credentials import from_pywikibot, read_user_config

from .credential_files import on_posix, refusal, write

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


def test_tuples_of_four_become_credentials_and_pairs_are_skipped():
    assert from_pywikibot(PYWIKIBOT) == FROM_PYWIKIBOT


@pytest.mark.parametrize(
    ("authenticate", "excerpt"),
    [
        ({"h.example": ("canary",)}, "authenticate['h.example'] has 1 parts"),
        ({"h.example": ("canary", "canary", "canary")}, "authenticate['h.example'] has 3 parts, expected 4 (cl"),
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
def test_an_invalid_entry_is_rejected_with_its_host_and_number_of_parts(authenticate, excerpt):
    assert excerpt in refusal(from_pywikibot, authenticate)


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


def test_a_later_statement_overrides_an_earlier_one(tmp_path):
    text = USER_CONFIG + "authenticate['*.wikipedia.org'] = ('user', 'password')\n"
    path = write(tmp_path / "user-config.py", text)
    assert set(read_user_config(str(path))) == {"localhost:8080"}
    assert read_user_config(write(path, text + "authenticate: dict = {}\n")) == {}


def test_a_user_config_without_credentials_returns_an_empty_dict(tmp_path):
    assert read_user_config(write(tmp_path / "user-config.py", "mylang = 'en'\n")) == {}


@pytest.mark.parametrize("name", ["config", "config2", "pywikibot.config"])
@pytest.mark.parametrize("statement", ["['*'] = {four}", " = {{'*': {four}}}", ".update({{'*': {four}}})"])
def test_authenticate_as_an_attribute_of_the_configuration_is_read(tmp_path, name, statement):
    text = f"{name}.authenticate{statement.format(four=('ck', 'cs', 'at', 'as'))}\n"
    path = write(tmp_path / "user-config.py", f"from pywikibot import config\n{text}")
    assert read_user_config(path) == {"*": OAuth1("ck", "cs", "at", "as")}


def test_a_method_called_authenticate_is_not_taken_for_the_configuration(tmp_path):
    path = write(tmp_path / "user-config.py", "proxy.authenticate(user, password)\n")
    assert read_user_config(path) == {}


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
        "config.authenticate['*'] = (os.environ['canary'], 'canary', 'canary', 'canary')",
        "if True:\n    config.authenticate['*'] = ('canary', 'canary', 'canary', 'canary')",
    ],
)
def test_a_statement_that_must_be_run_is_rejected_with_its_line(tmp_path, statement):
    path = write(tmp_path / "user-config.py", f"family = 'wikipedia'\n\n{statement}\nmylang = 'en'\n")
    assert f"{path}, line 3: " in refusal(read_user_config, path)


def test_an_invalid_entry_of_a_user_config_is_rejected_with_its_file(tmp_path):
    path = write(tmp_path / "user-config.py", "authenticate = {'h.example': ('canary', 'canary', 'canary')}")
    assert f"{path}: authenticate['h.example'] has 3 parts" in refusal(read_user_config, path)


@pytest.mark.parametrize(
    "text",
    [b"a = 1\nauthenticate = {'*': ('canary'\n", b"a = 1\n  canary = 'canary'\n", b"a = 1\nb = 'canary\xff'\n"],
)
def test_a_user_config_that_is_not_python_is_rejected_and_not_quoted(tmp_path, text):
    path = write(tmp_path / "user-config.py", text)
    message = refusal(read_user_config, path)
    assert f"{path}, line " in message
    assert "not Python" in message


def test_a_user_config_too_deep_to_parse_is_rejected(tmp_path):
    path = write(tmp_path / "user-config.py", "authenticate = " + "(" * 150 + "-" * 20000 + "1" + ")" * 150)
    assert str(path) in refusal(read_user_config, path)


def test_a_missing_user_config_is_rejected(tmp_path):
    assert "does not exist" in refusal(read_user_config, tmp_path / "user-config.py")


@on_posix
def test_a_user_config_writable_by_others_is_rejected_with_a_fix(tmp_path):
    path = write(tmp_path / "user config.py", USER_CONFIG, 0o646)
    message = refusal(read_user_config, path)
    assert f"chmod 600 '{path}'" in message
    subprocess.run(message.partition("with: ")[2], shell=True, check=True)
    assert read_user_config(path) == FROM_PYWIKIBOT


@on_posix
def test_a_user_config_of_another_user_is_rejected(tmp_path, another_users):
    path = another_users(write(tmp_path / "user-config.py", USER_CONFIG, 0o644))
    assert "belongs to another user" in refusal(read_user_config, path)
