"""Records and replays traffic with vcr. No other module of this package imports vcr."""

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload
from unittest import mock

import httplib2
import vcr
import yaml
from vcr import matchers
from vcr.cassette import Cassette, CassetteContextDecorator
from vcr.errors import CannotOverwriteExistingCassetteException
from vcr.filters import decode_response
from vcr.patch import force_reset
from vcr.persisters.filesystem import FilesystemPersister
from vcr.record_mode import RecordMode
from vcr.request import Request
from vcr.serializers import jsonserializer, yamlserializer
from vcr.stubs.httplib2_stubs import VCRHTTPConnectionWithTimeout, VCRHTTPSConnectionWithTimeout

from . import matching, replay
from .connections import ConnectionGuard
from .errors import CassetteError, PooledConnectionError
from .index import RequestIndex
from .scrubbing import REFUSE, Scrubber

_Function = TypeVar("_Function", bound=Callable[..., Any])
_SUFFIXES = (".yaml", ".yml", ".json")
_MATCH_ON = ("method", "scheme", "host", "port", "path", "query", "body")
_NONE_PLAYABLE = (None, 0)
# What the matchers compare, in the words of RequestIndex. It does not have the other matchers of vcr.
_COMPARED_PARTS = {
    matchers.method: "method",
    matchers.scheme: "scheme",
    matchers.host: "host",
    matchers.port: "port",
    matchers.uri: "uri",
    matching.path: "path",
    matching.query: "query",
    matching.body: "body",
}


def recorder(
    cassette_library_dir: str | os.PathLike[str] | None = None,
    *,
    secrets: Iterable[str | None] = (),
    binary: str = REFUSE,
    **options: Any,
) -> "Recorder":
    """Return a ``vcr.VCR`` that is configured for signed traffic.

    It matches requests by what they mean: method, scheme, host, port, path, query and body, without the parameters that
    prove who sends the request. It writes no secret to a cassette. It sends no live request: a request that is not in
    the cassette raises :class:`NotRecordedError`, which shows the nearest recorded request.

    Args:
        cassette_library_dir: The folder of the cassettes.
        secrets: Secrets that would not be detected otherwise. They are replaced everywhere. None and empty values
            are ignored.
        binary: ``refuse`` raises an error for a body that isn't text. ``keep`` writes it unchanged.
        **options: Any option of ``vcr.VCR``. The default of ``record_mode`` is ``none``.

    Returns:
        The recorder. Use it as ``with recorder.use(http, "name"):``, or call ``use_cassette`` as with vcr.

    Raises:
        TypeError: ``secrets`` is one str.
        ValueError: A secret has fewer than four characters, or ``binary`` has another value.
    """
    return Recorder(cassette_library_dir=cassette_library_dir, secrets=secrets, binary=binary, **options)


