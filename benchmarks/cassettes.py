"""Cassettes with many edits, and their replay."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import vcr
import yaml

from httplib2_oauthlib import OAuth1Http

from .clients import FORM_HEADERS, OURS

_URI = "http://wiki.test/w/api.php"
_WIKITEXT = "Съешь ещё этих [[мягких|французских]] булок, да выпей ''чаю''. "


def write_cassette(path: Path, count: int) -> None:
    """Write a cassette with edits of different pages, without secrets."""
    interactions = [
        {
            "request": {
                "method": "POST",
                "uri": _URI,
                "body": _edit(number),
                "headers": {name: [value] for name, value in FORM_HEADERS.items()},
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"Content-Type": ["application/json"]},
                "body": {"string": f'{{"edit": {{"result": "Success", "newrevid": {number}}}}}'},
            },
        }
        for number in range(count)
    ]
    path.write_text(yaml.safe_dump({"version": 1, "interactions": interactions}))


def plain_recorder(folder: str) -> Any:
    """Return vcrpy's own recorder with its defaults. It does not compare the bodies."""
    return vcr.VCR(record_mode="none", cassette_library_dir=folder)


def play(recorder: Any, name: str, count: int) -> None:
    """Open a cassette and send all of its requests.

    Args:
        recorder: The recorder of this package, or vcrpy's.
        name: The file name of the cassette.
        count: The number of edits.

    Raises:
        RuntimeError: A recorded response was not played.
    """
    http = OAuth1Http(timeout=10, oauth=OURS)
    with recorder.use_cassette(name) as cassette:
        for number in range(count):
            http.request(_URI, "POST", _edit(number), FORM_HEADERS)
        if not cassette.all_played:
            raise RuntimeError(f"{name} was not played completely. Compare _edit() with what write_cassette() writes.")


def _edit(number: int) -> str:
    return urlencode({"action": "edit", "format": "json", "title": f"Чай {number}", "text": f"{_WIKITEXT * 5}{number}"})
