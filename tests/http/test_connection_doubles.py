"""Test doubles in place of the connections of http.client."""

import io

import pytest

from httplib2_oauthlib import SigningError

from .. import reference
from .signed_requests import SECRETS


class Double:
    """A test double of a connection. It lacks default_port, and ``host`` holds host and port as in httplib2."""

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
def test_request_over_a_double_is_signed_for_the_host_of_the_uri(http, scheme, attributes):
    class DoubleWithAttributes(Double):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            vars(self).update(attributes)

    assert http.request(f"{scheme}://double:81/p?a=1", connection_type=DoubleWithAttributes)[1] == b"the body"
    method, target, _, headers = DoubleWithAttributes.sent
    arrived = {"host": "double:81", **{name.lower(): value for name, value in headers.items()}}
    assert reference.is_valid(reference.Received(scheme, method, target, arrived, b""), SECRETS)


class ReadOnTheInstance(Double):
    """A double that returns the same response again and again. Its ``read`` is an attribute of the instance."""

    class Response(dict):
        status = 200

        def __init__(self):
            self.read = lambda: b"the body"

    response = Response()

    def getresponse(self):
        return self.response


class ReadWithSlots(Double):
    class Response(dict):
        __slots__ = ()
        status = 200

        def read(self):
            return b"the body"

    def getresponse(self):
        return self.Response()


@pytest.mark.parametrize("double", [ReadOnTheInstance, ReadWithSlots])
def test_response_of_a_double_is_read_through_its_own_read(http, double):
    for method in ("GET", "POST", "GET"):
        assert http.request("http://double/", method, connection_type=double)[1] == b"the body"


def test_redirect_over_a_double_is_signed_for_the_new_uri(http):
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


def test_double_without_a_host_raises_signing_error(http):
    class NoHost(Double):
        host = None

        def __init__(self):
            pass

    with pytest.raises(SigningError, match="host"):
        http._conn_request(NoHost(), "/", "GET", None, {})
