"""What is copied with a credential by mistake: a line end is refused, and a blank is warned of."""

import copy
import itertools
import pickle
import warnings

import pytest

from httplib2_oauthlib import OAuth1, SigningError

NAMES = ("client_key", "client_secret", "resource_owner_key", "resource_owner_secret")


def values_with(name, value):
    return [value if each == name else "x" for each in NAMES]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_end_in_a_credential_is_refused_and_not_shown(name, end):
    for value in (f"canary{end}", f"{end}canary", f"can{end}ary", f"canary {end}", f"canary{end}".encode()):
        with pytest.raises(SigningError, match=f"{name} holds .* line end") as caught:
            OAuth1(*values_with(name, value))
        assert "canary" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u3000", "  "])
def test_blank_at_an_end_of_a_credential_is_warned_of_and_not_shown(name, blank):
    for value in (f"canary{blank}", f"{blank}canary"):
        with pytest.warns(UserWarning, match=f"{name} begins or ends with a blank") as caught:
            oauth = OAuth1(*values_with(name, value))
        assert "canary" not in str(caught[0].message)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert getattr(oauth, name) == value


def test_tab_at_the_end_of_a_secret_is_warned_of():
    with pytest.warns(UserWarning, match="client_secret"):
        OAuth1("ck", "cs\t")


def test_credentials_without_these_are_taken_silently():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value, name in itertools.product(["a b", "a:b", "a=b&c+/%", "\u00e9"], NAMES):
            OAuth1(*values_with(name, value))
        OAuth1("ck")
        OAuth1("ck", "", None, "")


def test_copies_do_not_warn_again():
    with pytest.warns(UserWarning, match="client_secret"):
        oauth = OAuth1("ck", "cs ")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert copy.deepcopy(oauth) == pickle.loads(pickle.dumps(oauth)) == oauth
