"""Signing during the use of a vcrpy cassette."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http

from .signed_requests import is_signed


def test_https_connection_is_signed_as_https_while_a_cassette_is_open(http, serve, tls, ca_certs, tmp_path):
    """The class has another default port and is used directly, so only its base class shows the scheme."""
    vcr = pytest.importorskip("vcr")

    class OtherDefaultPort(httplib2.HTTPSConnectionWithTimeout):
        default_port = 8443

    server = serve(tls=tls)
    connection = OtherDefaultPort("localhost", server.port, ca_certs=ca_certs)
    with vcr.use_cassette(str(tmp_path / "cassette.yaml")):
        http._conn_request(connection, "/p", "GET", None, {})
    assert is_signed(server.received[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_requests_are_signed_while_a_cassette_records_them(serve, oauth, tls, ca_certs, tmp_path, scheme):
    """vcrpy replaces the class HTTPSConnection. A comparison with the replaced class would sign for http."""
    vcr = pytest.importorskip("vcr")
    server = serve(tls=tls if scheme == "https" else None)
    path = str(tmp_path / "cassette.yaml")
    http = OAuth1Http(ca_certs=ca_certs, oauth=oauth)
    with vcr.use_cassette(path, record_mode="once"):
        http.request(server.uri("/p?a=1"))
    assert is_signed(server.received[0])
    with vcr.use_cassette(path, record_mode="none"):
        assert OAuth1Http(ca_certs=ca_certs, oauth=oauth).request(server.uri("/p?a=1"))[1] == b"ok"
    assert len(server.received) == 1
