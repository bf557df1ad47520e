"""Replaces the secrets of a cassette by placeholders.

Input and output are cassettes as vcr's serializers take them. A cassette is scrubbed as a whole: a secret that one
message names may stand without its name in another message, before or after it.
"""

import base64
import bisect
import copy
import functools
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from . import bodies, detection
from .bodies import Text
from .errors import UnscrubbableError
from .patterns import (
    DOCUMENTATION_NETWORKS,
    PLACEHOLDER,
    RANDOM_KINDS,
    DetectedSecret,
    basic_password,
    hash_number,
    is_key,
    kind_of_name,
    parse_address,
)
from .spellings import EncodedSecrets, spellings_pattern

#: Before the claims of a JWT that was a whole response. The claims stay readable. A replay makes a JWT of them again.
STATEMENT = "SCRUBBED-statement "
#: The same, for a JWT that the recording program rejected as forged.
FORGERY = "SCRUBBED-forgery "
REFUSE, KEEP = "refuse", "keep"

# A shorter value, or one that could be a word, a number or a path, is replaced only where its name announces it.
# Replacing the password "password" everywhere would do more harm than good.
_MIN_LENGTH = 8
_MIN_COOKIE_LENGTH = 16
_MIN_LENGTH_OF_LETTERS_IN_PASSWORD = 12
_MIN_LENGTH_OF_LETTERS = 20
_MIN_LENGTH_OF_NAMED = 4
_MIN_PIN_LENGTH = 6
# The pattern of a longer secret with special characters would take long to compile.
_MAX_LENGTH_EVERYWHERE = 4000
# Kinds that are new in every request. Only the response to that request can hold them, too.
_ONE_REQUEST_KINDS = ("nonce", "signature")

# A pattern of secrets, and the secrets of its groups.
_Pattern: TypeAlias = tuple[re.Pattern[str], list[str]]

#: Handles one text of a cassette, together with the function that finds its secrets. Returns the new text.
_Visit: TypeAlias = Callable[[str, detection.Finder], str]


def named_secrets(secrets: Iterable[str | None]) -> tuple[str, ...]:
    """Return the secrets that the caller names, longest first, without None and empty values."""
    stripped = {secret.strip() for secret in secrets if secret} - {""}
    return tuple(sorted(stripped, key=lambda secret: (-len(secret), secret)))


_encoded_secrets = functools.lru_cache(maxsize=4)(EncodedSecrets)


