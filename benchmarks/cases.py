"""The cases that are measured, and the goal of each ratio."""

import functools
import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urlencode

import httplib2
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from httplib2_oauthlib import HttpPool, OAuth1, OAuth1Http
from httplib2_oauthlib.cassettes import recorder

from .cassettes import plain_recorder, play, write_cassette
from .clients import CREDENTIALS, FORM_HEADERS, OURS, client, getters, posters
from .least import LeastHttp
from .measuring import Work, peak_memory, side_by_side
from .server import running

_QUERY = "action=query&meta=userinfo&format=json&uiprop=rights%7Cgroups"
_URI = f"https://en.wikipedia.org/w/api.php?{_QUERY}"
_WIKITEXT = "Съешь ещё этих [[мягких|французских]] булок, да выпей ''чаю'' ({{чай|зелёный}}) – № 1.\n"
_MB = 10**6
_THREADS = 32
#: The row of :class:`.LeastHttp`, below the one that it explains.
_LEAST = "the least that it can take, compared with httplib2"
_HOSTS = 10_000
_OK = 200
# The numbers of edits for which the replay of a cassette has a goal. Plain vcrpy is fast for few edits.
_COUNTS_WITH_GOAL = (800, 1600)


class Row(NamedTuple):
    """One line of the table.

    Attributes:
        what: The name of the measurement.
        ours: The value for this package, with its unit.
        theirs: The value that it is compared with, with its unit.
        ratio: The ratio of the two.
        goal: The ratio's goal, such as ``<= 1.15``. It is empty if the ratio is for information only.
    """

    what: str
    ours: str
    theirs: str
    ratio: float
    goal: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether the ratio reaches its goal."""
        relation, _, number = self.goal.partition(" ")
        return not relation or (self.ratio <= float(number) if relation == "<=" else self.ratio >= float(number))


class Case(NamedTuple):
    """A case.

    Attributes:
        name: The name on the command line.
        measure: Measures the case. The argument is the factor by which the measurement is longer than usual.
    """

    name: str
    measure: Callable[[float], Iterable[Row]]


def _get(effort: float) -> Iterator[Row]:
    """Time a GET."""
    with running() as server:
        clients = _checked(getters(f"{server}/plain/api.php?{_QUERY}", f"{server}/signed/api.php?{_QUERY}"))
        plain, ours = clients["httplib2"], clients["httplib2-oauthlib"]
        least = functools.partial(LeastHttp(OURS).request, f"{server}/signed/api.php?{_QUERY}")
        unsigned = functools.partial(OAuth1Http().request, f"{server}/plain/api.php?{_QUERY}")
        least_unsigned = functools.partial(LeastHttp().request, f"{server}/plain/api.php?{_QUERY}")
        for what, work, goal in (
            ("GET, compared with httplib2", ours, "<= 1.25"),
            (_LEAST, least, ""),
            ("GET without a signature, compared with httplib2", unsigned, "<= 1.05"),
            (_LEAST, least_unsigned, ""),
        ):
            yield _relative(what, side_by_side(work, plain, effort=3 * effort), goal)
        for name, goal in (("requests-oauthlib", ">= 3.5"), ("authlib on httpx", ">= 3")):
            times = side_by_side(ours, clients[name], effort=effort)
            yield _speed_up(f"GET, speed-up over {name}", times, goal)


def _sign(effort: float) -> Iterator[Row]:
    """Time the signing of a request without a body."""
    peer = client()
    times = side_by_side(lambda: OURS.sign(_URI), lambda: peer.sign(_URI), effort=effort)
    yield _speed_up("sign 4 parameters, speed-up over oauthlib", times, ">= 15")
    numbers = itertools.count()
    times = side_by_side(
        lambda: OURS.sign(_numbered_uri(next(numbers))),
        lambda: peer.sign(_numbered_uri(next(numbers))),
        effort=effort,
    )
    yield _speed_up("sign a new URI each time, speed-up over oauthlib", times, ">= 6")
    sha512 = OAuth1(*CREDENTIALS, signature_method="HMAC-SHA512")
    times = side_by_side(lambda: sha512.sign(_URI), lambda: OURS.sign(_URI), effort=effort)
    yield _relative("sign, SHA-512 compared with SHA-1", times, "<= 1.1")


def _form(effort: float) -> Iterator[Row]:
    """Time the signing of a large form, and measure its memory."""
    small, large = _encoded(_MB), _encoded(10 * _MB)
    peer = client()
    peer_form = functools.partial(peer.sign, _URI, "POST", small, FORM_HEADERS)
    times = side_by_side(functools.partial(_sign_form, small), peer_form, effort=effort)
    yield _speed_up("sign a form of 1 MB, speed-up over oauthlib", times, ">= 11")
    peak, peer_peak = peak_memory(functools.partial(_sign_form, small)), peak_memory(peer_form)
    yield Row(
        "its peak memory, compared with the form's size", _size(peak), _size(peer_peak), peak / len(small), "<= 5"
    )
    times = side_by_side(functools.partial(_sign_form, large), functools.partial(_sign_form, small), effort=effort)
    yield _relative("sign a form, 10 MB compared with 1 MB", times, "<= 12")
    sha512 = OAuth1(*CREDENTIALS, signature_method="HMAC-SHA512")
    times = side_by_side(
        lambda: sha512.sign(_URI, "POST", small, FORM_HEADERS), functools.partial(_sign_form, small), effort=effort
    )
    yield _relative("sign a form of 1 MB, SHA-512 compared with SHA-1", times, "<= 1.1")


def _edit(effort: float) -> Iterator[Row]:
    """Time an edit of a large page."""
    with running() as server:
        clients = _checked(posters(f"{server}/plain/api.php", f"{server}/signed/api.php", _edit_parameters(_MB)))
        ours = clients["httplib2-oauthlib"]
        for name, goal in (("requests-oauthlib", ">= 8"), ("authlib on httpx", "")):
            times = side_by_side(ours, clients[name], effort=effort)
            yield _speed_up(f"edit of 1 MB, speed-up over {name}", times, goal)
        times = side_by_side(ours, clients["httplib2"], effort=effort)
        yield _relative("edit of 1 MB, compared with httplib2", times, "<= 1.8")


def _rsa(effort: float) -> Iterator[Row]:
    """Time the signing with RSA."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for method in ("RSA-SHA1", "RSA-SHA256"):
        settings: dict[str, Any] = {"signature_method": method, "rsa_key": key.decode("ascii")}
        ours, peer = OAuth1(*CREDENTIALS, **settings), client(**settings)
        times = side_by_side(functools.partial(ours.sign, _URI), functools.partial(peer.sign, _URI), effort=effort)
        yield _speed_up(f"sign with {method}, speed-up over oauthlib", times, ">= 20")


