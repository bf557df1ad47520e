"""The values that are replaced in a cassette, and those that are kept."""

import copy
import gzip
import json
from urllib.parse import quote, quote_plus, urlencode

import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http
from httplib2_oauthlib.cassettes import CassetteError, UnscrubbableError, audit, recorder, scrub_file, use
from httplib2_oauthlib.cassettes.scrubbing import Scrubber

from . import secretive_wiki
from .interactions import interaction, jwt
from .traffic import BASE62, FORM, HEX, multipart, with_line_feeds


def test_a_recorded_session_holds_no_secret_and_can_be_replayed(tmp_path, serve):
    server = serve(secretive_wiki.api)
    base = server.uri("/api.php", "127.0.0.1")
    oauth = OAuth1("c0nsumer-canary", "c0nsumer-s3cret", "t0ken-canary-1", "t0ken-s3cret-1")

    def session(http, password):
        http.oauth = None
        http.request(f"{base}?meta=userinfo")
        http.oauth = oauth
        tokens = json.loads(http.request(f"{base}?meta=tokens")[1])["query"]["tokens"]
        cookie = http.request(f"{base}?meta=userinfo")[0]["set-cookie"].partition(";")[0]
        login = {"lgname": "Alice", "lgpassword": password, "lgtoken": tokens["logintoken"]}
        http.request(base, "POST", urlencode(login), {**FORM, "Cookie": cookie})
        edit = {"title": "A", "text": "words", "token": tokens["csrftoken"]}
        http.request(
            base, "POST", urlencode(edit), {**FORM, "Cookie": cookie, "X-CSRF-Token": tokens["csrftoken"][:-2]}
        )
        http.request(f"{base}?action=raw")
        http.request(f"{base}?{urlencode({'t': tokens['csrftoken'], 'for': secretive_wiki.NAMED})}")
        return tokens

    http = OAuth1Http(timeout=10)
    made = recorder(tmp_path, record_mode="once", secrets=[secretive_wiki.NAMED])
    with made.use(http, "session"):
        assert session(http, secretive_wiki.PASSWORD)["csrftoken"] == secretive_wiki.CSRF
    text = (tmp_path / "session.yaml").read_text()
    for secret in [*secretive_wiki.SECRETS, secretive_wiki.NAMED, "canary", "s3cret", "Liddell"]:
        for spelling in (secret, quote(secret, safe=""), quote_plus(secret)):
            assert spelling not in text
    assert list(audit(tmp_path)) == []

    replayed = OAuth1Http(timeout=10)
    with use(replayed, "session", tmp_path) as cassette:
        tokens = session(replayed, "whatever")
        assert cassette.all_played
    # It still looks like a MediaWiki token, and the recorded edit holds the same placeholder.
    assert tokens["csrftoken"] == "SCRUBBED-csrftoken-1+\\"
    assert "token=SCRUBBED-csrftoken-1%2B%5C" in text
    assert "x-csrf-token:\n      - SCRUBBED-csrftoken-1\n" in text
    assert "meta=userinfo" in text
    assert len(server.received) == 7


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
def test_request_headers_are_scrubbed_by_name_and_shape(scrub, headers, expected):
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
def test_response_headers_are_scrubbed_by_name_and_shape(scrub, headers, expected):
    _, [clean] = scrub(interaction(response_headers=headers))
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
def test_uris_are_scrubbed_by_name_and_shape(scrub, uri, expected):
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
def test_response_bodies_are_scrubbed_by_name_and_shape(scrub, body, expected):
    _, [clean] = scrub(interaction(response=body))
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
def test_request_bodies_are_scrubbed_by_name_and_keep_their_format(scrub, body, content_type, expected):
    _, [clean] = scrub(interaction(method="POST", body=body, headers={"Content-Type": content_type}))
    assert clean["request"]["body"] in (expected, expected if isinstance(expected, str) else expected.decode())


