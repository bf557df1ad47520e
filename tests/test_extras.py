"""Packages of this project that need an extra name it when it is missing."""

import importlib
import sys

import pytest


@pytest.mark.parametrize(
    ("package", "missing"), [("testwiki", "flask"), ("testwiki", "jwt"), ("cassettes", "vcr"), ("cassettes", "yaml")]
)
def test_import_without_an_extra_names_the_extra(monkeypatch, package, missing):
    name = f"httplib2_oauthlib.{package}"
    for loaded in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        monkeypatch.delitem(sys.modules, loaded)
    # monkeypatch restores the attribute that a successful import would set.
    monkeypatch.setattr(sys.modules["httplib2_oauthlib"], package, None, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module(name)
    expected = f"{name} needs an extra ({missing} is missing): pip install 'httplib2-oauthlib[{package}]'"
    assert (str(caught.value), caught.value.name) == (expected, missing)
