"""What is measured, and what each ratio should be."""

import functools
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlencode

import httplib2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from httplib2_oauthlib import OAuth1, OAuth1Http

from .clients import FORM_HEADERS, FOUR, OURS, client, getters, posters
from .measuring import Work, peak_memory, side_by_side
from .server import running

_QUERY = "action=query&meta=userinfo&format=json&uiprop=rights%7Cgroups"
_URI = f"https://en.wikipedia.org/w/api.php?{_QUERY}"
_WIKITEXT = "Съешь ещё этих [[мягких|французских]] булок, да выпей ''чаю'' ({{чай|зелёный}}) – № 1.\n"
_MB = 10**6
_THREADS = 8
_OK = 200


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        what: What was measured.
        ours: What it is for this package, with its unit.
        theirs: What it is for what that is compared with.
        ratio: The number that counts.
        goal: What it should be, such as ``<= 1.15``; nothing where it is shown to be compared only.
    """

    what: str
    ours: str
    theirs: str
    ratio: float
    goal: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether the ratio is what it should be."""
        relation, _, number = self.goal.partition(" ")
        return not relation or (self.ratio <= float(number) if relation == "<=" else self.ratio >= float(number))


class Case(NamedTuple):
    """Something that is measured: its name on the command line, and the work, which is told how much effort to take."""

    name: str
    measure: Callable[[float], Iterable[Row]]


def _get(effort: float) -> Iterator[Row]:
    with running() as server:
        clients = _proven(getters(f"{server}/plain/api.php?{_QUERY}", f"{server}/signed/api.php?{_QUERY}"))
        plain, ours = clients["httplib2"], clients["httplib2-oauthlib"]
        one, other = side_by_side(ours, plain, effort=3 * effort)
        yield Row("GET, to plain httplib2", _time(one), _time(other), one / other, "<= 1.15")
        for name, goal in (("requests-oauthlib", ">= 2.8"), ("authlib on httpx", "")):
            one, other = side_by_side(ours, clients[name], effort=effort)
            yield Row(f"GET, times as fast as {name}", _time(one), _time(other), other / one, goal)


def _sign(effort: float) -> Iterator[Row]:
    theirs = client()
    one, other = side_by_side(lambda: OURS.sign(_URI), lambda: theirs.sign(_URI), effort=effort)
    yield Row("sign, 4 parameters, times as fast as oauthlib", _time(one), _time(other), other / one, ">= 10")
    numbers = itertools.count()
    one, other = side_by_side(
        lambda: OURS.sign(_another(next(numbers))), lambda: theirs.sign(_another(next(numbers))), effort=effort
    )
    yield Row("sign, always another URI, times as fast as oauthlib", _time(one), _time(other), other / one)
    longer = OAuth1(*FOUR, signature_method="HMAC-SHA512")
    one, other = side_by_side(lambda: longer.sign(_URI), lambda: OURS.sign(_URI), effort=effort)
    yield Row("sign, SHA512 to SHA1", _time(one), _time(other), one / other, "<= 1.1")


def _form(effort: float) -> Iterator[Row]:
    small, large = (_encoded(_MB), _encoded(10 * _MB))
    theirs = client()
    of_oauthlib = functools.partial(theirs.sign, _URI, "POST", small, FORM_HEADERS)
    one, other = side_by_side(functools.partial(_sign_form, small), of_oauthlib, effort=effort)
    yield Row("sign, form of 1 MB, times as fast as oauthlib", _time(one), _time(other), other / one, ">= 8")
    peak, their_peak = peak_memory(functools.partial(_sign_form, small)), peak_memory(of_oauthlib)
    yield Row("the same, memory to the body's", _size(peak), _size(their_peak), peak / len(small), "<= 6")
    one, other = side_by_side(functools.partial(_sign_form, large), functools.partial(_sign_form, small), effort=effort)
    yield Row("sign, form of 10 MB to 1 MB", _time(one), _time(other), one / other, "<= 12")
    longer = OAuth1(*FOUR, signature_method="HMAC-SHA512")
    one, other = side_by_side(
        lambda: longer.sign(_URI, "POST", small, FORM_HEADERS), functools.partial(_sign_form, small), effort=effort
    )
    yield Row("sign, form of 1 MB, SHA512 to SHA1", _time(one), _time(other), one / other, "<= 1.1")


def _edit(effort: float) -> Iterator[Row]:
    with running() as server:
        clients = _proven(posters(f"{server}/plain/api.php", f"{server}/signed/api.php", _edit_of(_MB)))
        ours = clients["httplib2-oauthlib"]
        for name, goal in (("requests-oauthlib", ">= 8"), ("authlib on httpx", "")):
            one, other = side_by_side(ours, clients[name], effort=effort)
            yield Row(f"edit of 1 MB, times as fast as {name}", _time(one), _time(other), other / one, goal)
        one, other = side_by_side(ours, clients["httplib2"], effort=effort)
        yield Row("edit of 1 MB, to plain httplib2", _time(one), _time(other), one / other)


def _rsa(effort: float) -> Iterator[Row]:
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for method in ("RSA-SHA1", "RSA-SHA256"):
        settings = {"signature_method": method, "rsa_key": key.decode("ascii")}
        ours, theirs = OAuth1(*FOUR, **settings), client(**settings)
        one, other = side_by_side(
            functools.partial(ours.sign, _URI), functools.partial(theirs.sign, _URI), effort=effort
        )
        yield Row(f"sign, {method}, times as fast as oauthlib", _time(one), _time(other), other / one, ">= 20")