def _stream(effort: float) -> Iterator[Row]:
    """Time a POST of a large file, and measure its memory."""
    size = round(10**9 * min(effort, 1))
    with running() as server, tempfile.TemporaryFile() as file:
        file.truncate(size)  # A file of zeros takes no space on most file systems.
        plain, ours = httplib2.Http(), OAuth1Http(oauth=OURS)
        for kind in ("application/octet-stream", "multipart/form-data; boundary=b"):
            posting = functools.partial(_post_file, f"{server}/w/api.php", file, kind, size)
            times = side_by_side(
                functools.partial(posting, ours),
                functools.partial(posting, plain),
                effort=min(effort, 0.4),
                clock=time.perf_counter,
            )
            what = f"{size / 10**9:g} GB of {kind.partition(';')[0].rpartition('/')[2]}"
            yield _relative(f"{what}, compared with httplib2", times, "<= 1.05")
            peak, peer_peak = (peak_memory(functools.partial(posting, http)) for http in (ours, plain))
            yield Row("its peak memory in MB", _size(peak), _size(peer_peak), peak / _MB, "<= 1")


def _import(effort: float) -> Iterator[Row]:
    """Time the import."""
    with tempfile.TemporaryDirectory() as compiled:
        rounds = [
            [_seconds_to_import(modules, compiled) for modules in ("httplib2_oauthlib", "httplib2, oauthlib.oauth1")]
            for _ in range(max(3, round(40 * effort)))
        ]
    # The first round compiles the modules and is left out. The mean differs less from run to run than the median does.
    times = [statistics.fmean(each) for each in zip(*rounds[1:], strict=True)]
    yield _relative("import, compared with httplib2 and oauthlib", times, "<= 1.1")


