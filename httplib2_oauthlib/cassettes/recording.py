"""Records and plays wiki traffic with vcr: the one place that imports it."""

import functools
import os
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload
from unittest import mock

import httplib2
import vcr
import yaml
from vcr.cassette import Cassette, CassetteContextDecorator
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.filters import decode_response
from vcr.persisters.filesystem import FilesystemPersister
from vcr.request import Request
from vcr.serializers import jsonserializer, yamlserializer

from . import matching, replay
from .connections import Pools
from .errors import CassetteError, PooledConnectionError
from .scrubbing import REFUSE, Scrubber

_Function = TypeVar("_Function", bound=Callable[..., Any])
_SUFFIXES = (".yaml", ".yml", ".json")
_MATCH_ON = ("method", "scheme", "host", "port", "path", "query", "body")


def recorder(
    cassette_library_dir: str | os.PathLike[str] | None = None,
    *,
    secrets: Iterable[str | None] = (),
    binary: str = REFUSE,
    **options: Any,
) -> "Recorder":
    """Return a ``vcr.VCR`` that is ready for signed traffic.

    It matches requests by what they mean (method, scheme, host, port, path, query and body, without what proves who
    asks), writes no secret to a cassette, and plays nothing live: a request that is not on the cassette is a
    :class:`NotRecordedError`, which shows the nearest one that is.

    Args:
        cassette_library_dir: The folder of the cassettes.
        secrets: What is secret besides all that looks so: it is replaced wherever it stands. None and empty values are
            passed over.
        binary: ``refuse`` a body that is no text, or ``keep`` it.
        **options: Every option of ``vcr.VCR``. ``record_mode`` is ``none`` unless given.

    Returns:
        The recorder: ``with recorder.use(http, "name"):``, or ``use_cassette`` as vcr has it.

    Raises:
        ValueError: A secret is shorter than four characters.
    """
    return Recorder(cassette_library_dir=cassette_library_dir, secrets=secrets, binary=binary, **options)


def use(
    http: httplib2.Http,
    name: str | os.PathLike[str],
    cassette_library_dir: str | os.PathLike[str] = "cassettes",
    **options: Any,
) -> "AbstractContextManager[SignedCassette]":
    """Use a cassette for a while, and none of the connections that an Http holds from before.

    Args:
        http: Whatever it has pooled is put away, and is there again afterwards. Other instances' pools are exchanged
            too, when they make a request.
        name: Of the cassette in its folder, with or without ``.yaml``; or a path.
        cassette_library_dir: The folder.
        **options: As for :func:`recorder`.

    Returns:
        A context manager that gives vcr's cassette: ``play_count``, ``all_played``, ``requests``, ``responses``.

    Raises:
        TypeError: ``http`` has no pool of connections.
        CassetteError: The cassette can't be read.
    """
    return recorder(cassette_library_dir, **options).use(http, name)


def scrub_file(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    *,
    secrets: Iterable[str | None] = (),
    binary: str = REFUSE,
) -> int:
    """Write a scrubbed copy of a cassette that anybody's vcr has recorded.

    Args:
        source: The cassette, in YAML or JSON; not changed.
        destination: Where to write to, in YAML; may be the same file.
        secrets: As for :func:`recorder`.
        binary: Likewise.

    Returns:
        How many interactions it holds.

    Raises:
        CassetteError: ``source`` is no cassette.
        UnscrubbableError: A body is no text; nothing is written.
        OSError: A file can't be read or written.
    """
    scrubber = Scrubber(secrets, binary=binary)
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    try:
        # JSON may hold what YAML does not (half a character beyond the basic plane, escaped).
        serializer = jsonserializer if path.read_bytes().lstrip()[:1] == b"{" else yamlserializer
        requests, responses, *_ = FilesystemPersister.load_cassette(path, serializer)
    except Exception as error:  # Whatever the parsers raise, whose text quotes the file.
        raise CassetteError(f"{path} is no cassette of vcr's ({type(error).__name__})") from None
    cassette = {"requests": requests, "responses": [decode_response(response) for response in responses]}
    FilesystemPersister.save_cassette(Path(destination), cassette, _ScrubbingSerializer(yamlserializer, scrubber))
    return len(requests)


