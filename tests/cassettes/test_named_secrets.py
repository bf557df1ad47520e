"""Secrets that the caller names: they are scrubbed and found in every encoding."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from httplib2_oauthlib.cassettes import audit

from .interactions import interaction


def times(count, encode):
    def encode_again(text):
        for _ in range(count):
            text = encode(text)
        return text

    return encode_again


def percent(text):
    return quote(text, safe="")


def percent_each(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def in_json(text):
    return json.dumps(text)[1:-1]


def in_json_each(text):
    return "".join(f"\\u{ord(char):04x}" for char in text)


def in_base64(text):
    return base64.b64encode(text.encode()).decode()


ENCODINGS = {
    "references": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "hexadecimal references": lambda text: "".join(f"&#x{ord(char):X};" for char in text),
    "escapes of JSON": in_json_each,
    "escapes of JavaScript": lambda text: "".join(f"\\x{ord(char):02x}" for char in text),
    "percent": percent_each,
    "percent, four times": times(4, percent),
    "a form, four times": times(4, quote_plus),
    "each character, four times": lambda text: times(3, percent)(percent_each(text)),
    "HTML, four times": times(4, html.escape),
    "JSON, four times": times(4, in_json),
    "JSON in HTML": lambda text: html.escape(json.dumps({"a": text})),
    "escapes in a URI": lambda text: percent(in_json_each(text)),
    "a URI in escapes": lambda text: in_json_each(percent(text)),
    "JSON in HTML in a URI": lambda text: percent(html.escape(in_json(text))),
    "base64": in_base64,
    "base64 after one byte": lambda text: in_base64(f"a{text}"),
    "base64 after two bytes": lambda text: in_base64(f"ab{text}xyz"),
    "base64 for URIs": lambda text: base64.urlsafe_b64encode(f"alice:{text}".encode()).decode().rstrip("="),
    "base64 in a URI": lambda text: percent(in_base64(f"x{text}")),
    "base64 twice": lambda text: in_base64(in_base64(f"u:{text}")),
    "base64 of a URI": lambda text: in_base64(percent(text)),
    "hexadecimal": lambda text: f"id:{text}!".encode().hex(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper(),
}


@pytest.mark.parametrize("secret", ["correct horse/battery", "Zebra+/=&7", "p\"\\x%41'<w>"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_named_secret_is_scrubbed_and_found_in_every_encoding(scrub, encoding, secret, tmp_path):
    encoded = ENCODINGS[encoding](secret)
    made = interaction(
        f"http://wiki.test/?x={percent(encoded)}",
        response=json.dumps({"blob": encoded}),
        response_headers={"X-A": encoded},
    )
    _, [clean] = scrub(made, secrets=[secret])
    for text in (
        clean["request"]["uri"],
        clean["response"]["body"]["string"],
        clean["response"]["headers"]["X-A"][0],
    ):
        assert "SCRUBBED-secret-1" in text
        assert encoded[3:-3] not in text
        assert in_json(encoded)[3:-3] not in text
    assert list(audit(tmp_path / "clean.yaml", [secret])) == []
    lines = (tmp_path / "raw.yaml").read_text().splitlines()
    found = {lines[finding.line - 1].split(":")[0].strip() for finding in audit(tmp_path / "raw.yaml", [secret])}
    assert {"uri", "string"} <= found


def test_the_text_around_an_encoded_secret_is_kept(scrub):
    encoded = in_base64("alice:correct horse")
    _, [clean] = scrub(interaction(response=f"/path/{encoded}/file of Zebrafish"), secrets=["correct horse", "Zebra"])
    assert clean["response"]["body"]["string"] == "/path/SCRUBBED-secret-1/file of Zebrafish"
