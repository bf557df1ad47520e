"""What is taken out of a cassette and what is left: over real sockets, by the commands' own function, and at random."""

import base64
import copy
import gzip
import json
import re
import string
from urllib.parse import quote, quote_plus, urlencode

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.cassettes import CassetteError, UnscrubbableError, audit, recorder, scrub_file, use
from httplib2_oauthlib.cassettes.scrubbing import Scrubber

from . import cassette_server
from .servers import answer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HEX = "0123456789abcdef0f1e2d3c4b5a6978"
BASE62 = "a9Xk2Lm7Qz4Rt8Vw3Yb6Nc1Pd5Sf0Gh"


def jwt(claims, alg="HS256"):
    parts = [json.dumps(part).encode() for part in ({"alg": alg, "typ": "JWT"}, claims)]
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in [*parts, b"s" * 32]]
    return ".".join(encoded)


def interaction(uri="http://wiki.test/", method="GET", body=None, headers=None, answered="", answer_headers=None):
    return {
        "request": {
            "method": method,
            "uri": uri,
            "body": body,
            "headers": {k: [v] for k, v in (headers or {}).items()},
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {k: [v] for k, v in (answer_headers or {"Content-Type": "text/plain"}).items()},
            "body": {"string": answered},
        },
    }


@pytest.fixture
def scrub(tmp_path):
    """Write a raw cassette, scrub it; return its text and its interactions."""

    def scrub(*interactions, **options):
        raw, clean = tmp_path / "raw.yaml", tmp_path / "clean.yaml"
        raw.write_text(yaml.safe_dump({"version": 1, "interactions": list(interactions)}, allow_unicode=True))
        assert scrub_file(raw, clean, **options) == len(interactions)
        text = clean.read_text()
        return text, yaml.safe_load(text)["interactions"]

    return scrub


# -- recorded


def test_no_secret_of_a_session_is_written_and_the_session_plays(tmp_path, serve):
    server = serve(cassette_server.api)
    base = server.uri("/api.php", "127.0.0.1")
    oauth = OAuth1("c0nsumer-canary", "c0nsumer-s3cret", "t0ken-canary-1", "t0ken-s3cret-1")

    def session(http, password):
        http.oauth = None
        http.request(f"{base}?meta=userinfo")
        http.oauth = oauth
        answered = json.loads(http.request(f"{base}?meta=tokens")[1])["query"]["tokens"]
        cookie = http.request(f"{base}?meta=userinfo")[0]["set-cookie"].partition(";")[0]
        login = {"lgname": "Alice", "lgpassword": password, "lgtoken": answered["logintoken"]}
        http.request(base, "POST", urlencode(login), {**FORM, "Cookie": cookie})
        edit = {"title": "A", "text": "words", "token": answered["csrftoken"]}
        http.request(
            base, "POST", urlencode(edit), {**FORM, "Cookie": cookie, "X-CSRF-Token": answered["csrftoken"][:-2]}
        )
        http.request(f"{base}?action=raw")
        http.request(f"{base}?{urlencode({'t': answered['csrftoken'], 'for': cassette_server.NAMED})}")
        return answered

    http = OAuth1Http(timeout=10)
    made = recorder(tmp_path, record_mode="once", secrets=[cassette_server.NAMED])
    with made.use(http, "session"):
        assert session(http, cassette_server.PASSWORD)["csrftoken"] == cassette_server.CSRF
    text = (tmp_path / "session.yaml").read_text()
    for secret in [*cassette_server.SECRETS, cassette_server.NAMED, "canary", "s3cret", "Liddell"]:
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret)):
            assert spelling not in text
    assert list(audit(tmp_path)) == []

    replayed = OAuth1Http(timeout=10)
    with use(replayed, "session", tmp_path) as cassette:
        tokens = session(replayed, "whatever")
        assert cassette.all_played
    # Still a token of MediaWiki's, and the one that the recorded edit carries.
    assert tokens["csrftoken"] == "SCRUBBED-csrftoken-1+\\"
    assert "token=SCRUBBED-csrftoken-1%2B%5C" in text
    assert "x-csrf-token:\n      - SCRUBBED-csrftoken-1\n" in text
    assert "meta=userinfo" in text
    assert len(server.received) == 7


