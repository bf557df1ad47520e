"""Scrubbing of random secrets and random text."""

import json
import re
import string
from urllib.parse import quote, quote_plus, urlencode

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from httplib2_oauthlib.cassettes import audit, scrub_file

from .interactions import interaction
from .traffic import FORM

_ALPHABETS = {
    "hex": "0123456789abcdef",
    "base62": string.ascii_letters + string.digits,
    "printable": string.ascii_letters + string.digits + "!#$%&()*+,-./:;<=>?@[]^_{|}~é漢",
}

secrets = st.sampled_from(sorted(_ALPHABETS)).flatmap(
    lambda name: st.text(_ALPHABETS[name], min_size=10, max_size=40).filter(
        lambda text: (
            any(char.isdigit() for char in text)
            and any(char.isalpha() for char in text)
            and len(set(text)) > 6
            and "SCRUBBED" not in text
        )
    )
)


names = st.sampled_from(["token", "lgtoken", "csrftoken", "lgpassword", "oauth_token", "oauth_token_secret", "apikey"])

PLACES = {
    "query": lambda name, secret: interaction(f"http://wiki.test/?a=1&{urlencode({name: secret})}&b=2"),
    "form": lambda name, secret: interaction(method="POST", body=urlencode({"a": 1, name: secret}), headers=FORM),
    "raw form": lambda name, secret: interaction(
        method="POST", body=f"a=1&{name}={secret.replace('&', '').replace('%', '').replace('+', '')}", headers=FORM
    ),
    "multipart": lambda name, secret: interaction(
        method="POST",
        body=f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{secret}\r\n--b--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    ),
    "sent JSON": lambda name, secret: interaction(
        method="POST", body=json.dumps({"a": [{name: secret}]}), headers={"Content-Type": "application/json"}
    ),
    "JSON": lambda name, secret: interaction(
        response=json.dumps({"q": {name: secret}}, ensure_ascii=False, indent=1),
        response_headers={"Content-Type": "application/json"},
    ),
    "form answer": lambda name, secret: interaction(response=urlencode({name: secret, "x": "y"})),
    "redirect": lambda name, secret: interaction(
        response_headers={"Location": f"http://t.test/?{urlencode({name: secret})}"}
    ),
    "cookie": lambda name, secret: interaction(headers={"Cookie": f"{name}={quote(secret, safe='')}"}),
    "bearer": lambda name, secret: interaction(headers={"Authorization": f"Bearer {secret}"}),
    "OAuth": lambda name, secret: interaction(
        headers={"Authorization": f'OAuth oauth_token="{quote(secret, safe="")}"'}
    ),
}  # fmt: skip


@pytest.mark.slow
@given(secret=secrets, name=names, place=st.sampled_from(sorted(PLACES)), echo=st.booleans())
def test_a_random_secret_and_its_echo_are_scrubbed_in_any_place(tmp_path_factory, secret, name, place, echo):
    folder = tmp_path_factory.mktemp("random")
    interactions = [PLACES[place](name, secret)]
    if place == "raw form":
        secret = secret.replace("&", "").replace("%", "").replace("+", "")
    # A short cookie may be a number or a name that means something else elsewhere, so its echoes are kept.
    if echo and (place != "cookie" or len(secret) >= 16):
        interactions.insert(0, interaction(response=f"an echo: {secret} ."))
    (folder / "raw.yaml").write_text(yaml.safe_dump({"version": 1, "interactions": interactions}, allow_unicode=True))
    assert any(True for _ in audit(folder / "raw.yaml"))
    scrub_file(folder / "raw.yaml", folder / "clean.yaml")
    clean = json.dumps(yaml.safe_load((folder / "clean.yaml").read_text()), ensure_ascii=False)
    for spelling in {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}:
        assert json.dumps(spelling, ensure_ascii=False)[1:-1] not in clean
    assert list(audit(folder / "clean.yaml")) == []
    assert re.search(r"SCRUBBED-[a-z0-9]+-[0-9]", clean)


@given(
    body=st.text(st.characters(blacklist_categories=["Cs", "Cc"])),
    uri_query=st.text(string.printable[:94], max_size=60),
)
def test_any_text_is_scrubbed_without_error_and_passes_the_audit(tmp_path_factory, body, uri_query):
    folder = tmp_path_factory.mktemp("any")
    made = [
        interaction(
            f"http://wiki.test/?{uri_query}", "POST", body, FORM, body, {"X-Any": uri_query, "Location": uri_query}
        )
    ]
    (folder / "raw.yaml").write_text(yaml.safe_dump({"version": 1, "interactions": made}, allow_unicode=True))
    scrub_file(folder / "raw.yaml", folder / "clean.yaml")
    assert list(audit(folder / "clean.yaml")) == []
