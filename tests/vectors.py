"""Recorded requests to real wikis, with the responses of MediaWiki 1.39, 1.43 and 1.45.

The recordings are in ``wiki_vectors/VERSION.json.xz``. They are compressed because most of their text repeats itself.
Print one with ``python -m tests.vectors VERSION ID``, for example ``python -m tests.vectors 1.45 errors-3``.
"""

import base64
import json
import lzma
import re
import sys
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from .servers import answer

VERSIONS = ("1.39", "1.43", "1.45")


class Vector(NamedTuple):
    """One recorded request and its response.

    ``oauth`` holds the decoded protocol parameters of the ``Authorization`` header, the realm included. ``what`` names
    the interaction where the recording has a name for it. Header names are in lower case; a header that was sent more
    than once has its values joined with ``", "``.
    """

    id: str
    version: str
    base: str
    what: str
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
        return self.uri[len(self.base) :]

    @property
    def time(self) -> int:
        """When the wiki answered, in Unix seconds."""
        return int(parsedate_to_datetime(self.answer_headers["date"]).timestamp())

    @property
    def answer_on_the_wire(self) -> bytes:
        """The response as a server sends it."""
        headers = {name.title().replace("-", "_"): value for name, value in self.answer_headers.items()}
        return answer(self.answer, f"{self.status} Recorded", **headers)

    @property
    def is_refused(self) -> bool:
        """Whether the wiki refused the OAuth part."""
        return bool(re.search("mwoauth|^Error: |rest-read-denied", self.answer[:200]))


@cache
def file(version: str) -> dict[str, Any]:
    """Return the recording of one version: ``about``, ``credentials`` and ``interactions``."""
    compressed = (Path(__file__).parent / "wiki_vectors" / f"{version}.json.xz").read_bytes()
    recording: dict[str, Any] = json.loads(lzma.decompress(compressed))
    return recording


def credentials(version: str) -> dict[str, Any]:
    """Return the consumers, tokens and secrets of the recorded wiki."""
    known: dict[str, Any] = file(version)["credentials"]
    return known


@cache
def recorded(version: str) -> list[Vector]:
    """Return every recorded interaction of one version, in the order of the recording."""
    base = credentials(version)["base"]
    return [_vector(version, base, interaction) for interaction in file(version)["interactions"]]


def _vector(version: str, base: str, interaction: dict[str, Any]) -> Vector:
    request, response = interaction["request"], interaction["response"]
    pairs = re.findall(r'(\w+)="([^"]*)"', request["headers"].get("authorization", ""))
    headers = {
        name: ", ".join(value) if isinstance(value, list) else value for name, value in response["headers"].items()
    }
    return Vector(
        interaction["id"],
        version,
        base,
        interaction.get("what", ""),
        request["method"],
        request["uri"],
        _content(request),
        request["headers"],
        {name: unquote(value) for name, value in pairs},
        response["status"],
        headers,
        (_content(response) or b"").decode(),
    )


def _content(message: dict[str, Any]) -> bytes | None:
    if "body_base64" in message:
        return base64.b64decode(message["body_base64"])
    return message["body"].encode() if "body" in message else None


CREDENTIALS = credentials("1.39")
BASE: str = CREDENTIALS["base"]
ALL = recorded("1.39")
SIGNED = [vector for vector in ALL if vector.oauth]

if __name__ == "__main__":
    found = [each for each in file(sys.argv[1])["interactions"] if each["id"] == sys.argv[2]]
    print(json.dumps(found, ensure_ascii=False, indent=1))