def test_one_secret_has_one_placeholder_in_every_encoding_and_place(scrub):
    secret = "pä/ss w&rd<1>"
    text, clean = scrub(
        # This interaction comes before the one that shows that the word is a password.
        interaction(response=f"your word is {secret}"),
        interaction(
            f"http://wiki.test/?q={quote(secret, safe='')}&r={quote_plus(secret)}&s={quote(secret, safe='').lower()}"
        ),
        interaction(method="POST", body=urlencode({"lgpassword": secret}), headers=FORM),
        interaction(response=json.dumps({"echo": secret}), response_headers={"X-Echo": secret}),
        interaction(response="<p>p\u00e4/ss w&amp;rd&lt;1&gt;</p>"),
    )
    assert text.count("SCRUBBED-lgpassword-1") == 8
    assert "SCRUBBED-lgpassword-2" not in text
    assert "w&" not in text.replace("&lt;", "").replace("w&r=", "")
    assert clean[0]["response"]["body"]["string"] == "your word is SCRUBBED-lgpassword-1"


def test_placeholders_are_numbered_in_order_of_first_use(scrub):
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
    _, clean = scrub(interaction(response=text), interaction("http://wiki.test/?token=abcd1234"))
    assert clean[0]["response"]["body"]["string"] == expected


def test_the_longest_named_secret_is_replaced_first(scrub):
    _, [clean] = scrub(interaction(response="a Zebrafish, a Zebra"), secrets=["Zebra", "Zebrafish\n"])
    assert clean["response"]["body"]["string"] == "a SCRUBBED-secret-1, a SCRUBBED-secret-2"


def test_a_common_word_is_replaced_only_where_it_is_a_secret(scrub):
    text, _ = scrub(
        interaction(method="POST", body="lgpassword=password&title=password", headers=FORM, response="password"),
        interaction(response_headers={"Set-Cookie": "UseDC=master; path=/"}, response="master of the wiki"),
    )
    assert "lgpassword=SCRUBBED-lgpassword-1&title=password" in text
    assert "UseDC=SCRUBBED-cookie-1" in text
    assert "master of the wiki" in text


def test_the_wikis_own_address_is_kept_in_uris(scrub):
    uri = "http://89.160.20.112:8080/"
    text, _ = scrub(
        interaction(uri, response='{"userinfo":{"name":"89.160.20.112"},"server":"http://89.160.20.112:8080"}')
    )
    assert '{"userinfo":{"name":"192.0.2.1"},"server":"http://89.160.20.112:8080"}' in text


