"""The hierarchy of the errors."""

import inspect
import pickle

import httplib2
import pytest

import httplib2_oauthlib
from httplib2_oauthlib import errors

ERRORS = [value for value in vars(errors).values() if inspect.isclass(value) and not value.__name__.startswith("_")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_is_an_httplib2_error_and_public(error):
    assert issubclass(error, errors.OAuthError)
    assert issubclass(error, httplib2.HttpLib2Error)
    assert getattr(httplib2_oauthlib, error.__name__) is error
    assert error.__name__ in errors.__doc__


def test_errors_derive_from_the_documented_bases():
    assert issubclass(errors.SigningError, ValueError)
    assert issubclass(errors.InsecureTransportError, errors.SigningError)
    assert issubclass(errors.ResponseLostError, errors.RefusedError)


def test_a_handshake_error_has_the_code_of_its_message():
    assert errors.HandshakeError("token", "used, E009. Begin again.").code == "E009"
    assert errors.HandshakeError("token", "no code: E1234").code is None


@pytest.mark.parametrize("error", [errors.RefusedError, errors.HandshakeError, errors.IdentityError])
def test_an_error_with_a_response_can_be_pickled_and_does_not_show_it(error):
    raised = error("other", "No.", httplib2.Response({"status": "200", "set-cookie": "canary"}), b"canary")
    restored = pickle.loads(pickle.dumps(raised))
    assert (type(restored), restored.reason, restored.message, restored.content) == (error, "other", "No.", b"canary")
    assert "canary" not in repr(restored) + str(restored)


def test_a_refused_error_has_the_response_and_shows_only_its_message():
    response = httplib2.Response({"status": "200", "set-cookie": "canary"})
    error = errors.ResponseLostError("nonce", "The answer was lost.", response, b"canary")
    assert (error.reason, error.message, error.content) == ("nonce", "The answer was lost.", b"canary")
    assert error.response is response
    assert str(error) == "The answer was lost."
    assert repr(error) == "ResponseLostError('nonce', 'The answer was lost.')"
    restored = pickle.loads(pickle.dumps(error))
    assert (type(restored), restored.reason, restored.content) == (type(error), "nonce", b"canary")
    assert restored.response["status"] == "200"
