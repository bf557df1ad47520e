"""The peers in other languages. Each one is a program that runs until the tests end.

A program reads one JSON object a line and answers one. ``{"op": "version"}`` asks for the version of the
implementation, ``verify`` and ``sign`` hold a request. Text is latin-1 where it stands for bytes.
"""

import functools
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from .asked import rsa_keys, sent, unsigned
from .peers import Peer, Unavailable

HERE = Path(__file__).parent / "scripts"
# Where tests/interop/install puts npm's packages.
NODE_MODULES = str(Path(__file__).parents[2] / ".venv" / "interop" / "node_modules")


def request_of(shape, **more):
    """Return what every program is given of a request."""
    credentials = shape.credentials
    return {
        "client": credentials.client,
        "client_secret": credentials.client_secret,
        "token": credentials.token,
        "token_secret": credentials.token_secret,
        "signature_method": shape.signature_method,
        "verifier": shape.verifier,
        "callback": shape.callback,
        **more,
    }


class Program(Peer):
    """A peer that is a program.

    Attributes:
        command: The program and its arguments. A file in ``scripts/`` is named without its folder.
        environment: Variables to set for it.
    """

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = MappingProxyType({})
    implementation = ""

    def __init__(self):
        executable = shutil.which(self.command[0])
        if executable is None:
            raise Unavailable(f"{self.command[0]} is not installed")
        arguments = [executable, *self.command[1:-1], str(HERE / self.command[-1])]
        if self.implementation:
            arguments.append(self.implementation)
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **self.environment},
        )
        try:
            self.version = self._ask({"op": "version"})["version"]
        except (OSError, ValueError):
            self.close()
            raise Unavailable(f"{self.name} is not installed for {self.language}") from None

    version = ""

    def verify(self, request, shape):
        return self._ask(_verify(request, shape)).get("valid") is True

    def sign(self, shape):
        answer = self._ask(_sign(shape))
        if "authorization" not in answer:
            return None
        headers = dict(shape.headers) | {"Authorization": answer["authorization"]}
        return sent(shape.method, answer.get("uri", shape.uri), headers, shape.body)

    def close(self):
        self._process.stdin.close()
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()

    def _ask(self, question):
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def _verify(request, shape):
    return request_of(
        shape,
        op="verify",
        method=request.method,
        uri=request.uri,
        target=request.target,
        host=request.authority,
        headers=request.headers,
        authorization=request.headers.get("authorization", ""),
        form=request.form,
        key=rsa_keys()[1],
    )


def _sign(shape):
    body = shape.body.decode("latin-1") if isinstance(shape.body, bytes) else shape.body or ""
    asked = unsigned(shape)
    return request_of(
        shape,
        op="sign",
        method=shape.method,
        uri=asked.uri,
        content_type=dict(shape.headers).get("Content-Type", ""),
        form=asked.form,
        body=body,
        key=rsa_keys()[0],
    )


class LibOAuth(Program):
    """liboauth, through ctypes. It runs in another process, because C code may crash."""

    name = "liboauth"
    tested_version = "1.0.3"
    language = "C"
    signature_methods = frozenset({"HMAC-SHA1", "PLAINTEXT"})
    command = (sys.executable, "liboauth_peer.py")


class NetOAuth(Program):
    name = "Net::OAuth"
    tested_version = "0.28"
    language = "Perl"
    signature_methods = frozenset({"HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"})
    command = ("perl", "net_oauth.pl")


class RubyOAuth(Program):
    name = "ruby-oauth"
    tested_version = "0.5.4"
    language = "Ruby"
    signature_methods = frozenset({"HMAC-SHA1", "RSA-SHA1", "PLAINTEXT"})
    command = ("ruby", "ruby_peers.rb")
    implementation = "oauth"


class SimpleOAuth(Program):
    name = "simple_oauth"
    tested_version = "0.3.1"
    language = "Ruby"
    signature_methods = frozenset({"HMAC-SHA1", "PLAINTEXT"})
    placements = frozenset({"AUTH_HEADER"})
    command = ("ruby", "ruby_peers.rb")
    implementation = "simple_oauth"


class NodeProgram(Program):
    language = "JavaScript"
    command = ("node", "node_peers.js")
    environment = MappingProxyType({"NODE_PATH": NODE_MODULES})


class OAuthSign(NodeProgram):
    name = "oauth-sign"
    tested_version = "0.9.0"
    implementation = "oauth-sign"
    signature_methods = frozenset({"HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"})


class OAuth10a(NodeProgram):
    name = "oauth-1.0a"
    tested_version = "2.2.6"
    implementation = "oauth-1.0a"
    signature_methods = frozenset({"HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"})


class PassportHttpOAuth(NodeProgram):
    name = "passport-http-oauth"
    tested_version = "0.1.3"
    implementation = "passport-http-oauth"
    signature_methods = frozenset({"HMAC-SHA1", "HMAC-SHA256", "PLAINTEXT"})
    requires = "token"
    signs = False


class Pecl(Peer):
    """The PECL OAuthProvider under PHP's own server, since it reads what PHP has parsed; and PECL's OAuth, to sign."""

    name = "PECL OAuthProvider"
    tested_version = "2.0.7"
    language = "PHP"
    signature_methods = frozenset({"HMAC-SHA1", "PLAINTEXT"})

    def __init__(self):
        php = shutil.which("php")
        modules = subprocess.run([php, "-m"], capture_output=True, text=True, check=False).stdout if php else ""
        if "OAuth" not in modules.split():
            raise Unavailable("PHP's extension oauth is not installed")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [php, "-d", "variables_order=GPCS", "-S", f"127.0.0.1:{port}", str(HERE / "pecl.php")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._connect = functools.partial(http.client.HTTPConnection, "127.0.0.1", port, timeout=10)
        for _ in range(100):
            try:
                self.version = self._ask("GET", "/", {}, b"", {"op": "version"})["version"]
                return
            except OSError:
                time.sleep(0.05)
        self.close()
        raise Unavailable("PHP's server does not answer")

    version = ""

    def verify(self, request, shape):
        parts = urlsplit(request.uri)
        question = request_of(shape, op="verify", uri=f"{parts.scheme}://{request.authority}{request.target}")
        answer = self._ask(request.method, request.target, request.headers, request.body, question)
        return answer.get("valid") is True

    def sign(self, shape):
        authorization = self._ask("POST", "/", {}, b"", _sign(shape) | {"key": ""}).get("authorization")
        if authorization is None:
            return None
        headers = dict(shape.headers) | {"Authorization": authorization}
        return sent(shape.method, shape.uri, headers, shape.body)

    def close(self):
        self._process.kill()
        self._process.wait()

    def _ask(self, method, target, headers, body, question):
        connection = self._connect()
        try:
            connection.putrequest(method, target, skip_accept_encoding=True, skip_host=True)
            for name, value in {"host": "localhost", **headers, "x-interop": json.dumps(question)}.items():
                if name != "content-length":
                    connection.putheader(name, value)
            connection.putheader("content-length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            # A response to HEAD has no body, so the verdict is in a header.
            return json.loads(answer.headers["x-verdict"])
        finally:
            connection.close()
