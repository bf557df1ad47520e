"""E-mail addresses and IP addresses: which are scrubbed, and which are kept."""

import json
from urllib.parse import quote, quote_plus

import pytest

from httplib2_oauthlib.cassettes import NotRecordedError, audit, recorder

from ..servers import answer
from .interactions import interaction
from .traffic import FORM

EMAIL = "jane.roe@firma.example.com"
IPV4 = "84.112.33.7"
IPV6 = "2a02:1210:5ee4::1"

PLACES = {
    "e-mail in User-Agent": (EMAIL, {"headers": {"User-Agent": f"my-tool/1.0 ({EMAIL})"}}),
    "e-mail in a link": (EMAIL, {"response": f'<a href="mailto:{EMAIL}">mail</a>'}),
    "e-mail under any name": (EMAIL, {"response": json.dumps({"contact": [{"to": f"Jane <{EMAIL}>"}]})}),
    "e-mail as a name": (EMAIL, {"response": json.dumps({EMAIL: 1})}),
    "e-mail in a URI": ("jane.roe", {"uri": f"http://wiki.test/?q=to%20{quote(EMAIL, safe='')}"}),
    "e-mail in a form": (EMAIL, {"method": "POST", "body": "text=" + quote_plus(f"Ask {EMAIL}!"), "headers": FORM}),
    "e-mail in HTML's spelling": ("jane.roe", {"response": f"mail {EMAIL.replace('@', '&#64;')}"}),
    "e-mail in JavaScript's spelling": ("jane.roe", {"response": "<script>x='jane.roe\\u0040firma.test'"}),
    "address in words": (IPV4, {"response": f"Your IP address {IPV4} has been blocked. ({IPV4}, {IPV4}/24)."}),
    "address under any name": (IPV4, {"response": json.dumps({"blockinfo": {"blockreason": f"proxy {IPV4}"}})}),
    "address as a name": (IPV4, {"response": json.dumps({IPV4: 1})}),
    "address in a header": (IPV4, {"response_headers": {"CF-Connecting-IP": IPV4}}),
    "address with a port": (IPV4, {"response_headers": {"X-Real-IP": f"{IPV4}:5123"}}),
    "address in Forwarded": (IPV4, {"response_headers": {"Forwarded": f'for="{IPV4}:5123";proto=http'}}),
    "IPv4 in IPv6": (IPV4, {"response_headers": {"X-Any": f"::ffff:{IPV4}"}}),
    "IPv6 with a port": (IPV6, {"response_headers": {"X-Real-IP": f"[{IPV6}]:443"}}),
    "IPv6 in words": (IPV6, {"response": f"{IPV6}: blocked"}),
    "MediaWiki's IPv6": ("2A02:1210", {"response": "2A02:1210:5EE4:0:0:0:0:1 was blocked"}),
    "IPv6 in a URI": ("2a02", {"uri": f"http://wiki.test/?user={quote(IPV6, safe='')}"}),
    "address in a title": (IPV4, {"uri": f"http://wiki.test/wiki/Special:Contributions/{IPV4}"}),
}  # fmt: skip


@pytest.mark.parametrize("where", PLACES)
def test_personal_data_are_scrubbed_wherever_they_stand(scrub, where, tmp_path):
    secret, made = PLACES[where]
    text, _ = scrub(interaction(**made))
    assert secret not in text
    assert [finding.kind for finding in audit(tmp_path / "raw.yaml")]
    assert list(audit(tmp_path / "clean.yaml")) == []


@pytest.mark.parametrize("text", [
    "at 127.0.0.1:8080, ::1, 0.0.0.0, 255.255.255.0, 192.0.2.7 and 2001:db8::7",
    "Mozilla/5.0 Chrome/120.0.0.0 Tool/1.2.3.4 (version 1.2.3.4)",
    '{"version": "4.30.12.1", "server": "//84.112.33.7:8080", "servername": "84.112.33.7"}',
    "see https://84.112.33.7/wiki and http%3A%2F%2F84.112.33.7%2Fwiki",
    "of 1.2.3.4.5 at 12:34:56 in std::vector, dead::beef",
    "write to webmaster@example.org, logo@2x.png, @media print, Alice@bot",
])  # fmt: skip
def test_addresses_that_lead_to_no_person_are_kept(scrub, text, tmp_path):
    _, [clean] = scrub(interaction(response=text, headers={"Host": "84.112.33.7:8080"}))
    assert clean["response"]["body"]["string"] == text
    assert clean["request"]["headers"]["Host"] == ["84.112.33.7:8080"]
    assert list(audit(tmp_path / "raw.yaml")) == []


def test_a_request_with_an_address_is_replayed_with_the_same_address(tmp_path, serve, http):
    uri = serve(lambda received: answer(received.target)).uri("/", "127.0.0.1")
    asked = f"{uri}?user={IPV4}&to={EMAIL}"
    with recorder(tmp_path, record_mode="once").use(http, "it"):
        http.request(asked)
        http.request(f"{uri}?user=192.0.2.99")
    assert IPV4 not in (tmp_path / "it.yaml").read_text()
    with recorder(tmp_path).use(http, "it", allow_playback_repeats=True) as cassette:
        assert b"user=192.0.2.100" in http.request(asked)[1]
        assert http.request(f"{uri}?user=192.0.2.99")[1].endswith(b"192.0.2.99")
        with pytest.raises(NotRecordedError):
            http.request(f"{uri}?user=192.0.2.98")
        assert cassette.play_count == 2