# -- by name, by shape, by order


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {"Authorization": f'OAuth oauth_token="{HEX}", oauth_version="1.0", oauth_callback="oob"'},
            'OAuth oauth_token="SCRUBBED-token-1", oauth_version="1.0", oauth_callback="oob"',
        ),
        ({"authorization": "Basic QWxhZGRpbjpvcGVuc2VzYW1l"}, "Basic SCRUBBED-basic-1"),
        ({"AUTHORIZATION": f"Bearer {BASE62}"}, "Bearer SCRUBBED-bearer-1"),
        ({"Proxy-Authorization": "Negotiate YII="}, "Negotiate SCRUBBED-negotiate-1"),
        ({"Authorization": "whatever-this-is"}, "SCRUBBED-authorization-1"),
        ({"Cookie": f"a=b; session={HEX}"}, "a=SCRUBBED-cookie-1; session=SCRUBBED-cookie-2"),
        ({"X-Api-Key": "k"}, "SCRUBBED-xapikey-1"),
        ({"X-Forwarded-For": "89.160.20.112"}, "192.0.2.1"),
        (
            {"Referer": "http://wiki.test/?oauth_verifier=abc&x=1"},
            "http://wiki.test/?oauth_verifier=SCRUBBED-verifier-1&x=1",
        ),
        ({"Accept": "application/json"}, "application/json"),
        ({"If-None-Match": f'"{HEX}"'}, '"SCRUBBED-hex-21136329"'),
    ],
)
def test_a_requests_headers(scrub, headers, expected):
    _, [clean] = scrub(interaction(headers=headers))
    assert next(iter(clean["request"]["headers"].values())) == [expected]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Set-Cookie": "s=one; expires=Sat, 21 Nov 2037 22:27:29 GMT; path=/; HttpOnly"},
         "s=SCRUBBED-cookie-1; expires=Sat, 21 Nov 2037 22:27:29 GMT; path=/; HttpOnly"),
        ({"Location": "https://t.test/back?a=1&oauth_verifier=v&oauth_token=t#x"},
         "https://t.test/back?a=1&oauth_verifier=SCRUBBED-verifier-1&oauth_token=SCRUBBED-token-1#x"),
        ({"X-Client-IP": "2a02:1210:5ee4::1"}, "2001:db8::1"),
        ({"ETag": f'"{HEX}"'}, f'"{HEX}"'),
        ({"Date": "Sat, 21 Nov 2026 22:27:19 GMT"}, "Sat, 21 Nov 2026 22:27:19 GMT"),
    ],
)  # fmt: skip
def test_an_answers_headers(scrub, headers, expected):
    _, [clean] = scrub(interaction(answer_headers=headers))
    assert next(iter(clean["response"]["headers"].values())) == [expected]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("http://u:p4ss@wiki.test/", "http://u:SCRUBBED-password-1@wiki.test/"),
        ("http://wiki.test/?lgpassword=a&b=&token=%2B%5C&minor", "http://wiki.test/?lgpassword=SCRUBBED-lgpassword-1&b=&token=%2B%5C&minor"),
        ("http://wiki.test/?oauth%5Ftoken=a", "http://wiki.test/?oauth%5Ftoken=SCRUBBED-token-1"),
        ("http://wiki.test/?a[token]=x&nextPageToken=5", "http://wiki.test/?a[token]=SCRUBBED-atoken-1&nextPageToken=5"),
        ("http://wiki.test/?return=%2Fback%3Foauth_verifier%3Dabcdef%26x%3D1", "http://wiki.test/?return=%2Fback%3Foauth_verifier%3DSCRUBBED-verifier-1%26x%3D1"),
        (f"http://wiki.test/{HEX}/x?sha1=01{HEX[::-1]}", f"http://wiki.test/SCRUBBED-hex-21136329/x?sha1=01{HEX[::-1]}"),
        ("http://wiki.test/index.php/Special:MyLanguage/Manual:Configuration_settings", "http://wiki.test/index.php/Special:MyLanguage/Manual:Configuration_settings"),
    ],
)  # fmt: skip
def test_a_uri(scrub, uri, expected):
    _, [clean] = scrub(interaction(uri))
    assert clean["request"]["uri"] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"csrftoken":"a\\u00e9b+\\\\", "x": {"password": 1234, "token": ""}}',
         '{"csrftoken":"SCRUBBED-csrftoken-1+\\\\", "x": {"password": "SCRUBBED-password-1", "token": ""}}'),
        ('{"anontoken":"+\\\\"}', '{"anontoken":"+\\\\"}'),
        ('{"key":"abc","secret":"def"}', '{"key":"SCRUBBED-token-1","secret":"SCRUBBED-secret-1"}'),
        ('{"email":"a@b.test","userinfo":{"name":"89.160.20.112","realname":"A B"}}',
         '{"email":"scrubbed-1@example.org","userinfo":{"name":"192.0.2.1","realname":"SCRUBBED-realname-1"}}'),
        ('{"d":"{\\"access_token\\":\\"abc\\"}"}', '{"d":"{\\"access_token\\":\\"SCRUBBED-accesstoken-1\\"}"}'),
        ("oauth_token=a&oauth_token_secret=b&oauth_callback_confirmed=true",
         "oauth_token=SCRUBBED-token-1&oauth_token_secret=SCRUBBED-tokensecret-1&oauth_callback_confirmed=true"),
        (f'<tokens csrftoken="{HEX}+\\" />', '<tokens csrftoken="SCRUBBED-csrftoken-1+\\" />'),
        ("<a><secret>xyz</secret><b>token</b></a>", "<a><secret>SCRUBBED-secret-1</secret><b>token</b></a>"),
        ('<input value="v1" type="hidden" name="wpEditToken"/>',
         '<input value="SCRUBBED-wpedittoken-1" type="hidden" name="wpEditToken"/>'),
        ("<meta name='csrf-token' content='v1'>", "<meta name='csrf-token' content='SCRUBBED-csrftoken-1'>"),
        ("mw.user.tokens.set({patrolToken: 'v1'});", "mw.user.tokens.set({patrolToken: 'SCRUBBED-patroltoken-1'});"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "SCRUBBED-privatekey-1"),
        (f"the header was Bearer {BASE62}.", "the header was Bearer SCRUBBED-bearer-1"),
        (f"see {jwt({'a': 1}, 'RS256')} there", "see SCRUBBED-jwt-1 there"),
        (jwt({"a": 1}, "RS256"), "SCRUBBED-jwt-1"),
        (jwt({"nonce": "n", "email": "a@b.test", "n": 1}),
         'SCRUBBED-statement {"nonce": "n", "email": "scrubbed-1@example.org", "n": 1}'),
        (f"key {BASE62} here", "key SCRUBBED-random-69466648 here"),
        (f'{{"sha1": "{HEX}"}}', f'{{"sha1": "{HEX}"}}'),
        ("Basic rules. A token of thanks = nothing. secret: none",
         "Basic rules. A token of thanks = nothing. secret: none"),
        ("é 漢字 😀 &amp; <b>", "é 漢字 😀 &amp; <b>"),
    ],
)  # fmt: skip
def test_an_answers_body(scrub, body, expected):
    _, [clean] = scrub(interaction(answered=body))
    assert clean["response"]["body"]["string"] == expected


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("a=1&lgpassword=p%26w&token=x%2B%5C", FORM["Content-Type"],
         "a=1&lgpassword=SCRUBBED-lgpassword-1&token=SCRUBBED-token-1%2B%5C"),
        ("oauth_token=a;b&x=' \\", FORM["Content-Type"], "oauth_token=SCRUBBED-token-1&x=' \\"),
        ('{"password": "pw", "a": 1}', "application/json", '{"password": "SCRUBBED-password-1", "a": 1}'),
        ('--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nabc+\\\r\n--b--\r\n',
         "multipart/form-data; boundary=b",
         '--b\r\nContent-Disposition: form-data; name="token"\r\n\r\nSCRUBBED-token-1+\\\r\n--b--\r\n'),
        ("password=caf\u00e9&x=1".encode("latin-1"), FORM["Content-Type"], b"password=SCRUBBED-password-1&x=1"),
    ],
)  # fmt: skip
def test_a_requests_body(scrub, body, content_type, expected):
    _, [clean] = scrub(interaction(method="POST", body=body, headers={"Content-Type": content_type}))
    assert clean["request"]["body"] in (expected, expected if isinstance(expected, str) else expected.decode())


