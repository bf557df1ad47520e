"""Reads ``wiki_vectors.json``: what a real wiki was asked, and what it said."""

import base64
import json
import re
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

_FILE = json.loads((Path(__file__).parent / "wiki_vectors.json").read_text("utf-8"))
CREDENTIALS: dict[str, Any] = _FILE["credentials"]
BASE: str = CREDENTIALS["base"]


class Vector(NamedTuple):
    """One recorded request and its answer. ``oauth`` holds the protocol parameters, decoded, the realm included."""

    id: str
    method: str
    uri: str
    body: bytes | None
    headers: dict[str, str]
    oauth: dict[str, str]
    status: int
    answer_headers: dict[str, str]
    answer: str

    @property
    def target(self) -> str:
        return self.uri[len(BASE) :]

    @property
    def time(self) -> int:
        """When the wiki answered, in Unix seconds."""
        return int(parsedate_to_datetime(self.answer_headers["date"]).timestamp())

    @property
    def is_refused(self) -> bool:
        """Whether the wiki refused the OAuth part."""
        return bool(re.search("mwoauth|^Error: |rest-read-denied", self.answer[:200]))


def _vector(recorded: dict[str, Any]) -> Vector:
    request, response = recorded["request"], recorded["response"]
    body = request["body"].encode() if "body" in request else None
    if "body_base64" in request:
        body = base64.b64decode(request["body_base64"])
    names = {"authorization": "authorization", "content_type": "content-type"}
    headers = {name: request[key] for key, name in names.items() if key in request}
    pairs = re.findall(r'(\w+)="([^"]*)"', request.get("authorization", ""))
    return Vector(
        recorded["id"],
        request["method"],
        request["uri"],
        body,
        headers,
        {name: unquote(value) for name, value in pairs},
        response["status"],
        response["headers"],
        response["body"],
    )


ALL = [_vector(recorded) for recorded in _FILE["interactions"]]
SIGNED = [vector for vector in ALL if vector.oauth]
