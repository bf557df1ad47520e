"""Two users' credentials, and credential files written by hand."""

import os
import traceback

import pytest

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.errors import CredentialsError

ALICE = OAuth1("alice", "canary-1", "canary-2", "canary-3")
BOB = OAuth1("bob", "canary-4", "canary-5", "canary-6")
HOST = "en.wikipedia.org"
on_posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no file modes")


def refusal(work, *arguments):
    """Return the message of the CredentialsError, and check that neither it nor its traceback shows a secret."""
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


def write(path, text, mode=0o600):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return path


def section(host, name="alice"):
    return f"[{host}]\nclient_key = {name}\nclient_secret = canary\n"
