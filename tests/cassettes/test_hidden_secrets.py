"""Secrets that are hard to find: text within text, unusual spellings and unusual places."""

import base64
import json
from urllib.parse import urlencode

import pytest

from httplib2_oauthlib.cassettes import UnscrubbableError, audit

from .interactions import interaction
from .traffic import FORM

SECRET = "hunter2-xq"
# Under some names, only a value that looks like a key is secret.
KEY = "k9fd17148czz"
UUID = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
HIDDEN = {
    "OAuth without quotes": {"headers": {"Authorization": f"OAuth oauth_token={SECRET},oauth_signature=sig987"}},
    "OAuth with single quotes": {"headers": {"Authorization": f"OAuth oauth_token='{SECRET}'"}},
    "OAuth 2's draft": {"headers": {"Authorization": f"OAuth {SECRET}"}},
    "in a callback": {"headers": {"Authorization": f'OAuth oauth_callback="https%3A%2F%2Ft%3Fpassword%3D{SECRET}"'}},
    "JSON in a form": {"body": f"data=%7B%22password%22%3A%22{SECRET}%22%7D", "headers": FORM},
    "a nested URI": {"uri": f"http://wiki.test/?returnto=/x?token={SECRET}"},
    "encoded twice": {"uri": f"http://wiki.test/?a=b%253Ftoken%253D{SECRET}"},
    "userinfo without a name": {"uri": f"http://{SECRET}@wiki.test/"},
    "meta refresh": {"response": f'<meta http-equiv="refresh" content="0;url=https://t/cb?oauth_verifier={SECRET}">'},
    "a query in a link": {"response": f'<a href="?a=1&amp;returntoquery=oauth_token%3D{SECRET}%26x%3D1">'},
    "jsonfm": {"response": f"<pre>{{\n &quot;password&quot;: &quot;{SECRET}&quot;\n}}</pre>"},
    "xmlfm": {"response": f"<pre>&lt;tokens csrftoken=&quot;{SECRET}&quot; /></pre>"},
    "php": {"response": f'a:1:{{s:8:"password";s:10:"{SECRET}";}}'},
    "JSON in JSON": {"response": json.dumps({"data": json.dumps({"password": f'"{SECRET}'})})},
    "JSON in JSON in JSON": {"response": json.dumps({"a": json.dumps({"b": json.dumps({"password": SECRET})})})},
    "a list": {"response": json.dumps({"password": [SECRET]})},
    "an object": {"response": json.dumps({"password": {"value": SECRET}})},
    "name and value": {"response": json.dumps([{"name": "wpPassword", "value": SECRET}])},
    "beside punctuation": {"response": '{"m":["b",": "],"password":"' + SECRET + '"}'},
    "JavaScript": {"response": f'var csrfToken = "{SECRET}";'},
    "JavaScript's quotes": {"response": f"x({{password:'\\'{SECRET}'}})"},
    "attributes without quotes": {"response": f"<input type=hidden name=wpEditToken value={SECRET}>"},
    "attributes with spaces": {"response": f'<input name = "wpEditToken" value = "{SECRET}">'},
    "> in an attribute": {"response": f'<input title="a>b" name="wpEditToken" value="{SECRET}">'},
    "a textarea": {"response": f'<textarea rows=3 name="token">{SECRET}</textarea>'},
    "CDATA": {"response": f"<password><![CDATA[{SECRET}]]></password>"},
    "XML-RPC": {"response": f"<name>password</name><value><string>{SECRET}</string></value>"},
    "a line of text": {"response": f"Hello\npassword: {SECRET}\n"},
    "headers in a batch": {"response": f"--b\r\nContent-Type: a/http\r\n\r\nGET /\r\nCookie: s={SECRET}\r\n--b--"},
    "a cookie with a comma": {"response_headers": {"Set-Cookie": f"s=abc,{SECRET}; path=/"}},
    "a quoted cookie": {"response_headers": {"Set-Cookie": f's="abc;{SECRET}"; path=/'}},
    "a cookie called path": {"headers": {"Cookie": f"path={SECRET}; priority=1"}},
    "a cookie without a name": {"headers": {"Cookie": SECRET}},
    "several cookies": {"response_headers": {"Set-Cookie": f"a=1; path=/, b={SECRET}; path=/"}},
    "a semicolon": {"body": f"password=abc;{SECRET}", "headers": {"Content-Type": "text/plain"}},
    "a number in brackets": {"uri": f"http://wiki.test/?token[0]={SECRET}"},
    "PHP's session": {"uri": f"http://wiki.test/?PHPSESSID={SECRET}"},
    "an unclosed multipart": {
        "body": f'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{SECRET}',
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    },
    "a cookie in JavaScript": {"response": f'document.cookie = "s={SECRET}; path=/";'},
    "a cookie of a command": {"response": f"curl -H 'Cookie: s={SECRET}' http://wiki.test/"},
    "a header of a command": {"response": f'curl -H "X-CSRF-Token: {SECRET}" http://wiki.test/'},
    "cookies in JSON": {"response": json.dumps({"cookies": [{"value": SECRET, "name": "s", "domain": "x"}]})},
    "a cookie in JSON": {"response": json.dumps({"headers": {"cookie": f"s={SECRET}"}})},
    "a new cookie in JSON": {"response": json.dumps({"headers": {"Set-Cookie": [f"s={SECRET}; path=/"]}})},
    "a cookie of a log": {"response": json.dumps({"headers": [{"name": "Cookie", "value": f"s={SECRET}"}]})},
    "value before name": {"response": json.dumps({"value": SECRET, "name": "password"})},
    "key and value": {"response": json.dumps({"key": "token", "value": SECRET})},
    "MediaWiki's watchlist": {"response": json.dumps({"options": {"watchlisttoken": SECRET}})},
    "an INI file": {"response": f"[wiki]\nclient_secret = {SECRET}\n"},
    "a shell": {"response": f"export API_KEY={SECRET}\n"},
    "YAML": {"response": f"wiki:\n  client_secret: {SECRET}\n"},
    "a passphrase of words": {"response": f"password = correct horse {SECRET}\n"},
    "Ruby": {"response": f"'password' => '{SECRET}'"},
    "a member in JavaScript": {"response": f"config['csrfToken'] = '{SECRET}'; window.token = '{SECRET}'"},
    "a template in JavaScript": {"response": f"<script>var csrfToken = `{SECRET}`;</script>"},
    "a call in JavaScript": {"response": f"<script>xhr.setRequestHeader('X-CSRF-Token', '{SECRET}');</script>"},
    "a storage": {"response": f'localStorage.setItem("access_token", "{SECRET}")'},
    "a preamble": {
        "body": f'pre\r\n--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{SECRET}\r\n--b--\r\n',
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    },
    "pw": {"body": f"pw={SECRET}", "headers": FORM},
    "a confirmed password": {"body": f"user[password_confirmation]={SECRET}", "headers": FORM},
    "a repeated password": {"body": f"passwordAgain={SECRET}&pass2={SECRET}", "headers": FORM},
    "a subscription": {"headers": {"Ocp-Apim-Subscription-Key": SECRET}},
    "an unknown scheme": {"headers": {"Authorization": f"{SECRET} x"}},
    "a request's short password": {"body": "pw=h2zw", "headers": FORM, "response": "you sent h2zw!", "hidden": "h2zw"},
    "a request's code": {"body": "otp=123456", "headers": FORM, "response": "it was 123456", "hidden": "123456"},
    "a request's name": {"body": "realname=Zo%C3%AB+Roe-M", "headers": FORM, "response": "Zoë Roe-M", "hidden": "-M"},
    "a request's cookie": {"headers": {"Cookie": f"s={KEY}"}, "response": f"s was {KEY}", "hidden": KEY},
    "a list of tokens": {"response": json.dumps({"tokens": [KEY]}), "hidden": KEY},
    "tokens by name": {"response": json.dumps({"tokens": {"edit": KEY}}), "hidden": KEY},
    "a list of pairs": {"response": json.dumps({"headers": [["X-CSRF-Token", KEY]]}), "hidden": KEY},
    "prose": {"response": f"with client_secret = {KEY}, it works", "hidden": KEY},
    "a UUID": {"response": json.dumps({"licenseKey": UUID, "key": UUID}), "hidden": UUID},
    "a shop's key": {"response": f"use ck_{'0a1b2c3d4e' * 4}.", "hidden": "ck_0a"},
    "a bank's key": {"uri": "http://wiki.test/sk_live_4eC39HqLyjWDarjtT1zdp7dc", "hidden": "sk_live"},
    "a cloud's key": {"response": "AKIA" + "IOSFODNN7ABCDEFG", "hidden": "AKIA"},
    "Basic's password elsewhere": {
        "headers": {"Authorization": "Basic " + base64.b64encode(f"alice:{SECRET}".encode()).decode()},
        "response": f"you sent {SECRET}",
    },
}  # fmt: skip


