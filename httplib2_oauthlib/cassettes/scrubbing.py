"""Scrubs a cassette: what goes in is as vcr serializes it, what comes out is the same without a secret.

A cassette is scrubbed as a whole and not message by message, since a secret that one message names may stand without a
name in another, before or after it.
"""

import base64
import copy
import functools
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from . import bodies, shapes, suspects
from .bodies import Text
from .errors import UnscrubbableError
from .placeholders import OF_ONE_REQUEST, SHORTEST_NAMED, Placeholders, named

#: What a JWT becomes that is a whole answer: its claims, readable; a cassette makes a statement of them again when it
#: plays them.
STATEMENT = "SCRUBBED-statement "
#: The same, if the program did not believe it when it was recorded.
FORGERY = "SCRUBBED-forgery "
REFUSE, KEEP = "refuse", "keep"

#: One pass over a text: given it and what finds the secrets in it, returns what is to stand there.
_Visit: TypeAlias = Callable[[str, suspects.Finder], str]


class Scrubber:
    """Takes the secrets out of cassettes.

    Args:
        secrets: What is secret besides all that looks so; None and empty values are passed over, so that variables
            which are not set may stand here.
        binary: ``refuse`` bodies that are no text, since what can't be read can't be scrubbed; ``keep`` them, who knows
            that they hold no secret.

    Raises:
        ValueError: A secret is too short to be told from other text, or ``binary`` is neither of the two.
    """

    def __init__(self, secrets: Iterable[str | None] = (), *, binary: str = REFUSE) -> None:
        if isinstance(secrets, str):
            raise TypeError("secrets must be a list of texts, not one text")
        self._named = named(secrets)
        if any(len(secret) < SHORTEST_NAMED for secret in self._named):
            raise ValueError(f"a secret of fewer than {SHORTEST_NAMED} characters can't be told from other text")
        if binary not in (REFUSE, KEEP):
            raise ValueError("binary must be 'refuse' or 'keep'")
        self._binary = binary
        #: Statements (JWTs) that the recording program has judged to be forged: they stay so.
        self.disbelieved: set[str] = set()

    def scrub(self, cassette: Mapping[str, Any]) -> dict[str, Any]:
        """Return a cassette without its secrets; the one that is given is not changed.

        Args:
            cassette: As vcr's serializers take it: ``interactions``, each a ``request`` and a ``response``.

        Raises:
            UnscrubbableError: A body is no text.
        """
        # Files and iterators can't be copied, and are read once here.
        interactions = [
            {**interaction, "request": {**request, "body": bodies.read(request["body"]) or None}}
            if (request := interaction.get("request")) and request.get("body") is not None
            else interaction
            for interaction in cassette.get("interactions") or []
        ]
        cleaned: dict[str, Any] = copy.deepcopy({**cassette, "interactions": interactions})
        placeholders = Placeholders(self._named)

        # What was found in each text, in the order in which all of them are visited.
        found: list[list[shapes.Suspect]] = []
        # The secrets that are new in each request; the last place is that of what belongs to none.
        of_one_request: list[set[str]] = [set() for _ in [*interactions, None]]
        number = 0

        def walk(visit: _Visit) -> None:
            nonlocal number
            for number, interaction in enumerate(cleaned["interactions"]):  # noqa: B007 (the visits read it)
                _visit_interaction(interaction, visit)
            number = len(interactions)
            if "metadata" in cleaned:
                cleaned["metadata"] = _visit_all(cleaned["metadata"], visit)

        def reserve(text: str, _: suspects.Finder) -> str:
            placeholders.reserve(text)
            return text

        def collect(text: str, find: suspects.Finder) -> str:
            found.append(find(text))
            for suspect in found[-1]:
                placeholders.of(suspect.kind, suspect.value)
                if suspect.kind in OF_ONE_REQUEST:
                    of_one_request[number].add(suspect.value)
                password = shapes.password_of(suspect.value) if suspect.kind == "basic" else None
                if password:
                    placeholders.of("password", password)
            return text

        def replace(text: str, _: suspects.Finder) -> str:
            return placeholders.put_into(placeholders.in_place_of(next(left), text), of_one_request[number])

        for interaction in cleaned["interactions"]:
            self._make_readable(interaction)
        # Numbers that are given away must be known before the first new one is given.
        walk(reserve)
        walk(collect)
        for host in {urlsplit(each["request"].get("uri") or "").hostname for each in cleaned["interactions"]}:
            if host:  # An address that is the wiki's own name is no secret.
                placeholders.spare(host)
        left = iter(found)
        walk(replace)
        return _as_vcr_has_it(cleaned)

    def words(self, text: str) -> str:
        """Return a text without what looks secret in it, for people to read."""
        return self._without_secrets(text, suspects.in_text)

    def uri(self, uri: str) -> str:
        """Return a URI without what looks secret in it, for people to read."""
        return self._without_secrets(uri, suspects.in_uri)

    def _without_secrets(self, text: str, find: suspects.Finder) -> str:
        placeholders = Placeholders(self._named)
        return placeholders.put_into(placeholders.in_place_of(find(text), text))

    def require_text(self, request: Any, response: Mapping[str, Any] | None = None) -> None:
        """Refuse a request of vcr's, or its answer, that could not be written.

        Raises:
            UnscrubbableError: A body is no text.
        """
        what = f"{request.method} {self.uri(request.uri)}"
        self._text_of_request(bodies.read(request.body), bodies.header(request.headers, "content-type"), what)
        if response is not None:
            body = bodies.read((response.get("body") or {}).get("string"))
            if is_marked(body):
                raise UnscrubbableError(
                    f"the answer of {what} begins with {STATEMENT!r}, which a cassette would believe"
                )
            self._text(body, bodies.header(response["headers"], "content-type"), what, "answer")

    def _make_readable(self, interaction: dict[str, Any]) -> None:
        request, response = interaction["request"], interaction["response"]
        what = f"{request.get('method')} {self.uri(request.get('uri') or '')}"
        if request.get("body") is not None:
            content_type = bodies.header(request.get("headers") or {}, "content-type")
            request["body"] = self._text_of_request(bodies.read(request["body"]), content_type, what)
        if isinstance(response.get("body"), dict) and response["body"].get("string") is not None:
            content_type = bodies.header(response.get("headers") or {}, "content-type")
            body = self._text(bodies.read(response["body"]["string"]), content_type, what, "answer")
            if isinstance(body, Text) and (claims := _claims(body.text)) is not None:
                kind = FORGERY if body.text.strip() in self.disbelieved else STATEMENT
                body = Text(kind + json.dumps(claims, ensure_ascii=not _is_encodable(claims)), "utf-8")
            response["body"]["string"] = body

    def _text_of_request(self, body: bytes, content_type: str, what: str) -> Text | bytes:
        return self._text(bodies.with_files_described(body, content_type), content_type, what, "body")

    def _text(self, body: bytes, content_type: str, what: str, which: str) -> Text | bytes:
        text = bodies.as_text(body, content_type)
        if text is not None:
            return text
        if self._binary == KEEP:
            return body
        raise UnscrubbableError(
            f"the {which} of {what} is not text ({content_type or 'of no type'}, {len(body)} bytes), and what can't be"
            " read can't be scrubbed. Leave it out with before_record_request or before_record_response, or, if you"
            ' know that it holds no secret, keep it: binary="keep"'
        )


