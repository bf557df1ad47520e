"""Signing while a cassette of vcrpy is in use."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http

from .signed_requests import is_signed


def test_a_connection_is_known_for_https_while_a_cassette_is_open(http, serve, tls, ca_certs, tmp_path):
    """A class with a default port of its own, called inside: only what it derives from tells."""
    vcr = pytest.importorskip("vcr")

    class Odd(httplib2.HTTPSConnectionWithTimeout):
        default_port = 8443

    server = serve(tls=tls)
    connection = Odd("localhost", server.port, ca_certs=ca_certs)
    with vcr.use_cassette(str(tmp_path / "cassette.yaml")):
        http._conn_request(connection, "/p", "GET", None, {})
    assert is_signed(server.received[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_requests_are_signed_while_a_cassette_records_them(serve, oauth, tls, ca_certs, tmp_path, scheme):
    """Under vcrpy the name HTTPSConnection means another class, so that a look at it then would sign for http."""
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
