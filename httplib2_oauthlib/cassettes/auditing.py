"""Finds secrets in files that are about to be committed.

Files are read as they are, no matter which tool wrote them. YAML and JSON are read value by value, so that a secret is
found in spite of line breaks, escapes and base64. Their comments, and all other files, are read line by line.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

import yaml

from . import detection
from .patterns import DetectedSecret
from .scrubbing import Placeholders, named_secrets
from .second_opinion import Opinion, opinions, require_detector

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# A line number, a kind and a value.
_Found: TypeAlias = tuple[int, tuple[str, str]]
# The line breaks of YAML. str.splitlines() splits at more characters.
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
# The anchor and the tag before a value.
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)+")
_WORD = re.compile(r"\w{2}")
_MAX_FAILED_SEARCHES = 100
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# A body that may be a form. Its content type is elsewhere in the file.
_FORM = re.compile(r"[\w.%\[\]+-]+=\S*")


class Finding(NamedTuple):
    """What looks like a secret in a file. Its str shows no character of it, only how long it is.

    Attributes:
        path: The file.
        line: The line number, counted from 1.
        kind: What it looks like: ``token``, ``cookie``, ``jwt``, ``hex``, ``random`` and more. For a second opinion, it
            is the name that detect-secrets gives it, such as ``Slack Token``.
        value: The secret itself.
    """

    path: Path
    line: int
    kind: str
    value: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind} ({len(self.value)} characters)"

    def __repr__(self) -> str:
        return f"<Finding {self}>"


def audit(
    path: str | os.PathLike[str], secrets: Iterable[str | None] = (), *, second_opinion: bool = False
) -> Iterator[Finding]:
    """Return an iterator over the values that look like secrets in a cassette, or in all files of a folder.

    A value is reported for one of three reasons:

    - its name: ``oauth_*``, tokens, passwords, cookies, ``Authorization``
    - its shape: a JWT, a private key, Basic and Bearer credentials, the key of a known service, an e-mail address, an
      IP address, a long hexadecimal number
    - its randomness: upper case letters, lower case letters and digits in no order

    A hash with a name such as ``sha1`` isn't reported. E-mail addresses at example.org, example.com and example.net
    aren't reported. These IP addresses aren't reported either:

    - loopback addresses, netmasks, and addresses for documentation
    - the host of a URI, and the value of ``Host``
    - a version: after a product as in ``Tool/1.2.3.4``, after the word "version", or with two zeros at its end

    Args:
        path: A file, or a folder. Hidden files in a folder are ignored.
        secrets: Secrets that would not be detected otherwise. They are found in base64, in hexadecimal and in all
            escapes of URIs, JSON and HTML, too. None and empty values are ignored.
        second_opinion: Whether detect-secrets reads each file, too. It knows the keys of more services. Requires the
            extra ``httplib2-oauthlib[audit]``.

    Returns:
        Findings sorted by file and line. Each value is reported once for each line.

    Raises:
        ImportError: ``second_opinion`` is set, and detect-secrets isn't installed.
        OSError: A file can't be read or doesn't exist.
    """
    if second_opinion:
        require_detector()
    return _audit(path, Placeholders(named_secrets(secrets)), second_opinion)


def _audit(path: str | os.PathLike[str], placeholders: Placeholders, second_opinion: bool) -> Iterator[Finding]:
    for file in files_of(path):
        found = set(_find_in_file(file.read_bytes(), placeholders))
        if second_opinion:
            found |= set(_only_there(opinions(file), found))
        for line, (kind, value) in sorted(found):
            yield Finding(file, line, kind, value)


def _only_there(others: Iterable[Opinion], found: set[_Found]) -> Iterator[_Found]:
    """Yield the opinions of another detector about values that were not found otherwise."""
    values = {value for _, (_, value) in found}
    for line, kind, value in others:
        if value not in values:
            yield line, (kind, value)


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


def _find_in_file(content: bytes, known: Placeholders) -> Iterator[_Found]:
    """Yield the line number, the kind and the value of each secret in a file."""
    text = content.decode("utf-8", "replace")
    # JSON may escape a character as a surrogate pair, which YAML rejects. Secrets contain no such characters.
    if text.lstrip()[:1] in ("{", "["):
        text = _ESCAPED_SURROGATE.sub("??????", text)
    lines = _LINE_BREAK.split(text)
    try:
        documents = list(yaml.compose_all(text, Loader=_LOADER))
    except (yaml.YAMLError, RecursionError):
        documents = []
    if not any(isinstance(document, yaml.CollectionNode) for document in documents):
        for number, line in enumerate(lines, 1):
            yield from _find_in_line(number, line, known)
        return
    unread = _UnreadText(lines)
    for node, name, is_header in _scalars(documents):
        unread.leave_out(node)
        value = _decode(node)
        search = _LineSearch(node, lines)
        for secret in [*_find_in_value(name, value, is_header), *known.find_known(value)]:
            yield search.line_of(secret), (secret.kind, secret.value)
    for number, line in unread.lines():
        yield from _find_in_line(number, line, known)


def _find_in_line(number: int, line: str, known: Placeholders) -> Iterator[_Found]:
    for secret in [*detection.find_in_text(line), *known.find_known(line)]:
        yield number, (secret.kind, secret.value)


class _UnreadText:
    """The parts of a YAML file that are not in its values: comments, tags and names of anchors.

    Args:
        lines: The lines of the file.
    """

    def __init__(self, lines: list[str]) -> None:
        self._lines = lines
        # The columns of each line that belong to a value. None as the end is the end of the line.
        self._read: dict[int, list[tuple[int, int | None]]] = {}

    def leave_out(self, node: yaml.ScalarNode) -> None:
        """Leave out the text of a value."""
        first, last = node.start_mark, node.end_mark
        start = first.column
        if properties := _PROPERTIES.match(self._lines[first.line], start):
            start = properties.end()
        if first.line == last.line:
            self._read.setdefault(first.line, []).append((start, last.column))
            return
        # A comment may follow the sign at the beginning of a block.
        self._read.setdefault(first.line, []).append((start, start + 1 if node.style in ("|", ">") else None))
        for line in range(first.line + 1, last.line):
            self._read.setdefault(line, []).append((0, None))
        self._read.setdefault(last.line, []).append((0, last.column))

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the number and the text of each line that has such parts."""
        for index, line in enumerate(self._lines):
            pieces, done = [], 0
            for start, end in sorted(self._read.get(index, ()), key=lambda span: span[0]):
                pieces.append(line[done:start])
                done = max(done, len(line) if end is None else end)
            text = " ".join([*pieces, line[done:]])
            if _WORD.search(text):
                yield index + 1, text


class _LineSearch:
    """The search for the lines of the secrets in one value. Secrets are sorted by position, so it only goes forward.

    Args:
        node: The value.
        lines: The lines of the file.
    """

    def __init__(self, node: yaml.ScalarNode, lines: list[str]) -> None:
        self._index = node.start_mark.line
        self._end = min(node.end_mark.line + 1, len(lines))
        self._lines = lines
        # A secret that the file encodes isn't found. Each search for one reads the rest of the value.
        self._remaining_failures = _MAX_FAILED_SEARCHES

    def line_of(self, secret: DetectedSecret) -> int:
        """Return the number of the line that holds a secret, or else of the line with the secret before it."""
        beginning = secret.value[:12]
        if self._remaining_failures:
            lines = range(self._index, self._end)
            index = next((index for index in lines if beginning in self._lines[index]), None)
            if index is None:
                self._remaining_failures -= 1
            else:
                self._index = index
        return self._index + 1


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
                stack.append((key, "", False))


def _decode(node: yaml.ScalarNode) -> str:
    if node.tag == "tag:yaml.org,2002:binary":
        try:
            return bytes(yaml.SafeLoader("").construct_yaml_binary(node)).decode("latin-1")
        except yaml.YAMLError:
            pass
    return str(node.value)