class NotRecordedError(CassetteError, CannotOverwriteExistingCassetteException):  # type: ignore[misc]
    """A request is not on the cassette, and none is made live.

    Attributes:
        cassette: vcr's cassette.
        failed_request: The request, of vcr's.
        similar_requests: As for vcr's exception.
    """

    def __init__(self, *, cassette: "SignedCassette", failed_request: Any) -> None:
        CannotOverwriteExistingCassetteException.__init__(self, cassette=cassette, failed_request=failed_request)
        self.args = (_not_recorded_message(cassette, failed_request),)


class SignedCassette(Cassette):  # type: ignore[misc]
    """A cassette of vcr's, for signed traffic."""

    # Set by whoever opens it.
    scrubber: Scrubber
    pools: Pools
    patches: ExitStack
    is_closed = False
    #: What went wrong when it was written.
    problem: Exception | None = None
    dirty: bool
    _is_loaded = False
    _are_statements_watched = False

    @classmethod
    def load(cls, **kwargs: Any) -> "SignedCassette":
        """Load a cassette; what is appended from then on was recorded now.

        Raises:
            CassetteError: It can't be read.
        """
        try:
            cassette: SignedCassette = super().load(**kwargs)
        except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
            # Only where and not what: the file may hold anything.
            mark = getattr(error, "problem_mark", None)
            line = "" if mark is None else f", line {mark.line + 1}"
            raise CassetteError(
                f"{kwargs.get('path')}{line} is no cassette of vcr's ({type(error).__name__})"
            ) from None
        cassette._is_loaded = True
        return cassette

    def append(self, request: Any, response: Any) -> None:
        """Append an interaction.

        Raises:
            UnscrubbableError: It can't be scrubbed, and is not kept.
        """
        count, was_dirty = len(self), self.dirty
        super().append(request, response)
        if self._is_loaded and len(self) > count:
            try:
                self.scrubber.require_scrubbable(*self.data[-1])
            except CassetteError:
                self.data.pop()
                self.dirty = was_dirty
                raise

    def can_play_response_for(self, request: Any) -> bool:
        """Whether a request is on the cassette; asked before each.

        Raises:
            NotRecordedError: It is not, and this cassette does not record.
            PooledConnectionError: The cassette is closed, and somebody holds a connection of its time.
            UnscrubbableError: It would be recorded, and its body can't be scrubbed.
        """
        if self.is_closed:
            raise PooledConnectionError(
                f"a connection of the cassette {self._path} would have been used, which is closed: give the framework a"
                " new pool of connections"
            )
        # vcr compares with all that was recorded before it looks whether anything may be played.
        may_play = self.rewound or self.allow_playback_repeats
        if may_play and super().can_play_response_for(request):
            return True
        to_record = self.filter_request(request)
        if to_record and self.write_protected:
            raise NotRecordedError(cassette=self, failed_request=request)
        if to_record:
            self.scrubber.require_scrubbable(to_record)
        return False

    def play_response(self, request: Any) -> Any:
        """Return what was answered to a request, as the answer to this one."""
        response = super().play_response(request)
        recorded = next(each for each, answer in self.data if answer is response)
        if replay.is_statement(response):
            self.watch_statements()
        return replay.answer(recorded, response, request)

    def watch_statements(self) -> None:
        """See what PyJWT makes of signed statements while the cassette is open, and let it believe those it plays.

        Nobody's replay has the secret with which a wiki signs an identity. What is played is signed with a key of this
        process's own, and accepted for that; whatever anybody else has signed or altered is judged as ever. What is
        judged to be forged while it is recorded will be a forgery when it is played.
        """
        if self._are_statements_watched or find_spec("jwt") is None:
            return
        self._are_statements_watched = True
        algorithm = import_module("jwt.algorithms").HMACAlgorithm
        judge, disbelieved = algorithm.verify, self.scrubber.rejected_jwts

        def verify(hmac: Any, msg: bytes, key: Any, sig: bytes) -> bool:
            if replay.is_signed_here(msg, sig):
                return True
            is_good = bool(judge(hmac, msg, key, sig))
            (disbelieved.discard if is_good else disbelieved.add)(replay.joined(msg, sig).decode())
            return is_good

        self.patches.enter_context(mock.patch.object(algorithm, "verify", verify))
        if hasattr(algorithm, "check_key_length"):  # A made-up secret may be short; PyJWT would warn of it.
            self.patches.enter_context(mock.patch.object(algorithm, "check_key_length", return_value=None))

    def _save(self, force: bool = False) -> None:
        # vcr leaves everything patched if this raises: told once the cassette is closed.
        try:
            super()._save(force)
        except Exception as error:
            self.problem = error


