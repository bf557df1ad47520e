"""Where credentials are kept: Pywikibot's configuration, a private file, the system's keyring.

Nothing here signs or talks to a server. No message quotes a secret, nor a line of a file that may hold one; since the
errors of parsers do quote, ours are raised after their handlers have ended, and don't have them as a context.
"""

import ast
import configparser
import importlib
import json
import os
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any

from ._signing.hosts import PATTERN, is_pattern, patterns
from ._signing.oauth1 import OAuth1
from .errors import CredentialsError, SigningError

# What is kept of an OAuth1, with its defaults; callback and verifier belong to one handshake.
_KEPT = {field.name: field.default for field in fields(OAuth1) if field.name not in ("callback_uri", "verifier")}
_HOST_ADVICE = "write en.wikipedia.org, *.wikipedia.org or 127.0.0.1:8080, and xn--... for letters beyond ASCII"
_SERVICE = "httplib2-oauthlib"


def from_pywikibot(authenticate: Mapping[str, Sequence[str]]) -> dict[str, OAuth1]:
    """Turn Pywikibot's ``authenticate`` into what ``OAuth1Http(oauth=...)`` takes.

    Args:
        authenticate: Host pattern to (client key, client secret, token, token secret). A pair is a user and a password
            for Basic authentication, and is left out.

    Returns:
        Host pattern to credentials.

    Raises:
        CredentialsError: An entry is neither; it names the host and the number of parts.

    Source: Pywikibot, ``pywikibot.comms.http.get_authentication``.
    """
    if not isinstance(authenticate, Mapping):
        raise CredentialsError(f"authenticate must be a mapping, not {type(authenticate).__name__}")
    found = {}
    for host, parts in authenticate.items():
        where = f"authenticate[{host!r}]" if isinstance(host, str) else "authenticate"
        if not isinstance(host, str) or isinstance(parts, str | bytes) or not isinstance(parts, Sequence):
            kinds = f"{type(host).__name__} to {type(parts).__name__}"
            raise CredentialsError(f"{where} maps {kinds}; it takes a host and a tuple of 4 texts")
        if len(parts) not in (2, 4):
            expected = "client key, client secret, token, token secret"
            raise CredentialsError(f"{where} has {len(parts)} parts; OAuth takes 4: {expected}")
        if len(parts) != 2:  # noqa: PLR2004 (by which Pywikibot tells them apart)
            found[host] = _oauth1(dict(zip(_KEPT, parts, strict=False)), where)
    return found


def read_user_config(path: str | os.PathLike[str]) -> dict[str, OAuth1]:
    """Read ``authenticate`` out of a Pywikibot user-config.py without running it.

    Understood are ``authenticate = {...}``, ``authenticate["host"] = (...)`` and ``authenticate.update({...})``, with
    nothing but literals in them and outside of any block.

    Args:
        path: The file. As Pywikibot does, one that others may write, or that is somebody else's, is refused.

    Returns:
        As :func:`from_pywikibot`; empty if the file says nothing of ``authenticate``.

    Raises:
        CredentialsError: The file can't be read or trusted, or does something else with ``authenticate``; it names
            the file and the line, or the command that mends the file's mode.
    """
    content = _read_private(Path(path), 0o002)
    if content is None:
        raise CredentialsError(f"{path} does not exist")
    authenticate: dict[Any, Any] = {}
    place = str(path)
    try:
        for statement in ast.parse(content).body:
            if any(isinstance(node, ast.Name) and node.id == "authenticate" for node in ast.walk(statement)):
                place = f"{path}, line {statement.lineno}"
                _follow(statement, authenticate)
        place, problem = str(path), ""
    except SyntaxError as error:
        place, problem = f"{path}, line {error.lineno or 1}", "this is not Python"
    except (ValueError, TypeError, RecursionError, MemoryError):
        problem = "authenticate can't be read without running the file; write literals, outside of any block"
    if not problem:
        try:
            return from_pywikibot(authenticate)
        except CredentialsError as error:
            problem = str(error)
    raise CredentialsError(f"{place}: {problem}")


def _follow(statement: ast.stmt, authenticate: dict[Any, Any]) -> None:
    """Do what a statement does to ``authenticate``; a ValueError or TypeError says that it can't be told."""
    match statement:
        case (
            ast.Assign([ast.Name("authenticate")], value)
            | ast.AnnAssign(ast.Name("authenticate"), _, ast.expr() as value)
        ):  # fmt: skip
            replacement = dict(ast.literal_eval(value))
            authenticate.clear()
            authenticate.update(replacement)
        case ast.Assign([ast.Subscript(ast.Name("authenticate"), key)], value):
            authenticate[ast.literal_eval(key)] = ast.literal_eval(value)
        case ast.Expr(ast.Call(ast.Attribute(ast.Name("authenticate"), "update"), [value], [])):
            authenticate.update(ast.literal_eval(value))
        case _:
            raise ValueError("not a statement that is understood")