def test_scrubbing_twice_changes_nothing_and_new_secrets_get_new_numbers(scrub, tmp_path):
    once, [clean] = scrub(interaction(response=f'{{"csrftoken":"{HEX}+\\\\","email":"a@b.test","name":"8.8.8.8"}}'))
    scrub_file(tmp_path / "clean.yaml", tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_text() == once
    _, both = scrub(interaction(response='{"csrftoken":"other+\\\\","email":"c@d.test","name":"9.9.9.9"}'), clean)
    assert '"SCRUBBED-csrftoken-2+' in both[0]["response"]["body"]["string"]
    assert '"scrubbed-2@example.org"' in both[0]["response"]["body"]["string"]
    assert '"192.0.2.2"' in both[0]["response"]["body"]["string"]
    assert both[1] == clean


def test_content_length_is_that_of_the_scrubbed_body(scrub):
    body = f'{{"csrftoken":"{HEX}+\\\\"}}'
    headers = {"Content-Type": "application/json", "content-length": str(len(body))}
    _, [clean] = scrub(interaction(response=body, response_headers=headers))
    assert clean["response"]["headers"]["content-length"] == [str(len(clean["response"]["body"]["string"]))]


def test_named_secrets_are_scrubbed_everywhere(scrub):
    text, _ = scrub(
        interaction("http://wiki.test/Zebrafish?q=Zebrafish", headers={"User-Agent": "bot of Zebrafish"}),
        interaction(method="POST", body="text=about+Zebrafish", headers=FORM, response="Zebrafish!"),
        secrets=["Zebrafish", None, ""],
    )
    assert "Zebrafish" not in text
    assert text.count("SCRUBBED-secret-1") == 5


def test_a_compressed_response_is_scrubbed_as_text(scrub):
    packed = gzip.compress(b'{"csrftoken":"abcdef123456+\\\\"}')
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    _, [clean] = scrub(interaction(response=packed, response_headers=headers))
    assert clean["response"]["body"]["string"] == '{"csrftoken":"SCRUBBED-csrftoken-1+\\\\"}'
    assert "Content-Encoding" not in clean["response"]["headers"]


def test_other_keys_of_a_cassette_are_scrubbed_too(tmp_path):
    made = {"version": 1, "interactions": [], "metadata": {"password": ["pw"], "note": f"Bearer {BASE62}"}}
    raw = copy.deepcopy(made)
    clean = Scrubber().scrub(made)
    assert made == raw
    assert clean["metadata"] == {"password": ["SCRUBBED-password-1"], "note": "Bearer SCRUBBED-bearer-1"}


def test_a_binary_response_is_refused_and_no_file_is_written(scrub, tmp_path):
    picture = interaction(response=b"\x89PNG\r\n\x1a\n\x00\xff", response_headers={"Content-Type": "image/png"})
    with pytest.raises(UnscrubbableError):
        scrub(picture)
    assert not (tmp_path / "clean.yaml").exists()
    _, [clean] = scrub(picture, binary="keep")
    assert clean["response"]["body"]["string"] == b"\x89PNG\r\n\x1a\n\x00\xff"


@pytest.mark.parametrize("options", [{}, {"binary": "keep"}])
@pytest.mark.parametrize("convert", [lambda *parts: parts, with_line_feeds], ids=["CRLF", "LF"])
def test_an_upload_is_scrubbed_and_its_file_described(scrub, convert, options):
    body, headers = convert(*multipart("b", [("token", HEX), ("comment", "kept")], b"\x89PNG\x00\xff"))
    text, [clean] = scrub(interaction(method="POST", body=body, headers=headers), **options)
    assert HEX not in text
    assert "kept" in clean["request"]["body"]
    assert "SCRUBBED-binary 6 bytes" in clean["request"]["body"]


@pytest.mark.parametrize(
    "content", [b"[1, 2]", b"a: [", b"\xff\xfe", b"interactions: 5", b"{}", b"!!python/object:os.system {}"]
)
def test_scrubbing_a_file_that_is_not_a_cassette_raises(tmp_path, content):
    (tmp_path / "raw.yaml").write_bytes(content)
    with pytest.raises(CassetteError, match="is not a vcr cassette"):
        scrub_file(tmp_path / "raw.yaml", tmp_path / "clean.yaml")
    with pytest.raises(FileNotFoundError):
        scrub_file(tmp_path / "nothing.yaml", tmp_path / "clean.yaml")


def test_a_long_text_is_scrubbed_in_a_time_proportional_to_its_length(scrub):
    """In quadratic time, this test would exceed the timeout of one minute."""
    secret = "hunter2-xq"
    words = 'Words of a wiki, [[links]], {{templates|a=b}} and <ref name="x">references</ref>.\n'
    boxes = "".join(f'<input name="wp{number}" type="checkbox" value="1"/>\n\n' for number in range(2000))
    made = [
        interaction(method="POST", body=urlencode({"text": words * 2000, "token": secret}), headers=FORM),
        interaction(response=f'<form enctype="multipart/form-data">\n{boxes}</form>'),
        interaction(response="text=" + "token%3Dabcdefg1%26" * 5000),
    ]
    made += [
        interaction(headers={"Authorization": f'OAuth oauth_token="{number:032x}", oauth_nonce="{number:029d}"'})
        for number in range(10**15, 10**15 + 125)
    ]
    text, _ = scrub(*made)
    assert secret not in text