def _create(effort: float) -> Iterator[Row]:
    """Time the creation of an ``OAuth1Http``."""
    times = side_by_side(lambda: OAuth1Http(oauth=OURS), httplib2.Http, effort=effort)
    yield _relative("create an OAuth1Http, compared with an Http", times, "<= 1.3")


def _threads(effort: float) -> Iterator[Row]:
    """Time requests in several threads at once, relative to requests in one thread."""
    count = max(10, round(50 * effort))
    with running() as server:
        uri = f"{server}/w/api.php?{_QUERY}"
        plain = functools.partial(_in_threads, httplib2.Http, uri, count)
        wait = functools.partial(side_by_side, effort=effort, clock=time.perf_counter)
        what = f"per request: {_THREADS} threads to 1, compared with httplib2"
        for name, new_http, goal in (
            (what, functools.partial(OAuth1Http, oauth=OURS), "<= 1.1"),
            (_LEAST, functools.partial(LeastHttp, OURS), ""),
        ):
            ours = functools.partial(_in_threads, new_http, uri, count)
            own, peer = wait(functools.partial(ours, _THREADS), functools.partial(plain, _THREADS))
            own_alone, peer_alone = wait(functools.partial(ours, 1), functools.partial(plain, 1))
            own_slower, peer_slower = own / own_alone, peer / peer_alone
            yield Row(
                name,
                f"{own_slower / _THREADS:.2f}",
                f"{peer_slower / _THREADS:.2f}",
                own_slower / peer_slower,
                goal,
            )


def _mapping(effort: float) -> Iterator[Row]:
    """Time a GET that is signed by a mapping of many hosts, and one that no host of the mapping signs."""
    others = {f"wiki{number}.example": OURS for number in range(_HOSTS - 1)}
    with running() as server:
        few, many = OAuth1Http(oauth={"127.0.0.1": OURS}), OAuth1Http(oauth={**others, "127.0.0.1": OURS})
        uri = f"{server}/signed/api.php?{_QUERY}"
        works = _checked({str(http): functools.partial(http.request, uri) for http in (many, few)})
        yield _relative(
            f"GET, mapping of {_HOSTS:,} hosts to 1", side_by_side(*works.values(), effort=effort), "<= 1.1"
        )
        few, many = OAuth1Http(oauth={"wiki.example": OURS}), OAuth1Http(oauth=others)
        uri = f"{server}/plain/api.php?{_QUERY}"
        times = side_by_side(*(functools.partial(http.request, uri) for http in (many, few)), effort=effort)
        yield _relative("GET of another host, the same mappings", times)


def _unanswered(effort: float) -> Iterator[Row]:
    """Time a POST with and without the store of lost responses, while the store is empty."""
    with running() as server:
        https = (OAuth1Http(oauth=OURS), OAuth1Http(oauth=OURS, keep_unanswered=0))
        uri = f"{server}/signed/api.php"
        posts = [functools.partial(http.request, uri, "POST", _QUERY, FORM_HEADERS) for http in https]
        times = side_by_side(*_checked({str(post): post for post in posts}).values(), effort=3 * effort)
        yield _relative("POST that would be remembered, to one that wouldn't", times, "<= 1.01")


def _pool(effort: float) -> Iterator[Row]:
    """Time a GET through an ``HttpPool``."""
    with running() as server:
        https = (HttpPool(OAuth1Http(oauth=OURS)), OAuth1Http(oauth=OURS))
        uri = f"{server}/signed/api.php?{_QUERY}"
        works = _checked({str(http): functools.partial(http.request, uri) for http in https})
        times = side_by_side(*works.values(), effort=3 * effort)
        yield _relative("GET through an HttpPool, to an OAuth1Http", times, "<= 1.15")