class FileStore:
    """Credentials in a private file: an INI file with a section per host.

    ::

        [*.wikipedia.org]
        client_key = ...
        client_secret = ...
        resource_owner_key = ...
        resource_owner_secret = ...

    ``OAuth1Http(oauth=FileStore().load())`` signs with it. The keys are the arguments of ``OAuth1``; a value is
    taken as it stands or, in double quotes, as JSON. The file is the user's to edit: whatever a change is not about
    stays as it is, comments included. Writers in other threads and processes wait for each other.

    Args:
        path: None means ``httplib2-oauthlib/credentials.ini`` where the system has its users' configuration, on Linux
            ``~/.config``.
        timeout: Seconds to wait for another writer.

    Attributes:
        path: The file. If it is a symbolic link, what it points to is read and replaced.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, timeout: float = 10.0) -> None:
        if path is None:
            from platformdirs import user_config_path  # noqa: PLC0415 (loaded only if needed)

            path = user_config_path("httplib2-oauthlib", appauthor=False) / "credentials.ini"
        self.path = Path(path).expanduser()
        self.timeout = timeout

    def load(self) -> dict[str, OAuth1]:
        """Read all of it.

        Returns:
            Host pattern to credentials, as ``OAuth1Http(oauth=...)`` takes it; empty if there is no file.

        Raises:
            CredentialsError: The file can't be read, is not private, or makes no sense; it names the line or the
                section, or the command that mends the file's mode.
        """
        sections = _sections(self._text(), self.path)
        return {host: _oauth1(values, f"{self.path}, [{host}]") for host, values in sections.items()}

    def get(self, host: str) -> OAuth1 | None:
        """Return the credentials of a host, found as ``OAuth1Http(oauth=...)`` finds them, or None.

        Args:
            host: ``en.wikipedia.org`` finds its own section, or else ``[*.wikipedia.org]``, ``[*.org]`` or ``[*]``;
                with a port, each with this port comes before the same without one.

        Raises:
            CredentialsError: As :meth:`load`; or the host is none.
        """
        found = self.load()
        return next((found[pattern] for pattern in _patterns(_host(host)) if pattern in found), None)

    def save(self, host: str, oauth: OAuth1) -> str:
        """Keep the credentials of a host, in place of what was there.

        Args:
            host: A host or a pattern of hosts, with or without a port.
            oauth: Its ``callback_uri`` and ``verifier`` are not kept, nor what a subclass adds.

        Returns:
            The path of the file.

        Raises:
            CredentialsError: The host is none, or the file can't be written, is not private or makes no sense; it is
                as it was.
        """
        self._change(_host(host), _kept(oauth))
        return str(self.path)

    def delete(self, host: str) -> bool:
        """Remove the section of a host, and say whether there was one; patterns that match it stay.

        Raises:
            CredentialsError: As :meth:`save`.
        """
        host = _host(host)
        # Asked without the lock, so that nothing is written where there is nothing to delete.
        return host in _sections(self._text(), self.path) and self._change(host, None)

    def _text(self) -> str:
        # Bytes that are not UTF-8 go back as they came; OAuth1 refuses them in a value.
        return (_read_private(self.path, 0o077) or b"").decode("utf-8-sig", "surrogateescape")

    def _change(self, host: str, values: dict[str, str] | None) -> bool:
        path = Path(os.path.realpath(self.path))
        with self._locked(path):
            text = self._text()
            before = _sections(text, path)
            others = {name: section for name, section in before.items() if name != host}
            edited, is_safe = _edited(text, host, values), False
            # Compare the result before it replaces the file: two parsers may read an unusual file in two ways.
            with suppress(CredentialsError):
                is_safe = _sections(edited, path) == (others if values is None else {**others, host: values})
            if not is_safe:
                raise CredentialsError(f"{path} can't be changed without a change to another section; edit it by hand")
            if edited != text:
                _replace(path, edited.encode("utf-8", "surrogateescape"))
        return host in before

    @contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        from filelock import FileLock, Timeout  # noqa: PLC0415 (only writers need it)

        try:
            path.parent.mkdir(0o700, parents=True, exist_ok=True)
            # The system takes the lock from whoever ends, however it ends; the file of the lock stays, and is empty.
            with FileLock(f"{path}.lock", mode=0o600).acquire(self.timeout, poll_interval=0.01):
                yield
        except Timeout:
            held = f"another program has held {path}.lock for {self.timeout:g} seconds"
            raise CredentialsError(f"{path} can't be changed: {held}; try again when it has ended") from None
        except OSError as error:
            raise CredentialsError(f"{path} can't be written: {error.strerror or type(error).__name__}") from None


class KeyringStore:
    """Credentials in the system's keyring, and in a file where there is no keyring to use.

    The keyring needs an extra, ``pip install 'httplib2-oauthlib[keyring]'``; without it the file serves. Its entries
    can't be listed, so there is no ``load()``: ``OAuth1Http(oauth={host: KeyringStore().get(host)})``.

    Args:
        fallback: The file; None means the one that :class:`FileStore` has by default.
    """

    def __init__(self, fallback: FileStore | None = None) -> None:
        self.fallback = FileStore() if fallback is None else fallback

    def get(self, host: str) -> OAuth1 | None:
        """Return the credentials of a host as :meth:`FileStore.get` does; of each pattern, the keyring's come first.

        Raises:
            CredentialsError: What the keyring holds makes no sense, or as :meth:`FileStore.get`.
        """
        backend, in_file = _keyring(), None
        for pattern in _patterns(_host(host)):
            text = None
            try:
                text = backend and backend.get_password(_SERVICE, pattern)
            except Exception:
                # Asked no more: a locked keyring would ask for its password each time.
                backend = None
            if text is not None:
                return _from_json(text, f"{_name(backend)}, {pattern}")
            in_file = self.fallback.load() if in_file is None else in_file
            if pattern in in_file:
                return in_file[pattern]
        return None

    def save(self, host: str, oauth: OAuth1) -> str:
        """Keep the credentials of a host as :meth:`FileStore.save` does, but in the keyring if there is one.

        Returns:
            Where they are now: the keyring and its name, or the path of the file.

        Raises:
            CredentialsError: As :meth:`FileStore.save`. With a keyring the file matters, too: an older entry of the
                host is removed from it.
        """
        host, backend, text, is_stored = _host(host), _keyring(), json.dumps(_kept(oauth)), False
        # Not only KeyringError: Windows' keyring refuses a long RSA key with an error of its own.
        with suppress(Exception):
            if backend is not None:
                backend.set_password(_SERVICE, host, text)
                # keyring's ChainerBackend does not say so if none of its keyrings stores anything.
                is_stored = backend.get_password(_SERVICE, host) == text
        if is_stored:
            self.fallback.delete(host)
            return _name(backend)
        path = self.fallback.save(host, oauth)
        # An older entry, if the keyring has one, would come before the file's.
        with suppress(Exception):
            if backend is not None:
                backend.delete_password(_SERVICE, host)
        return path

    def delete(self, host: str) -> bool:
        """Remove the credentials of a host from the keyring and from the file, and say whether there were any.

        Raises:
            CredentialsError: As :meth:`FileStore.delete`, or the keyring does not give its entry up.
        """
        host, backend, text = _host(host), _keyring(), None
        with suppress(Exception):
            text = backend and backend.get_password(_SERVICE, host)
        was_in_file = self.fallback.delete(host)
        if text is None:
            return was_in_file
        with suppress(Exception):
            backend.delete_password(_SERVICE, host)
            return True
        raise CredentialsError(f"{_name(backend)} has not deleted its entry of {host}; delete it there")


def _keyring() -> Any:
    """Return the keyring's backend, or None if there is none that keeps secrets better than our file does.

    keyring itself recommends those of priority 1 and more: below that are files that are not even private. A backend
    that the user has chosen is the user's choice.
    """
    try:
        core = importlib.import_module("keyring").core
        backend, is_chosen = core.get_keyring(), core.load_env() or core.load_config()
        return backend if backend.priority >= (0.1 if is_chosen else 1) else None
    except Exception:
        # Not installed, or its configuration names a backend that is not there.
        return None


def _name(backend: Any) -> str:
    return f"the system keyring ({backend.name})"


def _from_json(text: str, where: str) -> OAuth1:
    values = None
    with suppress(ValueError):
        values = json.loads(text)
    if isinstance(values, dict) and values.keys() <= _KEPT.keys() and all(isinstance(v, str) for v in values.values()):
        return _oauth1(values, where)
    raise CredentialsError(f"{where}: this is not what this package stores; delete it")


def _oauth1(values: Mapping[str, Any], where: str) -> OAuth1:
    if "client_key" not in values:
        raise CredentialsError(f"{where}: client_key is missing")
    try:
        return OAuth1(**values)
    except SigningError as error:
        problem = str(error)
    raise CredentialsError(f"{where}: {problem}")


def _kept(oauth: OAuth1) -> dict[str, str]:
    values = {name: getattr(oauth, name) for name in _KEPT}
    return {name: value for name, value in values.items() if value != _KEPT[name]}


def _host(text: str) -> str:
    host = text.lower()
    if not is_pattern(host):
        raise CredentialsError(f"this is no host: {_HOST_ADVICE}")
    return host


def _patterns(host: str) -> list[str]:
    name, port = PATTERN.fullmatch(host).groups("")  # type: ignore[union-attr]
    return patterns(name, port.removeprefix(":"))


def _sections(text: str, path: Path) -> dict[str, dict[str, str]]:
    """Parse the file; an error names the line or the section, and quotes no value."""
    parser = configparser.ConfigParser(interpolation=None, default_section="", empty_lines_in_values=False)
    line = None
    try:
        parser.read_string(text)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or vars(error)["errors"][0][0]
    if line:
        raise CredentialsError(f"{path}, line {line}: neither [host] nor key = value, or there for the second time")
    sections = {name.lower(): dict(parser[name]) for name in parser.sections()}
    if len(sections) < len(parser.sections()):
        raise CredentialsError(f"{path}: two sections are named for the same host, in capitals and in small letters")
    for host, values in sections.items():
        if not is_pattern(host):
            raise CredentialsError(f"{path}: a section is named for no host; {_HOST_ADVICE}")
        for key, value in values.items():
            if key not in _KEPT:
                # A line of a PEM text may end in "=", like a key without a value: only what looks like a name is shown.
                shown = f"the key {key}" if re.fullmatch("[a-z_]{1,24}", key) else "one of the keys"
                raise CredentialsError(f"{path}, [{host}]: {shown} is not known; there are {', '.join(_KEPT)}")
            values[key] = _unquoted(value, f"{path}, [{host}]: {key}")
    return sections


def _edited(text: str, host: str, values: dict[str, str] | None) -> str:
    """Return the text with these values in a host's section, or without the section. Everything else stays as it is."""
    from configupdater import ConfigUpdater, Option  # noqa: PLC0415 (only writers need it)

    end = "\r\n" if "\r\n" in text else "\n"
    text += "" if text.endswith("\n") or not text else end
    updater = ConfigUpdater(empty_lines_in_values=False).read_string(text)
    section = next((section for section in updater.iter_sections() if section.name.lower() == host), None)
    new = {key: f"{key} = {_quoted(value)}{end}" for key, value in (values or {}).items()}
    if section is None:
        gap = "" if text.endswith(end * 2) or not text else end
        return f"{text}{gap}[{host}]{end}{''.join(new.values())}"
    blocks = list(section.iter_blocks())
    last = max((number for number, block in enumerate(blocks) if isinstance(block, Option)), default=-1)
    # Comments and blank lines below the last key belong to the next section.
    own, rest = blocks[: last + 1], "".join(map(str, blocks[last + 1 :]))
    if values is None:
        edited = rest.lstrip("\r\n")
    else:
        pieces = [str(section)[: -sum(len(str(block)) for block in blocks) or None]]
        for block in own:
            if not isinstance(block, Option):
                pieces.append(str(block))
            elif block.key in values and _unquoted(block.value or "", host) == values[block.key]:
                pieces.append(str(block))
                del new[block.key]
            else:
                # An indented comment below a key is a part of its value to parsers of INI files.
                comments = [line for line in block.lines[1:] if line.lstrip()[:1] in ("#", ";")]
                pieces += [new.pop(block.key, ""), *comments]
        edited = "".join([*pieces, *new.values(), rest])
    return "".join(edited if block is section else str(block) for block in updater.iter_blocks())