def test_one_secret_has_one_placeholder_however_it_is_spelled_and_wherever_it_stands(scrub):
    secret = "pä/ss w&rd<1>"
    text, clean = scrub(
        # Before anything says what it is.
        interaction(answered=f"your word is {secret}"),
        interaction(
            f"http://wiki.test/?q={quote(secret, safe='')}&r={quote_plus(secret)}&s={quote(secret, safe='').lower()}"
        ),
        interaction(method="POST", body=urlencode({"lgpassword": secret}), headers=FORM),
        interaction(answered=json.dumps({"echo": secret}), answer_headers={"X-Echo": secret}),
        interaction(answered="<p>p\u00e4/ss w&amp;rd&lt;1&gt;</p>"),
    )
    assert text.count("SCRUBBED-lgpassword-1") == 8
    assert "SCRUBBED-lgpassword-2" not in text
    assert "w&" not in text.replace("&lt;", "").replace("w&r=", "")
    assert clean[0]["response"]["body"]["string"] == "your word is SCRUBBED-lgpassword-1"


def test_different_secrets_have_different_placeholders_in_the_order_in_which_they_come(scrub):
    _, clean = scrub(*(interaction(f"http://wiki.test/?token={name}") for name in ("one", "two", "one", "three")))
    tokens = [each["request"]["uri"].rpartition("=")[2] for each in clean]
    assert tokens == [f"SCRUBBED-token-{number}" for number in (1, 2, 1, 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("an abcd1234.", "an SCRUBBED-token-1."),
        ("a=%3Dabcd1234%20", "a=%3DSCRUBBED-token-1%20"),
        ("xabcd1234 abcd12345", "xabcd1234 abcd12345"),
    ],
)
def test_a_short_secret_is_not_cut_out_of_another_word(scrub, text, expected):
    _, clean = scrub(interaction(answered=text), interaction("http://wiki.test/?token=abcd1234"))
    assert clean[0]["response"]["body"]["string"] == expected


