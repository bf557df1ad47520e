"""The format of the file: an INI file with one section per host."""

import configparser
import json
import re
from contextlib import suppress
from pathlib import Path

from .._signing.hosts import HOST_ADVICE, InvalidHostError, as_pattern
from ..errors import CredentialsError
from ._entries import STORED_ARGUMENTS

_BYTE_ORDER_MARK = "\ufeff"


def parse_sections(text: str, path: Path) -> dict[str, dict[str, str]]:
    """Return the sections of a file: normalized host to arguments of OAuth1.

    Args:
        text: The content of the file.
        path: The file, for error messages.

    Raises:
        CredentialsError: The file can't be parsed. The message contains the line or the section, and no value.
    """
    parser = configparser.ConfigParser(interpolation=None, default_section="", empty_lines_in_values=False)
    line = None
    try:
        parser.read_string(text.removeprefix(_BYTE_ORDER_MARK))
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or vars(error)["errors"][0][0]
    # The error is raised outside the handler. Otherwise its context would contain an error that quotes a line.
    if line:
        raise CredentialsError(f"{path}, line {line}: expected [host] or key = value, each of them once")
    hosts = {name: as_pattern(name) for name in parser.sections()}
    if None in hosts.values():
        # The name isn't quoted: it may be a secret in the wrong place.
        raise InvalidHostError(f"{path}: the name of a section is an invalid host; {HOST_ADVICE}")
    if len(set(hosts.values())) < len(hosts):
        raise CredentialsError(f"{path}: two sections are for the same host, spelled differently; remove one of them")
    sections = {str(host): dict(parser[name]) for name, host in hosts.items()}
    for host, values in sections.items():
        for key, value in values.items():
            if key not in STORED_ARGUMENTS:
                # A line of PEM text that isn't indented may end in "=", like a key without a value. So a key is shown
                # only if it looks like a name.
                shown = f"unknown key {key}" if re.fullmatch("[a-z_]{1,24}", key) else "unknown key"
                raise CredentialsError(f"{path}, [{host}]: {shown}; the keys are {', '.join(STORED_ARGUMENTS)}")
            values[key] = _unquote(value, f"{path}, [{host}]: {key}")
    return sections


def edit_section(text: str, host: str, values: dict[str, str] | None) -> str:
    """Return the content of a file with one section changed, added or removed, and everything else as it was.

    Args:
        text: The content of the file, which parse_sections() accepts.
        host: The normalized host of the section.
        values: The keys and values of the section. None removes it.

    Raises:
        configparser.Error: ConfigUpdater does not accept the file. The error may quote a line.
    """
    from configupdater import ConfigUpdater, Option  # noqa: PLC0415 (only writers need it)

    if text.startswith(_BYTE_ORDER_MARK):
        return _BYTE_ORDER_MARK + edit_section(text.removeprefix(_BYTE_ORDER_MARK), host, values)
    line_end = "\r\n" if "\r\n" in text else "\n"
    if text and not text.endswith("\n"):
        text += line_end
    # configparser allows white space before a comment, and ConfigUpdater does not. So each prefix is also passed with
    # the white space that precedes it in this file.
    prefixes = {"#", ";", *re.findall(r"^[^\S\n]*[#;]", text, re.MULTILINE)}
    updater = ConfigUpdater(comment_prefixes=tuple(prefixes), empty_lines_in_values=False)
    updater.read_string(text)
    options = {key: f"{key} = {_quote(value)}{line_end}" for key, value in (values or {}).items()}
    section = next((section for section in updater.iter_sections() if as_pattern(section.name) == host), None)
    if section is None:
        blank_line = "" if text.endswith(line_end * 2) or not text else line_end
        return f"{text}{blank_line}[{host}]{line_end}{''.join(options.values())}"
    # The comments and blank lines after the last option belong to the next section.
    blocks = list(section.iter_blocks())
    end = max((number for number, block in enumerate(blocks, 1) if isinstance(block, Option)), default=0)
    rest = "".join(map(str, blocks[end:]))
    if values is None:
        edited = rest.lstrip("\r\n")
    else:
        lines = list(section.lines)
        for block in blocks[:end]:
            if not isinstance(block, Option):
                lines.append(str(block))
                continue
            edited_line = options.pop(block.key, "")
            # An option whose value stays the same keeps its line, however the user has written it.
            is_same = _unquote(block.value or "", host) == values.get(block.key)
            lines.append(str(block) if is_same else edited_line)
        edited = "".join([*lines, *options.values(), rest])
    return "".join(edited if block is section else str(block) for block in updater.iter_blocks())


def _quote(value: str) -> str:
    """Return a value as it is written to the file: as it is, or as JSON if it would be read differently."""
    return value if re.fullmatch("[!#-~](?:[ -~]*[!-~])?", value) else json.dumps(value)


def _unquote(text: str, place: str) -> str:
    if not text.startswith('"'):
        return text.strip()
    with suppress(ValueError):
        return str(json.loads(text))
    raise CredentialsError(
        f"{place} begins with a double quote, and is not a JSON string; quote it correctly or not at all"
    )