def _cassette(effort: float) -> Iterator[Row]:
    """Time the replay of cassettes with many edits."""
    longest = max(16, round(1600 * min(effort, 1)))
    counts = (longest // 16, longest // 4, longest // 2, longest)
    with tempfile.TemporaryDirectory() as folder:
        for count in counts:
            write_cassette(Path(folder, f"{count}.yaml"), count)
        ours = {count: functools.partial(play, recorder(folder), f"{count}.yaml", count) for count in counts}
        plain = {count: functools.partial(play, plain_recorder(folder), f"{count}.yaml", count) for count in counts}
        for count in counts:
            times = _cpu_seconds(ours[count]), _cpu_seconds(plain[count])
            goal = ">= 5" if count in _COUNTS_WITH_GOAL else ""
            yield _speed_up(f"replay {count} edits, speed-up over plain vcrpy", times, goal)
        *_, half, whole = counts
        rounds = [(_cpu_seconds(ours[whole]), _cpu_seconds(ours[half])) for _ in range(5)]
        times = statistics.median_low((each[0] / each[1], each) for each in rounds)[1]
        yield _relative(f"replay {whole} edits, compared with {half}", times, "<= 2.2")


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
    Case("mapping", _mapping),
    Case("pool", _pool),
    Case("unanswered", _unanswered),
    Case("cassette", _cassette),
)


def _relative(what: str, times: Sequence[float], goal: str = "") -> Row:
    """Return a row with the ratio of the first time to the second."""
    own, peer = times
    return Row(what, _time(own), _time(peer), own / peer, goal)


def _speed_up(what: str, times: Sequence[float], goal: str = "") -> Row:
    """Return a row with the factor by which the first time is shorter than the second."""
    own, peer = times
    return Row(what, _time(own), _time(peer), peer / own, goal)


def _checked(clients: dict[str, Work]) -> dict[str, Work]:
    """Return the clients after a first request, which fails for a client that does not sign where it must."""
    for name, work in clients.items():
        response: Any = work()
        status = response[0].status if isinstance(response, tuple) else response.status_code
        if status != _OK:
            raise RuntimeError(f"{name} got status {status}. Check how benchmarks/clients.py signs its requests.")
    return clients


def _numbered_uri(number: int) -> str:
    """Return a URI that differs from all earlier ones in its path and in its first parameter."""
    return f"https://en.wikipedia.org/w/{number}?continue={number}&{_QUERY}"


def _edit_parameters(size: int) -> dict[str, str]:
    """Return the parameters of an edit that has about ``size`` bytes when it is encoded."""
    text = _WIKITEXT * (size // len(urlencode({"": _WIKITEXT})))
    return {"action": "edit", "format": "json", "title": "Чай", "text": text, "token": "d41d8cd98f00b204e980+\\"}


def _encoded(size: int) -> str:
    """Return a form that has about ``size`` bytes."""
    return urlencode(_edit_parameters(size))


def _sign_form(form: str) -> None:
    """Sign a POST of a form."""
    OURS.sign(_URI, "POST", form, FORM_HEADERS)


def _post_file(uri: str, file: IO[bytes], kind: str, size: int, http: httplib2.Http) -> None:
    """Send a file with POST."""
    file.seek(0)
    http.request(uri, "POST", file, {"Content-Type": kind, "Content-Length": str(size)})


def _seconds_to_import(modules: str, compiled: str) -> float:
    """Return the processor's seconds for an import in a new interpreter; ``compiled`` is the folder for bytecode."""
    code = f"import time; start = time.process_time(); import {modules}; print(time.process_time() - start)"
    # Installed packages are compiled, so allow this even if the environment forbids it.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled}
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=root, env=environment)  # noqa: S603
    return float(done.stdout)


def _cpu_seconds(work: Work) -> float:
    """Return the processor's seconds that a function takes once. Other programs hardly affect them."""
    start = time.process_time()
    work()
    return time.process_time() - start


def _in_threads(new_http: Callable[[], httplib2.Http], uri: str, count: int, threads: int) -> None:
    """Make ``count`` requests in each of ``threads`` threads."""

    def work() -> None:
        request = new_http().request
        for _ in range(count):
            request(uri)

    each = [threading.Thread(target=work) for _ in range(threads)]
    for thread in each:
        thread.start()
    for thread in each:
        thread.join()


def _time(seconds: float) -> str:
    """Return a time with a suitable unit."""
    for unit, factor in (("s", 1), ("ms", 10**3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 10**6:.3g} us"


def _size(count: float) -> str:
    """Return a number of bytes in MB."""
    return f"{count / _MB:.3g} MB"