class Placeholders:
    """The placeholders of one cassette, numbered in the order of their secrets.

    A secret has the same placeholder everywhere, in any spelling.

    Args:
        named: Secrets that the caller names. They are replaced everywhere.
    """

    def __init__(self, named: Iterable[str] = ()) -> None:
        self._by_value: dict[str, str] = {}
        self._counts: Counter[str] = Counter()
        self._named = tuple(named)
        self._encoded = _encoded_secrets(self._named)
        self._everywhere: set[str] = set(self._named)
        for value in self._named:
            self.placeholder_for("secret", value)

    def reserve(self, text: str) -> None:
        """Reserve the placeholders that a text contains already, so that no new secret gets one of them."""
        for found in PLACEHOLDER.findall(text):
            kind, number = ("email", found[9 : found.index("@")]) if "@" in found else found[9:].rsplit("-", 1)
            self._counts[kind] = max(self._counts[kind], int(number))
        for number in re.findall(r"(?<![0-9.])192\.0\.2\.([0-9]{1,3})(?![0-9.])", text):
            self._counts["ip"] = max(self._counts["ip"], int(number))

    def placeholder_for(self, kind: str, value: str) -> str:
        """Return the placeholder of a secret. Assign one if it has none yet."""
        if value not in self._by_value:
            self._by_value[value] = self._new(kind, value)
            if _is_distinctive(kind, value):
                self._everywhere.add(value)
            self._forget_pattern()
        return self._by_value[value]

    def replace_only_by_name(self, value: str) -> None:
        """Replace a value only where its name announces a secret, unless the caller named it."""
        if value not in self._named:
            self._everywhere.discard(value)
            self._forget_pattern()

    def find_known(self, text: str, further: _Pattern | None = None) -> list[DetectedSecret]:
        """Find the known secrets in a text, in any spelling.

        Args:
            text: The text.
            further: The pattern of the secrets that are known in this text only.
        """
        found = list(self._encoded.find(text))
        for pattern, values in filter(None, (self._pattern, further)):
            for match in pattern.finditer(text):
                if match.lastindex != 1:  # Not a placeholder.
                    value = match[0] if match.lastindex is None else values[match.lastindex - 2]
                    found.append(DetectedSecret(*match.span(), "secret", value))
        return detection.without_overlaps(found)

    def without_named(self, secrets: list[DetectedSecret], text: str) -> list[DetectedSecret]:
        """Return secrets without the random values that encode a secret that the caller names.

        The placeholder of a random value shows a hash of it. A password could be guessed by its hash.
        """
        if not self._named:
            return secrets
        named = detection.without_overlaps(self._encoded.find(text))
        ends = [secret.end for secret in named]

        def is_apart(secret: DetectedSecret) -> bool:
            next_named = bisect.bisect_right(ends, secret.start)
            return next_named == len(named) or named[next_named].start >= secret.end

        return [secret for secret in secrets if secret.kind not in RANDOM_KINDS or is_apart(secret)]

    def replace_detected(self, secrets: Iterable[DetectedSecret], text: str) -> str:
        """Return a text with placeholders instead of the secrets that were detected in it.

        Args:
            secrets: Sorted by position, without overlaps.
            text: The text.
        """
        pieces, done = [], 0
        for secret in secrets:
            placeholder = self.placeholder_for(secret.kind, secret.value)
            pieces += [text[done : secret.start], f'"{placeholder}"' if secret.is_bare else placeholder]
            done = secret.end
        return "".join([*pieces, text[done:]])

    def replace_known(self, text: str, further: _Pattern | None = None) -> str:
        """Return a text with placeholders instead of all known secrets.

        Args:
            text: The text.
            further: The pattern of the secrets that are known in this text only.
        """
        pieces, done = [], 0
        for secret in self.find_known(text, further):
            # A digit after the placeholder must not become a part of its number.
            is_before_digit = text[secret.end : secret.end + 1].isdigit()
            pieces += [text[done : secret.start], self._by_value[secret.value] + "~" * is_before_digit]
            done = secret.end
        return "".join([*pieces, text[done:]])

    @cached_property
    def _pattern(self) -> _Pattern | None:
        return spellings_pattern(self._everywhere) if self._everywhere else None

    def _forget_pattern(self) -> None:
        vars(self).pop("_pattern", None)

    def _new(self, kind: str, value: str) -> str:
        if kind in RANDOM_KINDS:
            return f"SCRUBBED-{kind}-{hash_number(value)}"
        address = parse_address(value) if kind == "ip" else None
        known = None if address is None else self._by_value.get(address.compressed)
        if known is not None:  # An address can have several spellings.
            return known
        self._counts[kind] += 1
        number = self._counts[kind]
        if address is not None:
            # The placeholder is an address, too, because programs recognize an anonymous user by it.
            network, host = divmod(number - 1, 254)
            is_ipv6 = address.version == 6  # noqa: PLR2004
            placeholder = str(
                DOCUMENTATION_NETWORKS[3][number] if is_ipv6 else DOCUMENTATION_NETWORKS[network % 3][host + 1]
            )
            self._by_value[address.compressed] = placeholder
            if _is_distinctive(kind, value):
                self._everywhere.add(address.compressed)
            return placeholder
        return f"scrubbed-{number}@example.org" if kind == "email" else f"SCRUBBED-{kind}-{number}"


