import os

import pytest
import trustme
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import settings

from httplib2_oauthlib import OAuth1
from httplib2_oauthlib.testwiki import TestWiki

from .judge import Judge
from .servers import Server, answer

pytest_plugins = ["httplib2_oauthlib.pytest_plugin"]

# The tests connect to loopback only, so that they ignore the machine's proxies.
for name in ("http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(name, None)
    os.environ.pop(name.upper(), None)

# Tests don't measure time, so that they need no deadlines. The nightly profile runs more examples.
settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("nightly", deadline=None, max_examples=10_000)
settings.load_profile("default")


@pytest.fixture
def wiki():
    with TestWiki() as wiki:
        yield wiki


@pytest.fixture
def alice(wiki):
    return OAuth1(*wiki.owner_only("Alice"))


@pytest.fixture
def judge():
    """A verifier of the requests that a test sends to a recorded wiki."""
    return Judge(OAuth1("client-key", "client-secret", "token", "token-secret"))


@pytest.fixture
def signed_cassette_options(judge):
    return {"cassette_library_dir": "cassettes", "before_record_request": judge}


@pytest.fixture
def serve():
    """Start servers that are closed after the test: ``serve(handler, tls=None)``."""
    servers = []

    def start(handler=lambda _: answer(), **kwargs):
        servers.append(Server(handler, **kwargs))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_certs(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture(scope="session")
def tls(authority):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def rsa_keys():
    """A private and a public key in PEM format."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()
