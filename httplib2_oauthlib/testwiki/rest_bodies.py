"""The errors of the embedded wiki's rest.php, and how it reads and validates the body of a request."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, NamedTuple

from .versions import Version


class RestResponse(NamedTuple):
    """A response of rest.php.

    Attributes:
        status: The HTTP status.
        content: The JSON object in the body, or the whole body if it is not JSON.
        headers: The header fields that only this response has.
    """

    status: int
    content: dict[str, Any] | str
    headers: Mapping[str, str] = MappingProxyType({})


class RestError(Exception):
    """An error of rest.php.

    Args:
        status: The HTTP status.
        text: MediaWiki's message, or None for an error that has only a code.
        key: The message's key, or an empty str. MediaWiki 1.39 did not send it.
        headers: Header fields that are sent with the error.
        details: Further members of the error.
    """

    def __init__(
        self, status: int, text: str | None, key: str = "", headers: Mapping[str, str] | None = None, **details: Any
    ) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.key = key
        self.headers = dict(headers or {})
        self.details = details

    def response(self, version: Version) -> RestResponse:
        """Return the error as a version of MediaWiki sends it."""
        content = dict(self.details)
        if self.key and version.rest_is_strict:
            content["errorKey"] = self.key
        if self.text is not None:
            content["messageTranslations"] = {"en": self.text}
        content.update(httpCode=self.status, httpReason=HTTPStatus(self.status).phrase)
        return RestResponse(self.status, content, self.headers)


def parsed_body(body: bytes, content_type: str | None, version: Version) -> Any:
    """Return the JSON in a body. An empty body gives None.

    Raises:
        RestError: The body's type or its syntax is wrong.
    """
    if not body:
        return None
    media_type = "(null)" if content_type is None else content_type.partition(";")[0].strip()
    if media_type.lower() != "application/json":
        if version.rest_is_strict:
            raise RestError(415, f"Unsupported Content-Type: {media_type}", "rest-unsupported-content-type")
        if content_type is not None:
            raise RestError(415, None, message="Unsupported Content-Type", content_type=content_type)
        text = "A Content-Type header must be supplied with a request payload."
        raise RestError(415, None, message=text, error="no-content-type")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict | list):
        text = "Parsing request body as JSON failed"
        text += ": not a valid JSON object" if version.rest_is_strict else ""
        raise RestError(400, text, "rest-json-body-parse-error")
    return parsed


def validated_body(
    parsed: Any, required: tuple[str, ...], optional: tuple[str, ...], version: Version
) -> dict[str, Any]:
    """Return the fields of a body.

    Args:
        parsed: The result of :func:`parsed_body`.
        required: The fields that the body must have.
        optional: Other fields that the body may have.
        version: The version of MediaWiki.

    Raises:
        RestError: A field is missing, unknown or of the wrong type.
    """
    fields: dict[str, Any] = parsed if isinstance(parsed, dict) else {}
    if not version.rest_is_strict:
        for name in required:
            if fields.get(name) is None:
                raise RestError(400, f'Mandatory field "{name}" missing from request body.')
        return fields
    for name in (*required, *optional):
        value = fields.get(name)
        if value is None:
            if name in required:
                raise _invalid_field(name, None, "missingparam", f'The "{name}" parameter must be set.')
        elif name == "latest" and not isinstance(value, dict):
            text = f"Invalid value for parameter <var>{name}</var>: array expected."
            raise _invalid_field(name, json.dumps(value), "notarray", text)
        elif name != "latest" and not isinstance(value, str):
            given = json.dumps(value)
            text = f'Parameter "{name}" accepts only a string value, but got {given}'
            raise _invalid_field(name, given, "needstring", text)
    unknown = [name for name in fields if name not in (*required, *optional)]
    if unknown:
        names = ", ".join(unknown)
        details: dict[str, Any] = {"failureCode": "extraneous-body-fields", "name": names, "failureData": unknown}
        text = f"Extraneous fields found in request body: {names}"
        raise RestError(400, text, "rest-extraneous-body-fields", error="parameter-validation-failed", **details)
    return fields


def _invalid_field(name: str, value: str | None, code: str, text: str) -> RestError:
    """Return the error for a field that is missing or of the wrong type."""
    details: dict[str, Any] = {"name": name, "value": value, "failureCode": code, "failureData": None}
    text = f"Invalid request body: {text}"
    return RestError(400, text, "rest-body-validation-error", error="parameter-validation-failed", **details)
