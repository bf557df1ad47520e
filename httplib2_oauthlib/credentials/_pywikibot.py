"""Credentials in Pywikibot's configuration."""

import ast
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._signing.hosts import normalize_pattern
from .._signing.oauth1 import OAuth1
from ..errors import CredentialsError
from ._entries import STORED_ARGUMENTS, to_oauth1
from ._private_files import read_private_file

_WRITABLE_BY_OTHERS = 0o002


def from_pywikibot(authenticate: Mapping[str, Sequence[str]]) -> dict[str, OAuth1]:
    """Convert Pywikibot's ``authenticate`` to a mapping for ``OAuth1Http(oauth=...)``.

    Args:
        authenticate: Host pattern to (client key, client secret, token, token secret). A pair contains a user and a
            password for Basic authentication. It is left out.

    Returns:
        Host pattern to credentials.

    Raises:
        CredentialsError: An entry has another type or another number of parts, or its key can match no host. The
            message contains the host.

    Source: Pywikibot, ``pywikibot.comms.http.get_authentication``.
    """
    if not isinstance(authenticate, Mapping):
        raise CredentialsError(f"authenticate must be a mapping, not {type(authenticate).__name__}")
    found = {}
    for host, parts in authenticate.items():
        place = f"authenticate[{host!r}]" if isinstance(host, str) else "authenticate"
        if not isinstance(host, str) or isinstance(parts, str | bytes) or not isinstance(parts, Sequence):
            types = f"{type(host).__name__} to {type(parts).__name__}"
            raise CredentialsError(f"{place} maps {types}; expected a host and a tuple of 4 strings")
        if len(parts) not in (2, 4):
            expected = "4 (client key, client secret, token, token secret) or 2 (user, password)"
            raise CredentialsError(f"{place} has {len(parts)} parts, expected {expected}")
        if len(parts) != 2:  # noqa: PLR2004 (Pywikibot distinguishes entries by their lengths too)
            normalize_pattern(host)
            found[host] = to_oauth1(dict(zip(STORED_ARGUMENTS, parts, strict=False)), place)
    return found


def read_user_config(path: str | os.PathLike[str]) -> dict[str, OAuth1]:
    """Read ``authenticate`` from a Pywikibot user-config.py without running the file.

    Three kinds of statements are read: ``authenticate = {...}``, ``authenticate["host"] = (...)`` and
    ``authenticate.update({...})``. They must contain only literals and stand outside of blocks. ``authenticate`` may be
    written as ``config.authenticate`` too.

    Args:
        path: The file. It must belong to the user or to the system, and other users must not be able to write it.
            Pywikibot has the same rule.

    Returns:
        Host pattern to credentials, as :func:`from_pywikibot` returns them. Empty if the file has no ``authenticate``.

    Raises:
        CredentialsError: The file can't be read or trusted, or contains another kind of statement with
            ``authenticate``. The message contains the file and the line, or the command that fixes the file's mode.
    """
    content = read_private_file(Path(path), _WRITABLE_BY_OTHERS)
    if content is None:
        raise CredentialsError(f"{path} does not exist")
    authenticate: dict[Any, Any] = {}
    place, kind = str(path), CredentialsError
    try:
        for statement in ast.parse(content).body:
            if any(map(_is_authenticate, ast.walk(statement))):
                place = f"{path}, line {statement.lineno}"
                _apply(statement, authenticate)
        place, problem = str(path), ""
    except SyntaxError as error:
        place, problem = f"{path}, line {error.lineno or 1}", "this is not Python"
    except (ValueError, TypeError, RecursionError, MemoryError):
        problem = "authenticate can't be read without running the file; use literals, outside of blocks"
    if not problem:
        try:
            return from_pywikibot(authenticate)
        except CredentialsError as error:
            kind, problem = type(error), str(error)
    # The error is raised outside the handlers. Otherwise its context would contain an error that quotes a line.
    raise kind(f"{place}: {problem}")


def _is_authenticate(node: ast.AST) -> bool:
    """Whether a node is ``authenticate``, ``config.authenticate`` or ``pywikibot.config.authenticate``."""
    match node:
        case ast.Name("authenticate"):
            return True
        case ast.Attribute(ast.Name(module) | ast.Attribute(_, module), "authenticate"):
            # Pywikibot's module was called config2 until 2021.
            return module in ("config", "config2")
    return False


def _apply(statement: ast.stmt, authenticate: dict[Any, Any]) -> None:
    """Change ``authenticate`` as a statement does. Raise ValueError or TypeError if the statement isn't supported."""
    match statement:
        case ast.Assign([name], value) | ast.AnnAssign(name, _, ast.expr() as value) if _is_authenticate(name):
            replacement = dict(ast.literal_eval(value))
            authenticate.clear()
            authenticate.update(replacement)
        case ast.Assign([ast.Subscript(name, key)], value) if _is_authenticate(name):
            authenticate[ast.literal_eval(key)] = ast.literal_eval(value)
        case ast.Expr(ast.Call(ast.Attribute(name, "update"), [value], [])) if _is_authenticate(name):
            authenticate.update(ast.literal_eval(value))
        case _:
            raise ValueError("unsupported statement")