def _quoted(value: str) -> str:
    """Return a value as it stands in the file: as it is, or as JSON if it would not come back from there."""
    return value if re.fullmatch("[!#-~](?:[ -~]*[!-~])?", value) else json.dumps(value)


def _unquoted(text: str, where: str) -> str:
    if not text.startswith('"'):
        return text.strip()
    with suppress(ValueError):
        return str(json.loads(text))
    raise CredentialsError(f"{where} begins with a double quote, but is no text in JSON")


def _read_private(path: Path, forbidden: int) -> bytes | None:
    """Read a file that is the user's or the system's and that others have no access to, or None if there is none."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CredentialsError(f"{path} can't be read: {error.strerror or type(error).__name__}") from None
    name = shlex.quote(str(path))
    if os.name != "nt" and status.st_uid not in (os.geteuid(), 0):
        remedy = f"chown {os.geteuid()} {name} && chmod 600 {name}"
        raise CredentialsError(f"{path} belongs to another user; if you trust what it says: {remedy}")
    if os.name != "nt" and status.st_mode & forbidden:
        raise CredentialsError(f"{path} is open to other users; mend it with: chmod 600 {name}")
    return content


def _replace(path: Path, content: bytes) -> None:
    """Put a private file in a file's place; whatever happens meanwhile, there is the old one or the new one."""
    # mkstemp creates with O_EXCL and mode 0600.
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    # The new name is to survive a power cut, too; not every system can promise that of a directory.
    with suppress(OSError):
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
