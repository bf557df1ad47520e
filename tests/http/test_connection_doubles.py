"""Test doubles of connections in place of connections of http.client."""

import io

import pytest

from httplib2_oauthlib import SigningError

from .. import reference
from .signed_requests import SECRETS


class Double:
    """A test double of a connection, without default_port; like httplib2's own it takes the authority as host."""

    sock = None
    sent = None

    def __init__(self, host, timeout=None, proxy_info=None):
        self.host = host

    def connect(self):
        pass

    def close(self):
        pass

    def set_debuglevel(self, level):
        pass

    def request(self, method, target, body, headers):
        type(self).sent = (method, target, body, headers)

    def getresponse(self):
        class Response(io.BytesIO):
            def items(self):
                return [("status", "200")]

        return Response(b"the body")


@pytest.mark.parametrize(
    "attributes", [{}, {"port": None}, {"port": 81, "host": "double"}, {"host": None}, {"default_port": 8}]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_doubles_of_connections_are_signed_as_what_they_double(http, scheme, attributes):
    class This(Double):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            vars(self).update(attributes)

    assert http.request(f"{scheme}://double:81/p?a=1", connection_type=This)[1] == b"the body"
    method, target, _, headers = This.sent
    arrived = {"host": "double:81", **{name.lower(): value for name, value in headers.items()}}
    assert reference.is_valid(reference.Received(scheme, method, target, arrived, b""), SECRETS)


class OwnRead(Double):
    """A double whose one answer has a ``read`` of its own on the instance, and serves again."""

    class Response(dict):
        status = 200

        def __init__(self):
            self.read = lambda: b"the body"

    response = Response()

    def getresponse(self):
        return self.response


class ReadOnly(Double):
    class Response(dict):
        __slots__ = ()
        status = 200

        def read(self):
            return b"the body"

    def getresponse(self):
        return self.Response()


@pytest.mark.parametrize("double", [OwnRead, ReadOnly])
def test_doubles_of_answers_are_read_as_they_are(http, double):
    for method in ("GET", "POST", "GET"):
        assert http.request("http://double/", method, connection_type=double)[1] == b"the body"


def test_a_double_is_signed_for_where_a_redirect_leads(http):
    class Redirects(Double):
        def getresponse(self):
            response = super().getresponse()
            if type(self).sent[1] == "/1":
                response.items = lambda: [("status", "302"), ("location", "https://double:81/2")]
            return response

    http.connections["https:double:81"] = Redirects("double:81")
    http.request("http://double:81/1", connection_type=Redirects)
    method, target, _, headers = Redirects.sent
    arrived = {"host": "double:81", **{name.lower(): value for name, value in headers.items()}}
    assert (target, reference.is_valid(reference.Received("https", method, target, arrived, b""), SECRETS)) == (
        "/2",
        True,
    )


def test_a_double_that_leads_nowhere_is_a_signing_error(http):
    class Nowhere(Double):
        host = None

        def __init__(self):
            pass

    with pytest.raises(SigningError, match="host"):
        http._conn_request(Nowhere(), "/", "GET", None, {})
