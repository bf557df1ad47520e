"""PySimpleSOAP over install(): it creates its own Http, and inspects which arguments httplib2 accepts."""

import http.client
import inspect
import sys
from contextlib import contextmanager
from importlib.util import find_spec

import httplib2
import pytest

from httplib2_oauthlib import install
from tests.servers import answer

# PySimpleSOAP is imported by the test only. It is older than Python 3.11.
needs_pysimplesoap = pytest.mark.skipif(find_spec("pysimplesoap") is None, reason="PySimpleSOAP is not installed")
RESPONSE = (
    '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><AddResponse xmlns="http://x/">'
    "<AddResult>3</AddResult></AddResponse></soap:Body></soap:Envelope>"
)


@contextmanager
def imported_anew(monkeypatch):
    """Import PySimpleSOAP, which chooses its transport when it is imported."""
    for name in [name for name in sys.modules if name.startswith("pysimplesoap")]:
        monkeypatch.delitem(sys.modules, name)
    # PySimpleSOAP is older than Python 3.11, which removed this function.
    monkeypatch.setattr(inspect, "getargspec", inspect.getfullargspec, raising=False)
    # It takes httplib2 0.32 for older than 0.7.7, and replaces this method. No other test may see that.
    monkeypatch.setattr(http.client.HTTPSConnection, "__init__", http.client.HTTPSConnection.__init__)
    import pysimplesoap.client
    import pysimplesoap.transport

    yield pysimplesoap


def test_installed_class_has_the_signature_of_httplib2(oauth):
    signature, arguments = inspect.signature(httplib2.Http), inspect.getfullargspec(httplib2.Http.__init__)
    with install({"127.0.0.1": oauth}):
        assert inspect.signature(httplib2.Http) == signature
        assert inspect.getfullargspec(httplib2.Http.__init__) == arguments


@needs_pysimplesoap
def test_call_of_a_soap_method_is_signed(guarded, oauth, monkeypatch):
    server = guarded(lambda _: answer(RESPONSE, Content_Type="text/xml"))
    with install({"127.0.0.1": oauth}), imported_anew(monkeypatch) as pysimplesoap:
        transport = pysimplesoap.transport.get_http_wrapper(features=["timeout", "proxy"])
        assert issubclass(transport, httplib2.Http)
        client = pysimplesoap.client.SoapClient(
            location=server.uri("/soap", "127.0.0.1"), action="http://x/", namespace="http://x/", timeout=5
        )
        assert str(client.call("Add", a=1, b=2).AddResult) == "3"
    assert (len(server.received), server.guard.refused) == (1, [])
    assert server.received[0].method == "POST"