class Scrubber:
    """Replaces the secrets of cassettes.

    Args:
        secrets: Secrets that would not be detected otherwise. None and empty values are ignored, so that unset
            environment variables can be passed.
        binary: ``refuse`` raises an error for a body that isn't text, because such a body can't be scrubbed. ``keep``
            writes it unchanged.

    Attributes:
        rejected_jwts: JWTs whose signature the recording program rejected. Their replay is rejected, too.

    Raises:
        TypeError: ``secrets`` is one str.
        ValueError: A secret is too short to be distinguished from other text, or ``binary`` has another value.
    """

    def __init__(self, secrets: Iterable[str | None] = (), *, binary: str = REFUSE) -> None:
        if isinstance(secrets, str):
            raise TypeError("secrets must be a list of str, not one str")
        self._named = named_secrets(secrets)
        if any(len(secret) < _MIN_LENGTH_OF_NAMED for secret in self._named):
            raise ValueError(f"each of the secrets needs at least {_MIN_LENGTH_OF_NAMED} characters")
        if binary not in (REFUSE, KEEP):
            raise ValueError("binary must be 'refuse' or 'keep'")
        self._binary = binary
        self.rejected_jwts: set[str] = set()

    def scrub(self, cassette: Mapping[str, Any]) -> dict[str, Any]:
        """Return a copy of a cassette without its secrets.

        Args:
            cassette: As vcr's serializers take it: ``interactions``, each with a ``request`` and a ``response``.

        Raises:
            UnscrubbableError: A body isn't text.
        """
        # Files and iterators can't be copied, and can be read only once.
        interactions = [
            {**interaction, "request": {**request, "body": bodies.read(request["body"]) or None}}
            if (request := interaction.get("request")) and request.get("body") is not None
            else interaction
            for interaction in cassette.get("interactions") or []
        ]
        scrubbed: dict[str, Any] = copy.deepcopy({**cassette, "interactions": interactions})
        for interaction in scrubbed["interactions"]:
            self._decode_bodies(interaction)
        _Replacement(scrubbed, Placeholders(self._named)).run()
        for interaction in scrubbed["interactions"]:
            _encode_bodies(interaction)
        return scrubbed

    def scrub_text(self, text: str) -> str:
        """Return a text for a message, without its secrets."""
        return self._scrub_alone(text, detection.find_in_text)

    def scrub_uri(self, uri: str) -> str:
        """Return a URI for a message, without its secrets."""
        return self._scrub_alone(uri, detection.find_in_uri)

    def require_scrubbable(self, request: Any, response: Mapping[str, Any] | None = None) -> None:
        """Check that a request of vcr, and its response, can be written to a cassette.

        Raises:
            UnscrubbableError: A body isn't text, or the response looks like a scrubbed JWT.
        """
        name = _Name(self, request.method, request.uri)
        self._decode_request(bodies.read(request.body), bodies.header(request.headers, "content-type"), name)
        if response is not None:
            body = bodies.read((response.get("body") or {}).get("string"))
            if is_marked(body):
                raise UnscrubbableError(
                    f"the response to {name} begins with {STATEMENT!r} or {FORGERY!r}, which marks the claims of a JWT"
                    " in a cassette. Drop the response with before_record_response"
                )
            self._decode(body, bodies.header(response["headers"], "content-type"), name, "the response to")

    def _scrub_alone(self, text: str, find: detection.Finder) -> str:
        placeholders = Placeholders(self._named)
        return placeholders.replace_known(placeholders.replace_detected(find(text), text))

    def _decode_bodies(self, interaction: dict[str, Any]) -> None:
        request, response = interaction["request"], interaction["response"]
        name = _Name(self, request.get("method"), request.get("uri") or "")
        if request.get("body") is not None:
            content_type = bodies.header(request.get("headers") or {}, "content-type")
            request["body"] = self._decode_request(bodies.read(request["body"]), content_type, name)
        if isinstance(response.get("body"), dict) and response["body"].get("string") is not None:
            content_type = bodies.header(response.get("headers") or {}, "content-type")
            body = self._decode(bodies.read(response["body"]["string"]), content_type, name, "the response to")
            if isinstance(body, Text) and (claims := _claims(body.text)) is not None:
                marker = FORGERY if body.text.strip() in self.rejected_jwts else STATEMENT
                body = Text(marker + json.dumps(claims, ensure_ascii=not _is_encodable(claims)), "utf-8")
            response["body"]["string"] = body

    def _decode_request(self, body: bytes, content_type: str, name: "_Name") -> Text | bytes:
        return self._decode(bodies.with_files_described(body, content_type), content_type, name, "the body of")

    def _decode(self, body: bytes, content_type: str, name: "_Name", part: str) -> Text | bytes:
        text = bodies.as_text(body, content_type)
        if text is not None:
            return text
        if self._binary == KEEP:
            return body
        raise UnscrubbableError(
            f"{part} {name} is not text ({content_type or 'no content type'}, {len(body)} bytes), so it can't be"
            " scrubbed. Drop it with before_record_request or before_record_response. If it holds no secret, keep it"
            ' with binary="keep"'
        )


