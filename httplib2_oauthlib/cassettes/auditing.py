"""Finds secrets in files that are about to be committed.

Files are read as they are, no matter which tool wrote them. YAML and JSON are read value by value, so that a secret is
found in spite of line breaks, escapes and base64. All other files are read line by line.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from . import detection
from .patterns import DetectedSecret
from .scrubbing import Placeholders, named_secrets

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHOWN_CHARACTERS = 4
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# A body that may be a form. Its content type is elsewhere in the file.
_FORM = re.compile(r"[\w.%\[\]+-]+=\S*")


class Finding(NamedTuple):
    """What looks like a secret in a file. Its str shows the first characters only.

    Attributes:
        path: The file.
        line: The line number, counted from 1.
        kind: What it looks like: ``token``, ``cookie``, ``jwt``, ``hex``, ``random`` and more.
        value: The secret itself.
    """

    path: Path
    line: int
    kind: str
    value: str

    def __str__(self) -> str:
        shown = self.value[:_SHOWN_CHARACTERS] + "..." if len(self.value) > 3 * _SHOWN_CHARACTERS else "..."
        return f"{self.path}:{self.line}: {self.kind} {shown!a} ({len(self.value)} characters)"

    def __repr__(self) -> str:
        return f"<Finding {self}>"


def audit(path: str | os.PathLike[str], secrets: Iterable[str | None] = ()) -> Iterator[Finding]:
    """Yield each value that looks like a secret in a cassette, or in all files of a folder.

    A value is reported for one of three reasons:

    - its name: ``oauth_*``, tokens, passwords, cookies, ``Authorization``
    - its shape: a JWT, a private key, Basic and Bearer credentials, a long hexadecimal number
    - its randomness: upper case letters, lower case letters and digits in no order

    A hash with a name such as ``sha1`` isn't reported.

    Args:
        path: A file, or a folder. Hidden files in a folder are ignored.
        secrets: Secrets that would not be detected otherwise. None and empty values are ignored.

    Returns:
        Findings sorted by file and line. Each value is reported once for each line.

    Raises:
        OSError: A file can't be read or doesn't exist.
    """
    placeholders = Placeholders(named_secrets(secrets))
    for file in files_of(path):
        for line, (kind, value) in sorted(set(_find_in_file(file.read_bytes(), placeholders))):
            yield Finding(file, line, kind, value)


def files_of(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files that :func:`audit` reads for a path.

    Raises:
        FileNotFoundError: The path doesn't exist.
    """
    root = Path(path)
    if not root.exists():
        raise FileNotFoundError(2, "No such file or folder", str(root))
    if not root.is_dir():
        return [root]
    return sorted(
        each
        for each in root.rglob("*")
        if each.is_file() and not any(part.startswith((".", "__pycache__")) for part in each.relative_to(root).parts)
    )


def _find_in_file(content: bytes, known: Placeholders) -> Iterator[tuple[int, tuple[str, str]]]:
    """Yield the line number, the kind and the value of each secret in a file."""
    text = content.decode("utf-8", "replace")
    # JSON may escape a character as a surrogate pair, which YAML rejects. Secrets contain no such characters.
    if text.lstrip()[:1] in ("{", "["):
        text = _ESCAPED_SURROGATE.sub("??????", text)
    lines = text.splitlines()
    try:
        documents = list(yaml.compose_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError):
        documents = []
    if not any(isinstance(document, yaml.CollectionNode) for document in documents):
        for number, line in enumerate(lines, 1):
            for secret in [*detection.find_in_text(line), *known.find_known(line)]:
                yield number, (secret.kind, secret.value)
        return
    for node, name, is_header in _scalars(documents):
        value = _decode(node)
        index = node.start_mark.line
        for secret in [*_find_in_value(name, value, is_header), *known.find_known(value)]:
            # Secrets are sorted by position, so the search for the next one starts at the line of this one.
            index = _line_index(secret, index, node, lines)
            yield index + 1, (secret.kind, secret.value)


def _find_in_value(name: str, value: str, is_header: bool) -> list[DetectedSecret]:
    if is_header:
        return detection.find_in_header(name, value)
    if name in ("uri", "url"):
        return detection.find_in_uri(value)
    if name in ("body", "string") and _FORM.fullmatch(value):
        return detection.find_in_form(value)
    if name in ("body", "string") and value.startswith("--"):
        return detection.find_in_multipart(value)
    return detection.find_in_field(name, value)


def _scalars(documents: list[yaml.Node]) -> Iterator[tuple[yaml.ScalarNode, str, bool]]:
    """Yield each scalar with its name, and whether the name is a header's."""
    # A stack instead of recursion, because a file may be nested deeper than Python's recursion limit.
    stack: list[tuple[yaml.Node, str, bool]] = [(document, "", False) for document in reversed(documents) if document]
    seen: set[int] = set()
    while stack:
        node, name, is_header = stack.pop()
        if isinstance(node, yaml.ScalarNode):
            yield node, name, is_header
            continue
        if id(node) in seen:  # An alias.
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            stack += [(each, name, is_header) for each in reversed(node.value)]
        else:
            for key, value in reversed(node.value):
                inner_name = key.value if isinstance(key, yaml.ScalarNode) else ""
                stack.append((value, inner_name, is_header or name == "headers"))


def _decode(node: yaml.ScalarNode) -> str:
    if node.tag == "tag:yaml.org,2002:binary":
        try:
            return bytes(yaml.SafeLoader("").construct_yaml_binary(node)).decode("latin-1")
        except yaml.YAMLError:
            pass
    return str(node.value)


def _line_index(secret: DetectedSecret, first: int, node: yaml.ScalarNode, lines: list[str]) -> int:
    """Return the index of the line that contains a secret. Return the first line of the search if none does."""
    beginning = secret.value[:12]
    end = min(node.end_mark.line + 1, len(lines))
    return next((index for index in range(first, end) if beginning in lines[index]), first)