@pytest.mark.parametrize("where", HIDDEN)
def test_a_secret_in_an_unusual_place_is_scrubbed(scrub, where, tmp_path):
    made = {"uri": "http://wiki.test/", "method": "POST", **HIDDEN[where]}
    hidden = made.pop("hidden", SECRET)
    text, _ = scrub(interaction(**made))
    assert hidden not in text
    assert list(audit(tmp_path / "clean.yaml")) == []
    assert any(True for _ in audit(tmp_path / "raw.yaml"))


def test_personal_names_and_addresses_are_scrubbed_everywhere(scrub):
    text, _ = scrub(
        interaction(
            headers={"X-Forwarded-For": "89.160.20.112, 10.1.2.3", "Forwarded": "for=89.160.20.112"},
            method="POST",
            body="wpEmail=a@private.test&wpRealName=Alice+Real",
        ),
        interaction(response='{"wgRelevantUserName":"89.160.20.112","query":{"userinfo":{"email":"a@private.test"}}}'),
        interaction(response='{"name":"2001:0db9:0::0001"}, at 2001:db9::1'),
    )
    for word in ("89.160", "10.1.2", "private", "Alice", "2001:0db9", "2001:db9"):
        assert word not in text
    assert text.count("scrubbed-1@example.org") == 2
    assert text.count("2001:db8::") == 2