def test_the_longest_named_secret_counts(scrub):
    _, [clean] = scrub(interaction(answered="a Zebrafish, a Zebra"), secrets=["Zebra", "Zebrafish\n"])
    assert clean["response"]["body"]["string"] == "a SCRUBBED-secret-1, a SCRUBBED-secret-2"


def test_a_common_word_is_replaced_only_where_it_is_a_secret(scrub):
    text, _ = scrub(
        interaction(method="POST", body="lgpassword=password&title=password", headers=FORM, answered="password"),
        interaction(answer_headers={"Set-Cookie": "UseDC=master; path=/"}, answered="master of the wiki"),
    )
    assert "lgpassword=SCRUBBED-lgpassword-1&title=password" in text
    assert "UseDC=SCRUBBED-cookie-1" in text
    assert "master of the wiki" in text


def test_the_wikis_own_address_stays_where_it_is_the_wikis(scrub):
    uri = "http://89.160.20.112:8080/"
    text, _ = scrub(
        interaction(uri, answered='{"userinfo":{"name":"89.160.20.112"},"server":"http://89.160.20.112:8080"}')
    )
    assert '{"userinfo":{"name":"192.0.2.1"},"server":"http://89.160.20.112:8080"}' in text


def test_scrubbing_twice_changes_nothing_and_new_secrets_get_new_numbers(scrub, tmp_path):
    once, [clean] = scrub(interaction(answered=f'{{"csrftoken":"{HEX}+\\\\","email":"a@b.test","name":"8.8.8.8"}}'))
    scrub_file(tmp_path / "clean.yaml", tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_text() == once
    _, both = scrub(interaction(answered='{"csrftoken":"other+\\\\","email":"c@d.test","name":"9.9.9.9"}'), clean)
    assert '"SCRUBBED-csrftoken-2+' in both[0]["response"]["body"]["string"]
    assert '"scrubbed-2@example.org"' in both[0]["response"]["body"]["string"]
    assert '"192.0.2.2"' in both[0]["response"]["body"]["string"]
    assert both[1] == clean


def test_lengths_are_those_of_the_scrubbed_bodies(scrub):
    body = f'{{"csrftoken":"{HEX}+\\\\"}}'
    headers = {"Content-Type": "application/json", "content-length": str(len(body))}
    _, [clean] = scrub(interaction(answered=body, answer_headers=headers))
    assert clean["response"]["headers"]["content-length"] == [str(len(clean["response"]["body"]["string"]))]


def test_what_the_caller_names_is_gone_wherever_it_stands(scrub):
    text, _ = scrub(
        interaction("http://wiki.test/Zebrafish?q=Zebrafish", headers={"User-Agent": "bot of Zebrafish"}),
        interaction(method="POST", body="text=about+Zebrafish", headers=FORM, answered="Zebrafish!"),
        secrets=["Zebrafish", None, ""],
    )
    assert "Zebrafish" not in text
    assert text.count("SCRUBBED-secret-1") == 5


def test_a_compressed_answer_is_taken_over_as_text(scrub):
    packed = gzip.compress(b'{"csrftoken":"abcdef123456+\\\\"}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    _, [clean] = scrub(interaction(answered=packed, answer_headers=headers))
    assert clean["response"]["body"]["string"] == '{"csrftoken":"SCRUBBED-csrftoken-1+\\\\"}'
    assert "Content-Encoding" not in clean["response"]["headers"]


def test_what_vcr_keeps_beside_the_requests_is_scrubbed_too(tmp_path):
    made = {"version": 1, "interactions": [], "metadata": {"password": ["pw"], "note": f"Bearer {BASE62}"}}
    raw = copy.deepcopy(made)
    clean = Scrubber().scrub(made)
    assert made == raw
    assert clean["metadata"] == {"password": ["SCRUBBED-password-1"], "note": "Bearer SCRUBBED-bearer-1"}


def test_a_binary_answer_is_refused_and_nothing_written(scrub, tmp_path):
    picture = interaction(answered=b"\x89PNG\r\n\x1a\n\x00\xff", answer_headers={"Content-Type": "image/png"})
    with pytest.raises(UnscrubbableError):
        scrub(picture)
    assert not (tmp_path / "clean.yaml").exists()
    _, [clean] = scrub(picture, binary="keep")
    assert clean["response"]["body"]["string"] == b"\x89PNG\r\n\x1a\n\x00\xff"


@pytest.mark.parametrize(
    "content", [b"[1, 2]", b"a: [", b"\xff\xfe", b"interactions: 5", b"{}", b"!!python/object:os.system {}"]
)
def test_what_is_no_cassette_is_told_so(tmp_path, content):
    (tmp_path / "raw.yaml").write_bytes(content)
    with pytest.raises(CassetteError, match="is not a vcr cassette"):
        scrub_file(tmp_path / "raw.yaml", tmp_path / "clean.yaml")
    with pytest.raises(FileNotFoundError):
        scrub_file(tmp_path / "nothing.yaml", tmp_path / "clean.yaml")


# -- at random

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
        answered=json.dumps({"q": {name: secret}}, ensure_ascii=False, indent=1),
        answer_headers={"Content-Type": "application/json"},
    ),
    "form answer": lambda name, secret: interaction(answered=urlencode({name: secret, "x": "y"})),
    "redirect": lambda name, secret: interaction(
        answer_headers={"Location": f"http://t.test/?{urlencode({name: secret})}"}
    ),
    "cookie": lambda name, secret: interaction(headers={"Cookie": f"{name}={quote(secret, safe='')}"}),
    "bearer": lambda name, secret: interaction(headers={"Authorization": f"Bearer {secret}"}),
    "OAuth": lambda name, secret: interaction(
        headers={"Authorization": f'OAuth oauth_token="{quote(secret, safe="")}"'}
    ),
}  # fmt: skip