class _Name(NamedTuple):
    """The name of a request for an error message, scrubbed when it is shown."""

    scrubber: Scrubber
    method: Any
    uri: str

    def __str__(self) -> str:
        return f"{self.method} {self.scrubber.scrub_uri(self.uri)}"


class _Replacement:
    """The replacement of all secrets in one cassette, in three passes over its texts.

    Args:
        cassette: Changed in place. Its bodies are :class:`~.bodies.Text`, or bytes that are not scrubbed.
        placeholders: The placeholders of the cassette.
    """

    def __init__(self, cassette: dict[str, Any], placeholders: Placeholders) -> None:
        self._cassette = cassette
        self._interactions: list[dict[str, Any]] = cassette["interactions"]
        self._placeholders = placeholders
        # The index of the interaction that is visited. The metadata of the cassette come after the last one.
        self._index = 0
        self._is_response = False
        self._one_request_secrets: list[set[str]] = [set() for _ in [*self._interactions, None]]
        # Short secrets of each request. Only the response to the request may repeat them: elsewhere, they are words.
        self._short_secrets: list[set[str]] = [set() for _ in [*self._interactions, None]]
        # The secrets in each text, in the order of the visits.
        self._detected: list[list[DetectedSecret]] = []
        self._remaining: Iterator[list[DetectedSecret]]
        # The pattern of the secrets that are known in the visited request or response only.
        self._further_pattern: _Pattern | None = None

    def run(self) -> None:
        """Replace the secrets."""
        # The numbers in use must be known before a secret gets a new one.
        self._visit_texts(self._reserve)
        self._visit_texts(self._detect)
        for interaction in self._interactions:
            # An IP address that is the host name of the wiki isn't secret.
            if host := urlsplit(interaction["request"].get("uri") or "").hostname:
                self._placeholders.replace_only_by_name(host)
        self._remaining = iter(self._detected)
        self._visit_texts(self._replace)

    def _visit_texts(self, visit: _Visit) -> None:
        for self._index, interaction in enumerate(self._interactions):  # noqa: B020 (the visits read it)
            for self._is_response in (False, True):
                self._further_pattern = None
                _visit_message(interaction["response" if self._is_response else "request"], visit)
        self._index = len(self._interactions)
        self._further_pattern = None
        if "metadata" in self._cassette:
            self._cassette["metadata"] = _visit_value(self._cassette["metadata"], visit)

    def _reserve(self, text: str, _: detection.Finder) -> str:
        self._placeholders.reserve(text)
        return text

    def _detect(self, text: str, find: detection.Finder) -> str:
        detected = self._placeholders.without_named(find(text), text)
        self._detected.append(detected)
        for secret in detected:
            self._placeholders.placeholder_for(secret.kind, secret.value)
            if secret.kind in _ONE_REQUEST_KINDS:
                self._one_request_secrets[self._index].add(secret.value)
            password = basic_password(secret.value) if secret.kind == "basic" else None
            if password:
                self._placeholders.placeholder_for("password", password)
            if not self._is_response:
                self._short_secrets[self._index].update(
                    value
                    for kind, value in ((secret.kind, secret.value), ("password", password))
                    if value and _is_repeated(kind, value)
                )
        return text

    def _replace(self, text: str, _: detection.Finder) -> str:
        text = self._placeholders.replace_detected(next(self._remaining), text)
        return self._placeholders.replace_known(text, self._known_here())

    def _known_here(self) -> _Pattern | None:
        """Return the pattern of the secrets that are known in this request or response only."""
        if self._further_pattern is None:
            secrets = self._one_request_secrets[self._index]
            secrets = secrets | self._short_secrets[self._index] if self._is_response else secrets
            self._further_pattern = spellings_pattern(secrets) if secrets else None
        return self._further_pattern


def is_marked(body: bytes) -> bool:
    """Return whether a response body holds the claims of a JWT without its signature. A replay signs them."""
    return body.startswith((STATEMENT.encode(), FORGERY.encode()))


def _is_distinctive(kind: str, value: str) -> bool:
    """Return whether a secret is so distinctive that it can be replaced everywhere, without its name."""
    if kind in _ONE_REQUEST_KINDS or kind == "realname" or len(value) > _MAX_LENGTH_EVERYWHERE:
        return False
    if kind == "ip":
        address = parse_address(value)
        return address is not None and not address.is_loopback
    if kind == "email":
        return "@" in value
    is_mixed = any(char.isdigit() for char in value) and any(char.isalpha() for char in value)
    if "pass" in kind or kind == "basic":
        return len(value) >= (_MIN_LENGTH if is_mixed else _MIN_LENGTH_OF_LETTERS_IN_PASSWORD)
    mixed_minimum = _MIN_COOKIE_LENGTH if kind == "cookie" else _MIN_LENGTH
    return len(value) >= (mixed_minimum if is_mixed else _MIN_LENGTH_OF_LETTERS)