class Recorder(vcr.VCR):  # type: ignore[misc]
    """A ``vcr.VCR`` for signed traffic; see :func:`recorder`."""

    def __init__(self, *, secrets: Iterable[str | None] = (), binary: str = REFUSE, **options: Any) -> None:
        if options.get("cassette_library_dir") is not None:  # Only a later vcr takes a Path.
            options["cassette_library_dir"] = os.fspath(options["cassette_library_dir"])
        super().__init__(
            **{
                "record_mode": "none",
                "match_on": _MATCH_ON,
                "decode_compressed_response": True,
                "path_transformer": _with_suffix,
                **options,
            }
        )
        self.scrubber = Scrubber(secrets, binary=binary)
        for matcher in (matching.path, matching.query, matching.body):
            self.register_matcher(matcher.__name__, matcher)
        for name, serializer in list(self.serializers.items()):
            self.register_serializer(name, serializer)

    def register_serializer(self, name: str, serializer: Any) -> None:
        """Register a serializer; it gets no secret to write.

        Args:
            name: What ``serializer`` calls it.
            serializer: An object with ``serialize`` and ``deserialize``, as vcr wants it.
        """
        super().register_serializer(name, _ScrubbingSerializer(serializer, self.scrubber))

    @overload
    def use_cassette(self, path: _Function) -> _Function: ...

    @overload
    def use_cassette(self, path: str | os.PathLike[str] | None = None, **options: Any) -> "CassetteContext": ...

    def use_cassette(self, path: Any = None, **options: Any) -> Any:
        """Open a cassette, as vcr has it: for a while, or whenever a function runs.

        Args:
            path: Of the cassette in its folder, with or without ``.yaml``; for a decorator it may be left out, or be
                the function itself: then the cassette is called as the function is.
            **options: What is to be otherwise than the recorder has it.

        Returns:
            A context manager that gives the cassette, and a decorator of functions, methods and coroutine functions.

        Raises:
            CassetteError: When it is opened: the cassette can't be read.
        """
        if callable(path):
            return self.use_cassette(**options)(path)
        is_current = options.pop("with_current_defaults", False)
        if path is not None:
            path = os.fspath(path)
            if path.endswith(".json"):
                options.setdefault("serializer", "json")
            elif options.get("serializer", self.serializer) == "json" and not path.endswith(_SUFFIXES):
                path += ".json"
            options["path"] = path
        merged = functools.partial(self.get_merged_config, **options)
        if is_current:
            merged = functools.partial(dict, merged())
        # vcr makes the cassette by itself, from its class.
        kind = type(SignedCassette.__name__, (SignedCassette,), {"scrubber": self.scrubber})
        return CassetteContext(kind, merged)

    def use(
        self, http: httplib2.Http, name: str | os.PathLike[str], **options: Any
    ) -> "AbstractContextManager[SignedCassette]":
        """Use a cassette for a while, and none of the connections that an Http holds from before.

        Args:
            http: As for the function :func:`use`.
            name: As for :meth:`use_cassette`.
            **options: Likewise.

        Returns:
            As the function :func:`use` does.

        Raises:
            TypeError: ``http`` has no pool of connections.
            CassetteError: When it is opened: the cassette can't be read.
        """
        if not hasattr(http, "connections"):
            raise TypeError(f"http must be an httplib2.Http, not {type(http).__name__}")
        return _Use(http, self.use_cassette(name, **options))


