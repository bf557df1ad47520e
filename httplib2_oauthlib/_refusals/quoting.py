"""Quote a server's message as plain text: without markup, and without characters that control a terminal."""

import re

_TAG = re.compile(r"<[^<>]*>")
# Long enough for every message that servers are known to send, short enough to read in an error.
_MAX_QUOTED_CHARACTERS = 400


def printable(text: str, replacement: str = " ") -> str:
    """Return the text with each unprintable character replaced, so that it can't control a terminal."""
    return "".join(character if character.isprintable() else replacement for character in text)


def plain_line(message: str) -> str:
    """Return a server's message as one line of text without markup, shortened if it is long."""
    text = " ".join(printable(_TAG.sub(" ", message.removeprefix("Error: "))).split())
    text = re.sub(r" ([.,;:!?])", r"\1", text)
    return text if len(text) <= _MAX_QUOTED_CHARACTERS else text[:_MAX_QUOTED_CHARACTERS] + " ..."


def plain_sentence(message: str) -> str:
    """Return a server's message as one line that ends like a sentence, so that another sentence can follow."""
    text = plain_line(message)
    return text if not text or text.endswith((".", "!", "?")) else text + "."