@given(secret=secrets, name=names, place=st.sampled_from(sorted(PLACES)), echo=st.booleans())
def test_a_random_secret_in_any_place_is_gone_and_so_is_its_echo(tmp_path_factory, secret, name, place, echo):
    folder = tmp_path_factory.mktemp("random")
    interactions = [PLACES[place](name, secret)]
    if place == "raw form":
        secret = secret.replace("&", "").replace("%", "").replace("+", "")
    # A short cookie may be a number or a name that stands for something else elsewhere.
    if echo and (place != "cookie" or len(secret) >= 16):
        interactions.insert(0, interaction(answered=f"an echo: {secret} ."))
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
def test_any_text_is_scrubbed_without_an_error_and_then_passes_the_audit(tmp_path_factory, body, uri_query):
    folder = tmp_path_factory.mktemp("any")
    made = [
        interaction(
            f"http://wiki.test/?{uri_query}", "POST", body, FORM, body, {"X-Any": uri_query, "Location": uri_query}
        )
    ]
    (folder / "raw.yaml").write_text(yaml.safe_dump({"version": 1, "interactions": made}, allow_unicode=True))
    scrub_file(folder / "raw.yaml", folder / "clean.yaml")
    assert list(audit(folder / "clean.yaml")) == []


def test_an_iterator_and_a_file_are_recorded_as_their_text(tmp_path, serve):
    import io

    server = serve(lambda received: answer(received.body))
    http = OAuth1Http(timeout=10, oauth=OAuth1("a", "b", "c", "d"))
    with recorder(tmp_path, record_mode="once").use(http, "it"):
        http.request(server.uri("/", "127.0.0.1"), "POST", iter([b"one ", b"two"]), {"Content-Type": "text/plain"})
        http.request(server.uri("/", "127.0.0.1"), "POST", io.BytesIO(b"three"), {"Content-Type": "text/plain"})
    recorded = yaml.safe_load((tmp_path / "it.yaml").read_text())["interactions"]
    assert [each["request"]["body"] for each in recorded] == ["one two", "three"]


