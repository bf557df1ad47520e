"""The public names work the same, wherever a program uses them first."""

import subprocess
import sys

import pytest

from .. import reference
from ..servers import answer

SECRETS = reference.Secrets("client-secret", "token-secret")
NAMES = ("HttpPool", "install", "uninstall")
# Where a program may use a name first. Each ends when the name was used.
PLACES = {
    "anywhere": "import contextlib; block = contextlib.nullcontext()",
    "a mock of httplib2's class": "from unittest import mock; block = mock.patch('httplib2.Http')",
    "a mock of http.client's classes": (
        "from unittest import mock; block = contextlib.ExitStack();"
        "[block.enter_context(mock.patch(f'http.client.{name}')) for name in ('HTTPConnection', 'HTTPResponse')]"
    ),
    "a cassette": "import vcr; block = vcr.use_cassette(sys.argv[2] + '/none.yaml')",
}
PROGRAM = """
import contextlib, sys
import httplib2, httplib2_oauthlib
from httplib2_oauthlib import OAuth1, OAuth1Http
{place}
with block:
    {name} = httplib2_oauthlib.{name}
oauth = OAuth1("client", "client-secret", "token", "token-secret")
{use}
print(http.request(sys.argv[1])[1].decode())
"""
USES = {
    "HttpPool": "http = HttpPool(OAuth1Http(oauth=oauth, timeout=30))",
    "install": "install(oauth); http = httplib2.Http(timeout=30)",
    "uninstall": "httplib2_oauthlib.install(oauth); http = httplib2.Http(timeout=30); uninstall()\n"
    "assert httplib2.Http is not type(http); http.oauth = oauth",
}


def run(program, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_a_request_is_signed_wherever_the_name_was_first_used(name, place, serve, tmp_path):
    server = serve(lambda received: answer(str(reference.is_valid(received, SECRETS))))
    program = PROGRAM.format(name=name, place=PLACES[place], use=USES[name])
    assert run(program, server.uri("/w/api.php?action=query"), str(tmp_path)) == "True\n"
