"""Looks through committed cassettes for what should not have been committed.

It reads files as they are, whoever wrote them and with whatever tool: those in YAML or JSON value by value, so that a
secret is found behind line breaks, escapes and base64 too, all others line by line.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from . import detection, patterns
from .scrubbing import Placeholders, named_secrets

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SHOWN = 4
_HALVES = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# What may be a form; its type stands elsewhere in the file.
_FORM = re.compile(r"[\w.%\[\]+-]+=\S*")


class Finding(NamedTuple):
    """What looks like a secret in a file; its text shows no more than the beginning.

    Attributes:
        path: The file.
        line: In the file, from 1.
        kind: What it looks like: ``token``, ``cookie``, ``jwt``, ``hex``, ``random`` and more.
        value: The secret itself.
    """

    path: Path
    line: int
    kind: str
    value: str

    def __str__(self) -> str:
        shown = self.value[:_SHOWN] + "..." if len(self.value) > 3 * _SHOWN else "..."
        return f"{self.path}:{self.line}: {self.kind} {shown!a} ({len(self.value)} characters)"

    def __repr__(self) -> str:
        return f"<Finding {self}>"


def audit(path: str | os.PathLike[str], secrets: Iterable[str | None] = ()) -> Iterator[Finding]:
    """Yield every value that looks like a secret in a cassette, or in all files of a folder.

    A value does so by the name it stands under (``oauth_*``, tokens, passwords, cookies, ``Authorization``), by its
    shape (a JWT, a private key, Basic and Bearer credentials, long hexadecimal numbers) or by chance having made it
    (letters of both cases and digits in no order). A hash that is called one, such as ``sha1``, is none.

    Args:
        path: A file, or a folder; of a folder, hidden files are passed over.
        secrets: Look for these too, whatever they look like; None and empty values are passed over.

    Returns:
        Findings in the order of files and lines, each value once per line.

    Raises:
        OSError: A file can't be read, or there is none.
    """
    placeholders = Placeholders(named_secrets(secrets))
    for file in files_of(path):
        for line, (kind, value) in sorted(set(_suspects_in(file.read_bytes(), placeholders))):
            yield Finding(file, line, kind, value)


def files_of(path: str | os.PathLike[str]) -> list[Path]:
    """Return the files that an audit of a path reads.

    Raises:
        FileNotFoundError: There is nothing of that name.
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


def _suspects_in(content: bytes, known: Placeholders) -> Iterator[tuple[int, tuple[str, str]]]:
    text = content.decode("utf-8", "replace")
    # In JSON a character beyond the basic plane is escaped as two halves, which YAML does not take. It is no secret.
    if text.lstrip()[:1] in ("{", "["):
        text = _HALVES.sub("??????", text)
    try:
        documents = list(yaml.compose_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError):
        documents = []
    if not any(isinstance(document, yaml.CollectionNode) for document in documents):
        for number, line in enumerate(text.splitlines(), 1):
            found = [*detection.find_in_text(line), *known.find_known(line)]
            yield from ((number, (suspect.kind, suspect.value)) for suspect in found)
        return
    lines = text.splitlines()
    for node, name, is_header in _scalars(documents):
        value = _decoded(node)
        if is_header:
            found = detection.find_in_header(name, value)
        elif name in ("uri", "url"):
            found = detection.find_in_uri(value)
        elif name in ("body", "string") and _FORM.fullmatch(value):
            found = detection.find_in_form(value)
        elif name in ("body", "string") and value.startswith("--"):
            found = detection.find_in_multipart(value)
        else:
            found = detection.find_in_field(name, value)
        at = node.start_mark.line
        for suspect in [*found, *known.find_known(value)]:
            # In the order in which they stand, so that each is looked for from the one before.
            at = _line_of(suspect, at, node, lines)
            yield at + 1, (suspect.kind, suspect.value)


def _scalars(documents: list[yaml.Node]) -> Iterator[tuple[yaml.ScalarNode, str, bool]]:
    """Yield every scalar with the name that it stands under, and whether that is a header's."""
    # By hand, since a file may nest deeper than Python calls.
    todo: list[tuple[yaml.Node, str, bool]] = [(document, "", False) for document in reversed(documents) if document]
    seen: set[int] = set()
    while todo:
        node, name, is_header = todo.pop()
        if isinstance(node, yaml.ScalarNode):
            yield node, name, is_header
            continue
        if id(node) in seen:  # An alias.
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            todo += [(each, name, is_header) for each in reversed(node.value)]
        else:
            for key, value in reversed(node.value):
                inner = key.value if isinstance(key, yaml.ScalarNode) else ""
                todo.append((value, inner, is_header or name == "headers"))


def _decoded(node: yaml.ScalarNode) -> str:
    if node.tag == "tag:yaml.org,2002:binary":
        try:
            return bytes(yaml.SafeLoader("").construct_yaml_binary(node)).decode("latin-1")
        except yaml.YAMLError:
            pass
    return str(node.value)


def _line_of(suspect: patterns.DetectedSecret, first: int, node: yaml.ScalarNode, lines: list[str]) -> int:
    """Return the line of a file, from 0, in which a suspect stands, or else the one from which it is looked for."""
    beginning = suspect.value[:12]
    last = min(node.end_mark.line + 1, len(lines))
    return next((number for number in range(first, last) if beginning in lines[number]), first)