# -- texts in texts, and other places that hide a secret

SECRET = "hunter2-xq"
HIDDEN = {
    "OAuth without quotes": {"headers": {"Authorization": f"OAuth oauth_token={SECRET},oauth_signature=sig987"}},
    "OAuth with single quotes": {"headers": {"Authorization": f"OAuth oauth_token='{SECRET}'"}},
    "OAuth 2's draft": {"headers": {"Authorization": f"OAuth {SECRET}"}},
    "in a callback": {"headers": {"Authorization": f'OAuth oauth_callback="https%3A%2F%2Ft%3Fpassword%3D{SECRET}"'}},
    "JSON in a form": {"body": f"data=%7B%22password%22%3A%22{SECRET}%22%7D", "headers": FORM},
    "a nested URI": {"uri": f"http://wiki.test/?returnto=/x?token={SECRET}"},
    "encoded twice": {"uri": f"http://wiki.test/?a=b%253Ftoken%253D{SECRET}"},
    "userinfo without a name": {"uri": f"http://{SECRET}@wiki.test/"},
    "meta refresh": {"answered": f'<meta http-equiv="refresh" content="0;url=https://t/cb?oauth_verifier={SECRET}">'},
    "a query in a link": {"answered": f'<a href="?a=1&amp;returntoquery=oauth_token%3D{SECRET}%26x%3D1">'},
    "jsonfm": {"answered": f"<pre>{{\n &quot;password&quot;: &quot;{SECRET}&quot;\n}}</pre>"},
    "xmlfm": {"answered": f"<pre>&lt;tokens csrftoken=&quot;{SECRET}&quot; /></pre>"},
    "php": {"answered": f'a:1:{{s:8:"password";s:10:"{SECRET}";}}'},
    "JSON in JSON": {"answered": json.dumps({"data": json.dumps({"password": f'"{SECRET}'})})},
    "JSON thrice": {"answered": json.dumps({"a": json.dumps({"b": json.dumps({"password": SECRET})})})},
    "a list": {"answered": json.dumps({"password": [SECRET]})},
    "an object": {"answered": json.dumps({"password": {"value": SECRET}})},
    "name and value": {"answered": json.dumps([{"name": "wpPassword", "value": SECRET}])},
    "beside signs": {"answered": '{"m":["b",": "],"password":"' + SECRET + '"}'},
    "JavaScript": {"answered": f'var csrfToken = "{SECRET}";'},
    "JavaScript's quotes": {"answered": f"x({{password:'\\'{SECRET}'}})"},
    "attributes without quotes": {"answered": f"<input type=hidden name=wpEditToken value={SECRET}>"},
    "attributes with spaces": {"answered": f'<input name = "wpEditToken" value = "{SECRET}">'},
    "a sign in an attribute": {"answered": f'<input title="a>b" name="wpEditToken" value="{SECRET}">'},
    "a textarea": {"answered": f'<textarea rows=3 name="token">{SECRET}</textarea>'},
    "CDATA": {"answered": f"<password><![CDATA[{SECRET}]]></password>"},
    "XML-RPC": {"answered": f"<name>password</name><value><string>{SECRET}</string></value>"},
    "a line": {"answered": f"Hello\npassword: {SECRET}\n"},
    "headers in a batch": {"answered": f"--b\r\nContent-Type: a/http\r\n\r\nGET /\r\nCookie: s={SECRET}\r\n--b--"},
    "a cookie with a comma": {"answer_headers": {"Set-Cookie": f"s=abc,{SECRET}; path=/"}},
    "a quoted cookie": {"answer_headers": {"Set-Cookie": f's="abc;{SECRET}"; path=/'}},
    "a cookie called path": {"headers": {"Cookie": f"path={SECRET}; priority=1"}},
    "a cookie without a name": {"headers": {"Cookie": SECRET}},
    "several cookies": {"answer_headers": {"Set-Cookie": f"a=1; path=/, b={SECRET}; path=/"}},
    "a semicolon": {"body": f"password=abc;{SECRET}", "headers": {"Content-Type": "text/plain"}},
    "a number in brackets": {"uri": f"http://wiki.test/?token[0]={SECRET}"},
    "PHP's session": {"uri": f"http://wiki.test/?PHPSESSID={SECRET}"},
    "an unclosed multipart": {
        "body": f'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{SECRET}',
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    },
    "Basic's password elsewhere": {
        "headers": {"Authorization": "Basic " + base64.b64encode(f"alice:{SECRET}".encode()).decode()},
        "answered": f"you sent {SECRET}",
    },
}  # fmt: skip