def _is_repeated(kind: str, value: str) -> bool:
    """Return whether a secret of a request is replaced in its response, too, although it isn't distinctive."""
    if _is_distinctive(kind, value) or kind in (*_ONE_REQUEST_KINDS, *RANDOM_KINDS, "ip", "email"):
        return False
    if kind == "cookie":  # A cookie may hold the user's name, which the response has to keep.
        return is_key(value)
    if kind == "realname":
        return len(value) >= _MIN_LENGTH and " " in value
    # Pages have fields that are called "password". A short number may be any number.
    is_word = kind_of_name(value) is not None
    return len(value) >= _MIN_LENGTH_OF_NAMED and not is_word and not (value.isdigit() and len(value) < _MIN_PIN_LENGTH)


# The texts of a cassette.

_BODY_FINDERS: dict[str, detection.Finder] = {
    "application/x-www-form-urlencoded": detection.find_in_form,
    "multipart/": detection.find_in_multipart,
}


def _visit_message(message: dict[str, Any], visit: _Visit) -> None:
    headers = message.get("headers") or {}
    content_type = bodies.header(headers, "content-type").strip().lower()
    finders = (find for start, find in _BODY_FINDERS.items() if content_type.startswith(start))
    find = next(finders, detection.find_in_text)
    for name in list(message):
        value = message[name]
        if name in ("uri", "url") and isinstance(value, str):
            message[name] = visit(value, detection.find_in_uri)
        elif name == "headers":
            for key in list(headers):
                headers[key] = _visit_header(key, headers[key], visit)
        elif name == "body":
            holder, key = (value, "string") if isinstance(value, dict) else (message, "body")
            _visit_body(holder, key, headers, visit, find)
        elif name != "method":
            message[name] = _visit_value(value, visit)


def _visit_header(name: str, value: Any, visit: _Visit) -> Any:
    if isinstance(value, list | tuple):
        return [_visit_header(name, each, visit) for each in value]
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return visit(text, functools.partial(detection.find_in_header, name)) if isinstance(text, str) else value


def _visit_body(
    holder: dict[str, Any], key: str, headers: dict[str, Any], visit: _Visit, find: detection.Finder
) -> None:
    body = holder.get(key)
    if not isinstance(body, Text):
        return
    text = visit(body.text, find)
    if text == body.text:
        return
    holder[key] = body = Text(text, body.codec)
    length = str(len(body.encode()))
    for name, value in headers.items():
        if name.lower() == "content-length":
            headers[name] = [length] if isinstance(value, list) else length


def _visit_value(value: Any, visit: _Visit, name: str = "") -> Any:
    if isinstance(value, str):
        return visit(value, functools.partial(detection.find_in_field, name))
    if isinstance(value, dict):
        return {key: _visit_value(each, visit, str(key)) for key, each in value.items()}
    return [_visit_value(each, visit, name) for each in value] if isinstance(value, list) else value


def _encode_bodies(interaction: dict[str, Any]) -> None:
    """Turn the bodies of an interaction into what vcr's serializers take: str if it is UTF-8, otherwise bytes."""
    for holder, key in ((interaction["request"], "body"), (interaction["response"].get("body"), "string")):
        if isinstance(holder, dict) and isinstance(holder.get(key), Text):
            text: Text = holder[key]
            holder[key] = text.text if text.codec == "utf-8" else text.encode()


def _is_encodable(value: Any) -> bool:
    """Return whether a JSON value has no half of a surrogate pair, which UTF-8 can't encode."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _claims(text: str) -> dict[str, Any] | None:
    """Return the claims of a response that is a JWT and nothing else, or None if a replay could not make it again."""
    if not re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]+\s*", text):
        return None
    try:
        head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2])
    except (ValueError, RecursionError):
        return None
    is_hmac = isinstance(head, dict) and head.get("alg") == "HS256" and isinstance(claims, dict)
    return claims if is_hmac else None