@pytest.mark.parametrize("spelling", [
    "it's &quot;q&quot; &amp; &lt;b&gt; +7/=\\x", "it&#039;s &#34;q&#34; &#38; &#x3c;b&#x3E; +7/=\\x",
    "it\\u0027s \\u0022q\\u0022 \\u0026 \\u003cb\\u003E +7/=\\\\x", "it%27s+%22q%22+%26+%3cb%3E+%2B7%2f%3D%5Cx",
    "it%2527s%2520%2522q%2522%2520%2526%2520%253cb%253E%2520%252B7%252f%253D%255Cx",
    'it\\\'s \\"q\\" & <b> +7\\/=\\\\x',
])  # fmt: skip
def test_a_known_secret_is_scrubbed_in_every_encoding(scrub, spelling):
    secret = 'it\'s "q" & <b> +7/=\\x'
    login = interaction(method="POST", body=urlencode({"lgpassword": secret}), headers=FORM)
    _, clean = scrub(interaction(response=f"an echo: {spelling}!"), login)
    assert clean[0]["response"]["body"]["string"] == "an echo: SCRUBBED-lgpassword-1!"


def test_harmless_cookie_values_are_kept_in_bodies(scrub):
    cookies = ["wikiUserID=48765432; path=/", "wikiUserName=JJMC89%20bot; path=/", "last=%2Fapi.php; path=/"]
    made = interaction(response='{"userinfo":{"id":48765432,"name":"JJMC89 bot"},"uri":"/api.php"}')
    made["response"]["headers"]["Set-Cookie"] = cookies
    _, [clean] = scrub(made)
    assert clean["response"]["body"]["string"] == '{"userinfo":{"id":48765432,"name":"JJMC89 bot"},"uri":"/api.php"}'
    assert clean["response"]["headers"]["Set-Cookie"][0] == "wikiUserID=SCRUBBED-cookie-1; path=/"


@pytest.mark.parametrize("body", [
    '{"secret_santa":"a","secretary":"b","hidetoken":"c","passwordPolicy":{"min":8},"nextPageToken":"d"}',
    '<form enctype="multipart/form-data">\n<input name="x" value="y"/>\n\n<textarea>Hello\n--Alice\n</textarea>',
    "Password reset is at [[Special:PasswordReset]]. Token: none of it.",
    '{"tokens":["the","second","word"],"session":"spring 2026","required":["password","email"],"signature":"[[A]]"}',
    "token = mw.user.tokens.get( 'csrfToken' );\nvar pass = false; $( '<input>' ).attr( 'name', 'password' );",
    '<a accesskey="f" href="#">Idempotency-Key: 3f2504e0-4f89-41d3-9a0c-0305e82c3301</a>',
])  # fmt: skip
def test_text_that_only_sounds_secret_is_kept(scrub, body):
    _, [clean] = scrub(interaction(response=body))
    assert clean["response"]["body"]["string"] == body


def test_scrubbed_json_is_still_valid_json(scrub):
    made = {"ok": True, "otptoken": 123456, "list": [1, None], "password": None, "token": False}
    _, [clean] = scrub(interaction(response=json.dumps(made)))
    assert json.loads(clean["response"]["body"]["string"]) == {**made, "otptoken": "SCRUBBED-otptoken-1"}


def test_a_placeholder_is_never_scrubbed_or_extended(scrub):
    _, clean = scrub(
        interaction("http://wiki.test/?token=abcdefgh12345678"),
        interaction(response="abcdefgh123456787 and b", headers={"Cookie": "a=b"}),
        interaction(response='{"email":"a@b.test","password":"example.org1"}', headers={"X": "at example.org1"}),
    )
    assert clean[1]["response"]["body"]["string"] == "SCRUBBED-token-1~7 and b"
    assert '"scrubbed-1@example.org"' in clean[2]["response"]["body"]["string"]


def test_a_body_with_null_bytes_is_not_treated_as_text(scrub):
    body, type_ = '{"password":"x"}'.encode("utf-16-le"), {"Content-Type": "application/json"}
    with pytest.raises(UnscrubbableError):
        scrub(interaction(response=body, response_headers=type_))


@pytest.mark.parametrize(
    "content_type", ["text/html; charset=cp037", "text/html; charset=utf-7", "text/x; charset=none-such"]
)
def test_a_charset_that_is_not_ascii_compatible_is_refused(scrub, content_type):
    with pytest.raises(UnscrubbableError):
        scrub(interaction(response="password+AD0-x", response_headers={"Content-Type": content_type}))