@pytest.mark.parametrize("where", HIDDEN)
def test_a_secret_is_found_wherever_it_hides(scrub, where, tmp_path):
    made = {"uri": "http://wiki.test/", "method": "POST", **HIDDEN[where]}
    text, _ = scrub(interaction(**made))
    assert SECRET not in text
    assert list(audit(tmp_path / "clean.yaml")) == []
    assert any(True for _ in audit(tmp_path / "raw.yaml"))


def test_personal_names_and_addresses_are_found_wherever_they_stand(scrub):
    text, _ = scrub(
        interaction(
            headers={"X-Forwarded-For": "89.160.20.112, 10.1.2.3", "Forwarded": "for=89.160.20.112"},
            method="POST",
            body="wpEmail=a@private.test&wpRealName=Alice+Real",
        ),
        interaction(answered='{"wgRelevantUserName":"89.160.20.112","query":{"userinfo":{"email":"a@private.test"}}}'),
        interaction(answered='{"name":"2001:0db9:0::0001"}, at 2001:db9::1'),
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
def test_a_known_secret_is_found_in_every_spelling(scrub, spelling):
    secret = 'it\'s "q" & <b> +7/=\\x'
    login = interaction(method="POST", body=urlencode({"lgpassword": secret}), headers=FORM)
    _, clean = scrub(interaction(answered=f"an echo: {spelling}!"), login)
    assert clean[0]["response"]["body"]["string"] == "an echo: SCRUBBED-lgpassword-1!"


def test_a_login_of_mediawiki_leaves_its_answers_as_they_are_but_for_secrets(scrub):
    cookies = ["wikiUserID=48765432; path=/", "wikiUserName=JJMC89%20bot; path=/", "last=%2Fapi.php; path=/"]
    made = interaction(answered='{"userinfo":{"id":48765432,"name":"JJMC89 bot"},"uri":"/api.php"}')
    made["response"]["headers"]["Set-Cookie"] = cookies
    _, [clean] = scrub(made)
    assert clean["response"]["body"]["string"] == '{"userinfo":{"id":48765432,"name":"JJMC89 bot"},"uri":"/api.php"}'
    assert clean["response"]["headers"]["Set-Cookie"][0] == "wikiUserID=SCRUBBED-cookie-1; path=/"


@pytest.mark.parametrize("body", [
    '{"secret_santa":"a","secretary":"b","hidetoken":"c","passwordPolicy":{"min":8},"nextPageToken":"d"}',
    '<form enctype="multipart/form-data">\n<input name="x" value="y"/>\n\n<textarea>Hello\n--Alice\n</textarea>',
    "Password reset is at [[Special:PasswordReset]]. Token: none of it.",
])  # fmt: skip
def test_what_only_sounds_secret_is_left(scrub, body):
    _, [clean] = scrub(interaction(answered=body))
    assert clean["response"]["body"]["string"] == body


def test_json_stays_json(scrub):
    made = {"ok": True, "otptoken": 123456, "list": [1, None], "password": None, "token": False}
    _, [clean] = scrub(interaction(answered=json.dumps(made)))
    assert json.loads(clean["response"]["body"]["string"]) == {**made, "otptoken": "SCRUBBED-otptoken-1"}


def test_placeholders_stay_whole(scrub):
    _, clean = scrub(
        interaction("http://wiki.test/?token=abcdefgh12345678"),
        interaction(answered="abcdefgh123456787 and b", headers={"Cookie": "a=b"}),
        interaction(answered='{"email":"a@b.test","password":"example.org1"}', headers={"X": "at example.org1"}),
    )
    assert clean[1]["response"]["body"]["string"] == "SCRUBBED-token-1~7 and b"
    assert '"scrubbed-1@example.org"' in clean[2]["response"]["body"]["string"]


def test_text_with_signs_that_no_text_holds_is_none(scrub):
    body, type_ = '{"password":"x"}'.encode("utf-16-le"), {"Content-Type": "application/json"}
    with pytest.raises(UnscrubbableError):
        scrub(interaction(answered=body, answer_headers=type_))


@pytest.mark.parametrize(
    "content_type", ["text/html; charset=cp037", "text/html; charset=utf-7", "text/x; charset=none-such"]
)
def test_a_code_in_which_ascii_looks_otherwise_is_no_text(scrub, content_type):
    with pytest.raises(UnscrubbableError):
        scrub(interaction(answered="password+AD0-x", answer_headers={"Content-Type": content_type}))


def test_a_text_of_megabytes_is_scrubbed_in_a_time_that_grows_with_it(scrub):
    """Quadratic time would take hours here; the time-out of a test is a minute."""
    words = 'Words of a wiki, [[links]], {{templates|a=b}} and <ref name="x">references</ref>.\n'
    boxes = "".join(f'<input name="wp{number}" type="checkbox" value="1"/>\n\n' for number in range(8000))
    made = [
        interaction(method="POST", body=urlencode({"text": words * 8000, "token": SECRET}), headers=FORM),
        interaction(answered=f'<form enctype="multipart/form-data">\n{boxes}</form>'),
        interaction(answered="text=" + "token%3Dabcdefg1%26" * 20000),
    ]
    made += [
        interaction(headers={"Authorization": f'OAuth oauth_token="{number:032x}", oauth_nonce="{number:029d}"'})
        for number in range(10**15, 10**15 + 500)
    ]
    text, _ = scrub(*made)
    assert SECRET not in text
