"""What mypy reports to users: nothing for right calls, an error for each wrong one. pyright reports the same."""

import importlib.util
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from httplib2_oauthlib import OAuth1Http

ROOT = Path(__file__).parents[1]

# A value for each argument. The test checks that no argument is missing here.
ARGUMENTS = {
    "cache": '".cache"', "timeout": "3.5", "proxy_info": "None", "ca_certs": '"ca.pem"',
    "disable_ssl_certificate_validation": "False", "tls_maximum_version": '"TLSv1_3"',
    "tls_minimum_version": "ssl.TLSVersion.TLSv1_2", "decode_limit_hard": "1", "decode_limit_safe": "1",
    "decode_limit_ratio": "1.5", "decode_limit_chunk": "1", "oauth": "oauth", "repair_clock": "True",
    "require_signature": "True", "raise_refusals": "True", "user_agent": '"x"', "max_clock_offset": "1.5",
    "keep_unanswered": "60",
}  # fmt: skip

RIGHT = f"""
import ssl
from pathlib import Path

import httplib2

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http, OAuth1Mixin, install
from httplib2_oauthlib.cassettes import Finding, audit, recorder, use
from httplib2_oauthlib.pytest_plugin import CassetteOfTest

oauth = OAuth1("client")
http = OAuth1Http({", ".join(f"{name}={value}" for name, value in ARGUMENTS.items())})
OAuth1Http(None, 3, None, oauth=None)
OAuth1Http(httplib2.FileCache("c"), oauth={{"*.wikipedia.org": oauth}})
response, content = http.request("u", "POST", b"x", {{"A": "b"}})
status: int = response.status
name: bytes = content
http.request("u", body=Path("x").open("rb"), headers={{b"a": b"b"}}, redirections=3)
http.request("u", "PUT", [b"x"], connection_type=None)
http.oauth = http.user_agent = None
http.raise_refusals = True


class Framework(httplib2.Http):
    def request(  # type: ignore
        self, uri: str, method: str = "GET", max_redirects: int = 5
    ) -> tuple[httplib2.Response, bytes]:
        return httplib2.Response({{}}), b""


class Swapped(OAuth1Mixin, Framework):
    oauth = OAuth1("client")
    user_agent = "x"
    raise_refusals = True


class Mine(OAuth1Http):
    oauth = {{"*.wikipedia.org": OAuth1("client")}}
    user_agent = "x"


Swapped(timeout=3, oauth=None).request("u", max_redirects=3)


def call_framework(http: httplib2.Http) -> None: ...


pool = HttpPool(OAuth1Http(timeout=3), size=3)
call_framework(pool)
call_framework(http)
pool.request("u", headers={{"a": "b"}})[0].status
pool.oauth, pool.timeout = None, 3
with pool.http() as lent:
    lent.user_agent = "x"
    lent.request("u")
HttpPool(Framework()).request("u", max_redirects=3)
kept: HttpPool[OAuth1Http] = pool

with install(oauth) as signing_class:
    signing_class.raise_refusals = True
    signing_class(timeout=3).request("u")


def test_it(signed_cassette: CassetteOfTest) -> None:
    signed_cassette.oauth.sign(signed_cassette.api_uri)
    assert signed_cassette.play_count == 1


made = recorder("cassettes", secrets=["abcd", None], record_mode="once")


@made.use_cassette("x")
def one(number: int) -> str:
    return str(number)


@made.use_cassette
def other() -> int:
    return 1


with use(httplib2.Http(), "x") as cassette:
    count: int = cassette.play_count
findings: list[Finding] = list(audit("cassettes"))
reveal_type(one)
reveal_type(other)
"""
# Each line that ends with a comment is an error, with this code.
WRONG = """
from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http

http = OAuth1Http()
OAuth1Http(timeuot=3)  # call-arg
OAuth1Http(OAuth1("a"))  # arg-type
OAuth1Http(oauth=3)  # arg-type
OAuth1Http(user_agent=b"x")  # arg-type
http.user_agent = 3  # assignment
http.request("u", metod="GET")  # call-arg
http.request()  # call-arg
http.request("u", "POST", {"a": "1"})  # dict-item
http.request("u", headers=[("a", "b")])  # arg-type
HttpPool("x")  # type-var
pool = HttpPool(http)
pool.request("u", metod="GET")  # call-arg
pool.request()  # call-arg
with pool.http() as lent:
    lent.request()  # call-arg
"""


def test_mypy_accepts_right_calls_and_rejects_wrong_ones(tmp_path):
    if importlib.util.find_spec("mypy") is None and not os.environ.get("CI"):
        pytest.skip("needs mypy, from the extra lint")
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    # With this project's settings, mypy finds what it wrote to its cache when it checked the package.
    done = subprocess.run(
        [sys.executable, "-m", "mypy", str(tmp_path / "right.py"), str(tmp_path / "wrong.py")],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    found = re.findall(r"^.*\b(\w+\.py):(\d+): error: .*\[([\w-]+)\]$", done.stdout, re.MULTILINE)
    expected = [
        ("wrong.py", str(number), line.partition("  # ")[2])
        for number, line in enumerate(WRONG.splitlines(), 1)
        if "  # " in line
    ]
    assert [each for each in found if each[0] in ("right.py", "wrong.py")] == expected, done.stdout
    assert 'Revealed type is "def (number: int) -> str"' in done.stdout.replace("builtins.", "")
    assert 'Revealed type is "def () -> int"' in done.stdout.replace("builtins.", "")


@pytest.mark.skipif(shutil.which("pyright") is None, reason="needs pyright")
def test_pyright_accepts_right_calls_and_rejects_wrong_ones(tmp_path):
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    (tmp_path / "pyrightconfig.json").write_text(f'{{"extraPaths": ["{ROOT}"], "typeCheckingMode": "standard"}}')
    done = subprocess.run(
        ["pyright", "--pythonpath", sys.executable, "-p", "."],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=50,
    )  # fmt: skip
    found = re.findall(r"(\w+\.py):(\d+):\d+ - error", done.stdout)
    expected = [("wrong.py", str(number)) for number, line in enumerate(WRONG.splitlines(), 1) if "  # " in line]
    assert found == expected, done.stdout


def test_the_types_know_every_argument_that_httplib2_takes():
    assert set(ARGUMENTS) >= set(inspect.signature(OAuth1Http).parameters)
    assert {"uri", "method", "body", "headers", "redirections", "connection_type"} == (
        set(inspect.signature(OAuth1Http.request).parameters) - {"self"}
    )