def use(
    http: httplib2.Http,
    name: str | os.PathLike[str],
    cassette_library_dir: str | os.PathLike[str] = "cassettes",
    **options: Any,
) -> "AbstractContextManager[SignedCassette]":
    """Open a cassette for a block of code, with none of the connections that an Http has open.

    Args:
        http: Its pooled connections are set aside and restored afterwards. Those of any other instance are set aside
            when it sends a request.
        name: The name of the cassette in its folder, with or without ``.yaml``, or a path.
        cassette_library_dir: The folder.
        **options: As for :func:`recorder`.

    Returns:
        A context manager that returns vcr's cassette: ``play_count``, ``all_played``, ``requests``, ``responses``.

    Raises:
        TypeError: ``http`` has no connection pool.
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
    """Write a scrubbed copy of a cassette that was recorded by any program with vcr.

    Args:
        source: The cassette, in YAML or JSON.
        destination: The path of the copy, in YAML. It may be the same file.
        secrets: As for :func:`recorder`.
        binary: As for :func:`recorder`.

    Returns:
        The number of interactions in the cassette.

    Raises:
        CassetteError: ``source`` isn't a cassette.
        UnscrubbableError: A body isn't text. Nothing is written.
        OSError: A file can't be read or written.
    """
    scrubber = Scrubber(secrets, binary=binary)
    path = Path(source)
    if not path.is_file():
        raise FileNotFoundError(2, "No such file", str(path))
    try:
        # JSON may contain half of an escaped surrogate pair. YAML can't represent it.
        serializer = jsonserializer if path.read_bytes().lstrip()[:1] == b"{" else yamlserializer
        requests, responses, *_ = FilesystemPersister.load_cassette(path, serializer)
    except Exception as error:  # Any exception of the parsers. Their messages quote the file.
        raise CassetteError(f"{path} is not a vcr cassette ({type(error).__name__})") from None
    cassette = {"requests": requests, "responses": [decode_response(response) for response in responses]}
    FilesystemPersister.save_cassette(Path(destination), cassette, _ScrubbingSerializer(yamlserializer, scrubber))
    return len(requests)


class NotRecordedError(CassetteError, CannotOverwriteExistingCassetteException):  # type: ignore[misc]
    """A request is not in the cassette, and the cassette does not record.

    Attributes:
        cassette: vcr's cassette.
        failed_request: The request, from vcr.
        similar_requests: As in vcr's exception.
    """

    def __init__(self, *, cassette: "SignedCassette", failed_request: Any) -> None:
        CannotOverwriteExistingCassetteException.__init__(self, cassette=cassette, failed_request=failed_request)
        self.args = (_not_recorded_message(cassette, failed_request),)


class SignedCassette(Cassette):  # type: ignore[misc]
    """vcr's cassette, for signed traffic."""

    # Set when the cassette is opened.
    scrubber: Scrubber
    connections: ConnectionGuard
    patches: ExitStack
    is_closed = False
    #: The exception that was raised while the cassette was written.
    save_error: Exception | None = None
    dirty: bool
    _is_loaded = False
    _is_pyjwt_patched = False

    def __init__(
        self, *args: Any, match_on: Sequence[Callable[..., Any]] = (matchers.uri, matchers.method), **options: Any
    ):
        super().__init__(*args, match_on=match_on, **options)
        self._matchers = match_on
        self._index = self._index_of([])
        # The recorded requests by the identity of their responses. vcr's play_response() returns only a response.
        self._requests_by_response: dict[int, Any] = {}
        # The last request that can be played, and the number of the recorded one.
        self._playable: tuple[Any, int] = _NONE_PLAYABLE

    @classmethod
    def load(cls, **kwargs: Any) -> "SignedCassette":
        """Load a cassette. Interactions that are appended afterwards are new.

        Raises:
            CassetteError: The cassette can't be read.
        """
        try:
            cassette: SignedCassette = super().load(**kwargs)
        except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:
            # The message names the line without its text, which may be secret.
            mark = getattr(error, "problem_mark", None)
            line = "" if mark is None else f", line {mark.line + 1}"
            raise CassetteError(f"{kwargs.get('path')}{line} is not a vcr cassette ({type(error).__name__})") from None
        cassette._is_loaded = True
        return cassette

    def append(self, request: Any, response: Any) -> None:
        """Append an interaction.

        Raises:
            UnscrubbableError: The interaction can't be scrubbed. It is not kept.
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
        """Return whether a request is in the cassette. vcr calls this before each request.

        Raises:
            NotRecordedError: The request is not in the cassette, and the cassette does not record.
            PooledConnectionError: The cassette is closed, and its connection is still in use.
            UnscrubbableError: The request would be recorded, and its body can't be scrubbed.
        """
        if self.is_closed:
            raise PooledConnectionError(
                f"the connection belongs to the cassette {self._path}, which is closed. Clear http.connections, and"
                " the framework's own connection pool if it has one"
            )
        filtered = self.filter_request(request)
        if not filtered:
            return False
        may_play = self.record_mode != RecordMode.ALL and (self.rewound or self.allow_playback_repeats)
        if may_play and (number := next(self._find_playable(filtered), None)) is not None:
            self._playable = (request, number)
            return True
        if self.write_protected:
            raise NotRecordedError(cassette=self, failed_request=request)
        self.scrubber.require_scrubbable(filtered)
        return False

    def play_response(self, request: Any) -> Any:
        """Return the recorded response to a request, adapted to this request."""
        response = super().play_response(request)
        recorded = self._requests_by_response[id(response)]
        if replay.needs_signature(response):
            self.patch_pyjwt()
        return replay.adapt_response(recorded, response, request)

    def responses_of(self, request: Any) -> list[Any]:
        """Return the responses of all recorded requests that equal a request, in the order of recording.

        Raises:
            UnhandledHTTPRequestError: There are none.
        """
        self._update_index()
        request = self.filter_request(request)
        numbers = self._index.find(request)
        found = [self.data[number][1] for number in numbers if self._equals(request, self.data[number][0])]
        return found or super().responses_of(request)

    def patch_pyjwt(self) -> None:
        """Patch PyJWT while the cassette is open, so that it accepts the JWTs that are replayed.

        A replay does not have the secret with which a wiki signs an identity. It signs with a key of this process, and
        PyJWT accepts that signature. PyJWT verifies all other JWTs as usual. A JWT that PyJWT rejects during recording
        is rejected during a replay, too.
        """
        if self._is_pyjwt_patched or find_spec("jwt") is None:
            return
        self._is_pyjwt_patched = True
        algorithm = import_module("jwt.algorithms").HMACAlgorithm
        original_verify, rejected = algorithm.verify, self.scrubber.rejected_jwts

        def verify(hmac: Any, msg: bytes, key: Any, sig: bytes) -> bool:
            if replay.is_signed_here(msg, sig):
                return True
            is_valid = bool(original_verify(hmac, msg, key, sig))
            (rejected.discard if is_valid else rejected.add)(replay.join_jwt(msg, sig).decode())
            return is_valid

        self.patches.enter_context(mock.patch.object(algorithm, "verify", verify))
        if hasattr(algorithm, "check_key_length"):  # PyJWT would warn about the short secrets of tests.
            self.patches.enter_context(mock.patch.object(algorithm, "check_key_length", return_value=None))

    # The following three methods replace vcr's own, which compare each request with all others. If a version of vcr
    # doesn't call them, it is slow, and its results are the same.

    def _responses(self, request: Any) -> Iterator[tuple[int, Any]]:
        # vcr asks can_play_response_for() immediately before it plays the response.
        (last_request, number), self._playable = self._playable, _NONE_PLAYABLE
        is_found = last_request is request and (self.allow_playback_repeats or not self.play_counts[number])
        for found in (number,) if is_found else self._find_playable(self.filter_request(request)):
            yield found, self.data[found][1]

    def _find_playable(self, request: Any) -> Iterator[int]:
        """Yield the number of each recorded request that equals a filtered request and may be played."""
        self._update_index()
        is_repeated = self.allow_playback_repeats
        numbers = self._index.find(request) if is_repeated else self._index.find_unplayed(request, self.play_counts)
        return (number for number in numbers if self._equals(request, self.data[number][0]))

    def _new_interactions(self) -> list[tuple[Any, Any]]:
        loaded = [request for request, _ in self._old_interactions]
        index = self._index_of(loaded)
        return [
            (request, response)
            for request, response in self.data
            if not any(self._equals(request, loaded[number]) for number in index.find(request))
        ]

    def _rerecorded_interactions(self) -> list[tuple[Any, Any]]:
        loaded, recorded = self.data[: self._loaded_count], self.data[self._loaded_count :]
        if self.drop_unused_requests:
            return list(recorded)
        index = self._index_of([request for request, _ in loaded])
        replaced: set[int] = set()
        for request, _ in recorded:
            candidates = (number for number in index.find(request) if number not in replaced)
            replaced.update([number for number in candidates if self._equals(request, loaded[number][0])])
        kept = (each for number, each in enumerate(loaded) if number not in replaced)
        return [*kept, *recorded]

    def _equals(self, request: Any, recorded: Any) -> bool:
        return bool(matchers.requests_match(request, recorded, self._matchers))

    def _index_of(self, requests: Iterable[Any]) -> RequestIndex:
        index = RequestIndex(part for matcher, part in _COMPARED_PARTS.items() if matcher in self._matchers)
        for request in requests:
            index.add(request)
        return index

    def _update_index(self) -> None:
        """Add the interactions that were appended since the last request."""
        if len(self._index) > len(self.data):
            self._index = self._index_of([])
        for request, response in self.data[len(self._index) :]:
            self._index.add(request)
            self._requests_by_response[id(response)] = request

    def _save(self, force: bool = False) -> None:
        # vcr would leave its patches active if this raised. CassetteContext raises the error after closing.
        try:
            super()._save(force)
        except Exception as error:
            self.save_error = error


class Recorder(vcr.VCR):  # type: ignore[misc]
    """A ``vcr.VCR`` for signed traffic. See :func:`recorder`."""

    def __init__(self, *, secrets: Iterable[str | None] = (), binary: str = REFUSE, **options: Any) -> None:
        if options.get("cassette_library_dir") is not None:  # Older versions of vcr don't accept a Path.
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
        """Register a serializer. It receives scrubbed cassettes only.

        Args:
            name: The value of the ``serializer`` option.
            serializer: An object with ``serialize`` and ``deserialize``, as vcr requires.
        """
        super().register_serializer(name, _ScrubbingSerializer(serializer, self.scrubber))

    @overload
    def use_cassette(self, path: _Function) -> _Function: ...

    @overload
    def use_cassette(self, path: str | os.PathLike[str] | None = None, **options: Any) -> "CassetteContext": ...

    def use_cassette(self, path: Any = None, **options: Any) -> Any:
        """Open a cassette as with vcr: for a block of code, or for each call of a function.

        Args:
            path: The name of the cassette in its folder, with or without ``.yaml``. A decorator may leave it out, or
                pass the function itself. The cassette then has the name of the function.
            **options: Options that replace those of the recorder.

        Returns:
            A context manager that returns the cassette. It is also a decorator for functions, methods and coroutine
            functions.

        Raises:
            CassetteError: The cassette can't be read. Raised when it is opened.
        """
        if callable(path):
            return self.use_cassette(**options)(path)
        with_current_defaults = options.pop("with_current_defaults", False)
        if path is not None:
            path = os.fspath(path)
            if path.endswith(".json"):
                options.setdefault("serializer", "json")
            elif options.get("serializer", self.serializer) == "json" and not path.endswith(_SUFFIXES):
                path += ".json"
            options["path"] = path
        merged_config = functools.partial(self.get_merged_config, **options)
        if with_current_defaults:
            merged_config = functools.partial(dict, merged_config())
        # vcr creates the cassette itself and needs a class that has the scrubber.
        cassette_class = type(SignedCassette.__name__, (SignedCassette,), {"scrubber": self.scrubber})
        return CassetteContext(cassette_class, merged_config)

    def use(
        self, http: httplib2.Http, name: str | os.PathLike[str], **options: Any
    ) -> "AbstractContextManager[SignedCassette]":
        """Open a cassette for a block of code, with none of the connections that an Http has open.

        Args:
            http: As for the function :func:`use`.
            name: As for :meth:`use_cassette`.
            **options: As for :meth:`use_cassette`.

        Returns:
            As for the function :func:`use`.

        Raises:
            TypeError: ``http`` has no connection pool.
            CassetteError: The cassette can't be read. Raised when it is opened.
        """
        if not hasattr(http, "connections"):
            raise TypeError(f"http must be an httplib2.Http, not {type(http).__name__}")
        return _HttpContext(http, self.use_cassette(name, **options))


class CassetteContext(CassetteContextDecorator):  # type: ignore[misc]
    """A context manager and decorator that opens and closes a cassette."""

    if TYPE_CHECKING:

        def __call__(self, function: _Function) -> _Function:
            """Return a function that runs while the cassette is open."""
            ...

    def __enter__(self) -> SignedCassette:
        cassette: SignedCassette = super().__enter__()
        self._cassette = cassette
        cassette.patches = ExitStack()
        cassette.connections = ConnectionGuard(
            cassette,
            lambda method, uri: not cassette.filter_request(Request(method, uri, None, {})),
            (VCRHTTPConnectionWithTimeout, VCRHTTPSConnectionWithTimeout),
        )
        cassette.connections.open()
        if not cassette.write_protected:
            cassette.patch_pyjwt()
        return cassette

    def __exit__(self, *exc_info: Any) -> None:
        cassette = self._cassette
        cassette.patches.close()
        cassette.connections.close()
        super().__exit__(*exc_info)
        cassette.is_closed = True
        cassette.connections.release(force_reset())
        # An exception from the block of code is more important than one from writing the cassette.
        if cassette.save_error is not None and not any(exc_info):
            raise cassette.save_error


class _HttpContext(AbstractContextManager["SignedCassette"]):
    """An open cassette for an Http.

    It isn't a decorator, because a decorator would close the cassette before a coroutine function has run.
    """

    def __init__(self, http: httplib2.Http, context: CassetteContext) -> None:
        self._http = http
        self._context = context

    def __enter__(self) -> "SignedCassette":
        cassette: SignedCassette = self._context.__enter__()
        cassette.connections.set_aside(self._http)
        return cassette

    def __exit__(self, *exc_info: Any) -> None:
        self._context.__exit__(*exc_info)


class _ScrubbingSerializer:
    """A serializer that scrubs a cassette before it calls another serializer."""

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
    """Return the message for a request that is not in a cassette. It shows the nearest recorded request."""
    uri = cassette.scrubber.scrub_uri(request.uri)
    lines = [f"{request.method} {uri} is not in the cassette {cassette._path}, and no live request was sent."]
    requests = cassette.requests
    ranks = (
        (len(matching.Comparison(request, recorded).differences()), bool(cassette.play_counts[index]), index)
        for index, recorded in enumerate(requests)
    )
    nearest = min(ranks, default=None)
    if nearest is None:
        lines.append("The cassette doesn't exist yet, or it is empty.")
    elif not nearest[0]:
        lines.append("The request was recorded, and has been played as often as it was recorded.")
    else:
        _, was_played, index = nearest
        recorded = requests[index]
        lines.append(
            f"The nearest recorded request is number {index + 1} of {len(requests)}{', already played' * was_played}:"
            f" {recorded.method} {recorded.uri}"
        )
        differences = matching.Comparison(request, recorded, cassette.scrubber.scrub_text).differences()
        lines += [f"  - {difference}" for difference in differences]
    lines.append('If the program is right, record the cassette again: pytest --signed-record, or record_mode="all".')
    return "\n".join(lines)
