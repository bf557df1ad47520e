"""The credentials of the tests in this folder, and the verification of what a server received."""

from .. import reference

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SECRETS = reference.Secrets("client secret", "token secret")


def is_signed(received):
    """Return whether a request carries OAuth parameters. Their signature must be valid."""
    if not reference.protocol_parameters(received):
        assert "authorization" not in received.headers
        return False
    assert reference.is_valid(received, SECRETS)
    return True


def nonce_of(received):
    return reference.protocol_parameters(received)["oauth_nonce"]