def _stream(effort: float) -> Iterator[Row]:
    size = round(10**9 * min(effort, 1))
    with running() as server, tempfile.TemporaryFile() as file:
        file.truncate(size)  # Zeros; most file systems keep none of them.
        plain, ours = httplib2.Http(), OAuth1Http(oauth=OURS)
        for kind in ("application/octet-stream", "multipart/form-data; boundary=b"):
            posting = functools.partial(_post_file, f"{server}/w/api.php", file, kind, size)
            one, other = side_by_side(
                functools.partial(posting, ours), functools.partial(posting, plain), effort=min(effort, 0.4)
            )
            what = f"{size / 10**9:g} GB of {kind.partition(';')[0]}"
            yield Row(f"{what}, to plain httplib2", _time(one), _time(other), one / other, "<= 1.05")
            peak, their_peak = (peak_memory(functools.partial(posting, http)) for http in (ours, plain))
            yield Row("the same, memory in MB", _size(peak), _size(their_peak), peak / _MB, "<= 1")


def _import(effort: float) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as compiled:
        rounds = [
            [_seconds_to_import(modules, compiled) for modules in ("httplib2_oauthlib", "httplib2, oauthlib.oauth1")]
            for _ in range(max(3, round(25 * effort)))
        ]
    # The first compiles.
    one, other = (statistics.median(each) for each in zip(*rounds[1:], strict=True))
    yield Row("import, to httplib2 and oauthlib", _time(one), _time(other), one / other, "<= 1.2")


def _create(effort: float) -> Iterator[Row]:
    one, other = side_by_side(lambda: OAuth1Http(oauth=OURS), httplib2.Http, effort=effort)
    yield Row("creating an OAuth1Http, to an Http", _time(one), _time(other), one / other, "<= 1.3")


def _threads(effort: float) -> Iterator[Row]:
    count = max(20, round(200 * effort))
    with running() as server:
        uri = f"{server}/w/api.php?{_QUERY}"
        plain = functools.partial(_in_threads, lambda: httplib2.Http().request, uri, count)
        ours = functools.partial(_in_threads, lambda: OAuth1Http(oauth=OURS).request, uri, count)
        one, other = side_by_side(functools.partial(ours, _THREADS), functools.partial(plain, _THREADS), effort=effort)
        alone, others_alone = side_by_side(functools.partial(ours, 1), functools.partial(plain, 1), effort=effort)
        slower, others_slower = one / alone, other / others_alone
        yield Row(
            f"{_THREADS} threads to 1, for each request, to plain httplib2's",
            f"{slower / _THREADS:.2f}",
            f"{others_slower / _THREADS:.2f}",
            slower / others_slower,
            "<= 1.1",
        )


CASES = (
    Case("get", _get),
    Case("sign", _sign),
    Case("form", _form),
    Case("edit", _edit),
    Case("rsa", _rsa),
    Case("stream", _stream),
    Case("import", _import),
    Case("create", _create),
    Case("threads", _threads),
)


def _proven(clients: dict[str, Work]) -> dict[str, Work]:
    """Return clients that were seen to be answered, so that those that should sign do."""
    for name, work in clients.items():
        answer: Any = work()
        status = answer[0].status if isinstance(answer, tuple) else answer.status_code
        if status != _OK:
            raise RuntimeError(f"{name} was answered {status}")
    return clients


def _another(number: int) -> str:
    """Return a URI with another path, and another parameter before those of the protocol."""
    return f"https://en.wikipedia.org/w/{number}?continue={number}&{_QUERY}"


def _edit_of(size: int) -> dict[str, str]:
    """Return an edit that takes about so many bytes when it is encoded."""
    text = _WIKITEXT * (size // len(urlencode({"": _WIKITEXT})))
    return {"action": "edit", "format": "json", "title": "Чай", "text": text, "token": "d41d8cd98f00b204e980+\\"}


def _encoded(size: int) -> str:
    return urlencode(_edit_of(size))


def _sign_form(form: str) -> None:
    OURS.sign(_URI, "POST", form, FORM_HEADERS)


def _post_file(uri: str, file: IO[bytes], kind: str, size: int, http: httplib2.Http) -> None:
    file.seek(0)
    http.request(uri, "POST", file, {"Content-Type": kind, "Content-Length": str(size)})


def _seconds_to_import(modules: str, compiled: str) -> float:
    code = f"import time; start = time.perf_counter(); import {modules}; print(time.perf_counter() - start)"
    # Compiled, as installed packages are, whatever is set here.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=root, env=environment)  # noqa: S603
    return float(done.stdout)


def _in_threads(new_request: Callable[[], Callable[[str], object]], uri: str, count: int, threads: int) -> None:
    """Make so many requests in each of some threads."""

    def work() -> None:
        request = new_request()
        for _ in range(count):
            request(uri)

    each = [threading.Thread(target=work) for _ in range(threads)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()


def _time(seconds: float) -> str:
    for unit, factor in (("s", 1), ("ms", 10**3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 10**6:.3g} us"


def _size(count: float) -> str:
    return f"{count / _MB:.3g} MB"