def is_marked(body: bytes) -> bool:
    """Whether an answer is a statement without its signature, to be signed when it is played."""
    return body.startswith((STATEMENT.encode(), FORGERY.encode()))


_FINDERS: dict[str, suspects.Finder] = {
    "application/x-www-form-urlencoded": suspects.in_form,
    "multipart/": suspects.in_multipart,
}


def _visit_interaction(interaction: dict[str, Any], visit: _Visit) -> None:
    for message in (interaction["request"], interaction["response"]):
        _visit_message(message, visit)


def _visit_message(message: dict[str, Any], visit: _Visit) -> None:
    headers = message.get("headers") or {}
    content_type = bodies.header(headers, "content-type").strip().lower()
    find = next((find for start, find in _FINDERS.items() if content_type.startswith(start)), suspects.in_text)
    for name in list(message):
        value = message[name]
        if name in ("uri", "url") and isinstance(value, str):
            message[name] = visit(value, suspects.in_uri)
        elif name == "headers":
            for key in list(headers):
                headers[key] = _visit_header(key, headers[key], visit)
        elif name == "body":
            holder, key = (value, "string") if isinstance(value, dict) else (message, "body")
            _visit_body(holder, key, headers, visit, find)
        elif name != "method":
            message[name] = _visit_all(value, visit)


def _visit_body(
    holder: dict[str, Any], key: str, headers: dict[str, Any], visit: _Visit, find: suspects.Finder
) -> None:
    body = holder.get(key)
    if not isinstance(body, Text):
        return
    text = visit(body.text, find)
    if text == body.text:
        holder[key] = body
        return
    holder[key] = body = Text(text, body.codec)
    length = str(len(body.encode()))
    for name, value in headers.items():
        if name.lower() == "content-length":
            headers[name] = [length] if isinstance(value, list) else length


def _is_encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_vcr_has_it(cassette: dict[str, Any]) -> dict[str, Any]:
    """Return a scrubbed cassette with its texts as vcr's serializers take them."""
    for interaction in cassette["interactions"]:
        for holder, key in ((interaction["request"], "body"), (interaction["response"].get("body"), "string")):
            if isinstance(holder, dict) and isinstance(holder.get(key), Text):
                text: Text = holder[key]
                holder[key] = text.text if text.codec == "utf-8" else text.encode()
    return cassette


def _visit_header(name: str, value: Any, visit: _Visit) -> Any:
    if isinstance(value, list | tuple):
        return [_visit_header(name, each, visit) for each in value]
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return visit(text, functools.partial(suspects.in_header, name)) if isinstance(text, str) else value


def _visit_all(value: Any, visit: _Visit, name: str = "") -> Any:
    if isinstance(value, str):
        return visit(value, functools.partial(suspects.in_field, name))
    if isinstance(value, dict):
        return {key: _visit_all(each, visit, str(key)) for key, each in value.items()}
    return [_visit_all(each, visit, name) for each in value] if isinstance(value, list) else value


def _claims(text: str) -> dict[str, Any] | None:
    """Return what an answer states that is a whole JWT of the kind that a cassette can make again, else None."""
    if not re.fullmatch(r"eyJ[\w-]+\.[\w-]+\.[\w-]+\s*", text):
        return None
    try:
        head, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2])
    except (ValueError, RecursionError):
        return None
    is_ours = isinstance(head, dict) and head.get("alg") == "HS256" and isinstance(claims, dict)
    return claims if is_ours else None