class CassetteContext(CassetteContextDecorator):  # type: ignore[misc]
    """The time for which a cassette is open: a context manager and a decorator."""

    if TYPE_CHECKING:

        def __call__(self, function: _Function) -> _Function:
            """Return a function that runs while the cassette is open."""
            ...

    def __enter__(self) -> SignedCassette:
        cassette: SignedCassette = super().__enter__()
        self._cassette = cassette
        cassette.patches = ExitStack()
        cassette.pools = Pools(
            cassette, lambda method, uri: not cassette.filter_request(Request(method, uri, None, {}))
        )
        cassette.pools.open()
        if not cassette.write_protected:
            cassette.watch_statements()
        return cassette

    def __exit__(self, *exc_info: Any) -> None:
        cassette = self._cassette
        cassette.patches.close()
        cassette.pools.close()
        super().__exit__(*exc_info)
        cassette.is_closed = True
        # What went wrong within is more than what went wrong with writing it down.
        if cassette.problem is not None and not any(exc_info):
            raise cassette.problem


class _Use(AbstractContextManager["SignedCassette"]):
    """A cassette that is open for an Http. No decorator: of a coroutine function it would be closed too early."""

    def __init__(self, http: httplib2.Http, opening: CassetteContext) -> None:
        self._http = http
        self._opening = opening

    def __enter__(self) -> "SignedCassette":
        cassette: SignedCassette = self._opening.__enter__()
        cassette.pools.exchange(self._http)
        return cassette

    def __exit__(self, *exc_info: Any) -> None:
        self._opening.__exit__(*exc_info)


class _ScrubbingSerializer:
    """A serializer of vcr's that is given no secret to write."""

    def __init__(self, serializer: Any, scrubber: Scrubber) -> None:
        self._serializer = serializer
        self._scrubber = scrubber

    def deserialize(self, text: str) -> Any:
        return self._serializer.deserialize(text)

    def serialize(self, cassette: dict[str, Any]) -> Any:
        return self._serializer.serialize(self._scrubber.scrub(cassette))


def _with_suffix(path: str | os.PathLike[str]) -> str:
    name = os.fspath(path)
    return name if name.endswith(_SUFFIXES) else f"{name}.yaml"


def _not_recorded_message(cassette: SignedCassette, request: Any) -> str:
    """Return what there is to say of a request that is not on a cassette."""
    uri = cassette.scrubber.scrub_uri(request.uri)
    lines = [f"{request.method} {uri} is not on the cassette {cassette._path}, and none is asked live."]
    ranked = sorted(
        (len(found), bool(cassette.play_counts[number]), number, found)
        for number, recorded in enumerate(cassette.requests)
        for found in [matching.Comparison(request, recorded, cassette.scrubber.scrub_text).differences()]
    )
    if not ranked:
        lines.append("There is no such cassette yet, or nothing on it.")
    elif not ranked[0][0]:
        lines.append("It was recorded, and has been played as often as it was recorded.")
    else:
        _, was_played, number, found = ranked[0]
        recorded = cassette.requests[number]
        lines.append(
            f"The nearest recorded request is number {number + 1} of {len(ranked)}{', played already' * was_played}:"
            f" {recorded.method} {recorded.uri}"
        )
        lines += [f"  - {difference}" for difference in found]
    lines.append('Record it anew if the program is right: pytest --record, or record_mode="all".')
    return "\n".join(lines)
