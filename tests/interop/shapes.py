"""The shapes: about 150 requests that differ from an ordinary one in a single point."""

from .asked import FORM, Credentials, Shape

URI = "https://api.example.org/items"
FORM_HEADERS = (("Content-Type", FORM),)

# What a query or a form may hold. It is percent-encoded already.
PARAMETERS = {
    "one pair": "a=1",
    "three pairs": "b=2&c=3&a=1",
    "a blank value": "a=&b=2",
    "a name without an equals sign": "a&b=2",
    "a blank name": "=1&b=2",
    "an empty pair at the start": "&a=1",
    "an empty pair in the middle": "a=1&&b=2",
    "an empty pair at the end": "a=1&",
    "a repeated name": "a=2&a=1",
    "a repeated pair": "a=1&a=1",
    "a name repeated with a blank value": "a=&a=1",
    "names that share a start": "a=1&aa=2&a-b=3&a.b=4",
    "names that sort by case": "b=1&B=2&A=3&a=4",
    "a name that sorts after its encoding": "a%7Eb=1&ab=2&a%2Fb=3",
    "names that sort otherwise once encoded": "%C3%A9=1&z=2",
    "repeated values that sort otherwise once encoded": "a=%E4%B8%AD&a=A&a=~",
    "a space as %20": "a=x%20y",
    "a space as a plus sign": "a=x+y",
    "an encoded plus sign": "a=x%2By",
    "a tilde": "a=~x",
    "an encoded tilde": "a=%7Ex",
    "an encoded letter": "%61=%62",
    "lower-case hexadecimal digits": "a=%c3%a9%2f",
    "a slash and a question mark": "a=/b?c",
    "an equals sign in a value": "a=b=c",
    "an encoded equals sign": "a=b%3Dc",
    "an encoded ampersand": "a=b%26c",
    "an encoded percent sign": "a=100%25",
    "what looks encoded twice": "a=%2520",
    "reserved characters": "a=!()*,:@",
    "encoded reserved characters": "a=%21%24%27%28%29%2A%2C%3A%40",
    "a semicolon": "a=1;b=2",
    "an encoded semicolon": "a=1%3Bb%3D2",
    "quotes": "a=%22x%22",
    "a backslash": "a=x%5Cy",
    "a vertical bar": "titles=A%7CB",
    "a line end": "a=x%0D%0Ay",
    "a tab": "a=x%09y",
    "a zero byte": "a=x%00y",
    "brackets in a name": "a%5B%5D=1&a%5B%5D=2",
    "brackets with a key": "a%5Bk%5D=1",
    "raw brackets in a value": "a=%5B1%5D",
    "a dot in a name": "a.b=1",
    "a space in a name": "a%20b=1",
    "a digit as a name": "5=1",
    "Latin letters with accents": "a=caf%C3%A9",
    "a name with accents": "caf%C3%A9=1",
    "Chinese": "a=%E4%B8%AD%E6%96%87",
    "an emoji": "a=%F0%9F%98%80",
    "a combining accent": "a=e%CC%81",
    "bytes that are not UTF-8": "a=%FF%FE",
    "a name that begins with oauth": "oauthor=1&oauth2=2",
    "a parameter named realm": "realm=x&b=2",
    "a long value": "a=" + "x%20" * 1000,
    "a hundred names": "&".join(f"n{number}={number}" for number in range(100)),
}

# Forms that a program passes although they are not percent-encoded.
RAW_FORMS = {
    "raw accents": "summary=héllo",
    "raw spaces": "a=b c",
    "raw brackets": "a[]=1",
    "a raw line end": "a=1\n",
    "a raw dollar sign and apostrophe": "a=$'",
    "raw quotes": 'a="x"',
    "a raw vertical bar": "titles=A|B",
}

PATHS = {
    "an empty path": "",
    "the root": "/",
    "a slash at the end": "/items/",
    "two slashes": "/a//b",
    "an encoded slash": "/a%2Fb",
    "an encoded tilde": "/%7Euser",
    "a tilde": "/~user",
    "an encoded space": "/a%20b",
    "a plus sign": "/a+b",
    "accents": "/caf%C3%A9",
    "lower-case hexadecimal digits": "/caf%c3%a9",
    "a path parameter": "/items;v=1",
    "dots": "/a/../b/./c",
    "a colon and an at sign": "/a:b@c",
    "an asterisk and parentheses": "/a*(b)!'",
    "an encoded percent sign": "/100%25",
}

AUTHORITIES = {
    "http": "http://api.example.org",
    "http and its default port": "http://api.example.org:80",
    "http and another port": "http://api.example.org:8080",
    "http and the port of https": "http://api.example.org:443",
    "https and its default port": "https://api.example.org:443",
    "https and another port": "https://api.example.org:8443",
    "an upper-case host": "https://API.Example.ORG",
    "an upper-case scheme": "HTTPS://api.example.org",
    "an IPv4 address": "https://127.0.0.1:8443",
    "an IPv6 address": "https://[::1]:8443",
    "a short host": "https://localhost",
    "an international host": "https://xn--bcher-kva.example",
}

REALMS = {
    "a word": "Photos",
    "a URL": "https://api.example.org/",
    "a space": "my photos",
    "a comma": "a,b",
    "a comma and a space": "a, b",
    "an equals sign": "a=b",
    "a percent sign": "100%25",
}

CREDENTIALS = {
    "secrets with reserved characters": Credentials(client_secret="a&b=c d%", token_secret="x+y/z=="),
    "secrets with unreserved characters": Credentials(client_secret="a~b-c_d.e", token_secret="x~y"),
    "a token secret of one character": Credentials(token_secret="t"),
    "secrets with an asterisk and an apostrophe": Credentials(client_secret="a*b!", token_secret="it's(1)"),
    "secrets that are not ASCII": Credentials(client_secret="sécret", token_secret="密"),
    "an empty token secret": Credentials(token_secret=""),
    "no token": Credentials(token="", token_secret=""),
}


def _shapes():
    for name, parameters in PARAMETERS.items():
        yield Shape(f"query: {name}", f"{URI}?{parameters}")
        yield Shape(f"form: {name}", method="POST", body=parameters, headers=FORM_HEADERS)
    for name, form in RAW_FORMS.items():
        yield Shape(f"form: {name}", method="POST", body=form, headers=FORM_HEADERS)
    for name, path in PATHS.items():
        yield Shape(f"path: {name}", f"https://api.example.org{path}")
    for name, authority in AUTHORITIES.items():
        yield Shape(f"authority: {name}", f"{authority}/items?a=1")
    for name, realm in REALMS.items():
        yield Shape(f"realm: {name}", realm=realm)
    for name, credentials in CREDENTIALS.items():
        yield Shape(f"credentials: {name}", f"{URI}?a=1", credentials=credentials)
    yield Shape("query: a dollar sign and an apostrophe", f"{URI}?a=$'")
    yield Shape("no query")
    yield Shape("an empty query", f"{URI}?")
    yield Shape("a fragment", f"{URI}?a=1#part")
    yield Shape("query and form", f"{URI}?a=1", "POST", "b=2", FORM_HEADERS)
    yield Shape("one name in query and form", f"{URI}?a=1", "POST", "a=2", FORM_HEADERS)
    yield Shape("one name in query and form, twice in the query", f"{URI}?a=1&a=2", "POST", "a=3", FORM_HEADERS)
    for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"):
        yield Shape(f"method: {method}", f"{URI}?a=1", method)
    for method in ("PUT", "PATCH", "DELETE"):
        yield Shape(f"method: {method} with a form", method=method, body="a=1&b=2", headers=FORM_HEADERS)
    yield from _bodies()
    yield from _placements()
    yield Shape("verifier", verifier="a/verifier+1")
    yield Shape("callback: oob", method="POST", callback="oob", credentials=CREDENTIALS["no token"])
    callback = "https://client.example.net/back?a=1&b=x y"
    yield Shape("callback: a URL", method="POST", callback=callback, credentials=CREDENTIALS["no token"])


def _bodies():
    """Yield bodies that aren't forms, and forms with another spelling of the Content-Type."""
    json = (("Content-Type", "application/json"),)
    yield Shape("body: JSON", method="POST", body='{"a": 1}', headers=json)
    yield Shape("body: JSON that looks like a form", method="POST", body='"a=1&b=2"', headers=json)
    yield Shape("body: text", method="POST", body="a=1&b=2", headers=(("Content-Type", "text/plain"),))
    yield Shape("body: bytes", method="PUT", body=b"\x00\xff=&", headers=(("Content-Type", "image/png"),))
    yield Shape("body: an empty form", method="POST", body="", headers=FORM_HEADERS)
    charset = (("Content-Type", f"{FORM}; charset=UTF-8"),)
    yield Shape("body: a form with a charset", method="POST", body="a=1", headers=charset)
    upper = (("Content-Type", FORM.title()),)
    yield Shape("body: a form in upper case", method="POST", body="a=1", headers=upper)


def _placements():
    """Yield each signature method in each placement."""
    for signature_method in ("HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "PLAINTEXT"):
        for placement in ("AUTH_HEADER", "QUERY", "BODY"):
            name = f"{signature_method} in the {placement.lower().removeprefix('auth_')}"
            common = {"signature_method": signature_method, "placement": placement}
            if placement != "BODY":
                yield Shape(f"{name}: query", f"{URI}?b=x%20y&a=1", **common)
            yield Shape(f"{name}: form", method="POST", body="b=x%20y&a=1", headers=FORM_HEADERS, **common)
    for signature_method in ("HMAC-SHA1", "PLAINTEXT"):
        for placement in ("AUTH_HEADER", "QUERY", "BODY"):
            name = f"{signature_method} in the {placement.lower().removeprefix('auth_')}"
            common = {"signature_method": signature_method, "placement": placement}
            secrets = CREDENTIALS["secrets with reserved characters"]
            yield Shape(f"{name}: secrets with reserved characters", method="POST", credentials=secrets, **common)
    yield Shape("query: nothing beside the signature", placement="QUERY")
    yield Shape("query: an ampersand before the signature", f"{URI}?a=1&", placement="QUERY")
    yield Shape("query: a fragment behind the signature", f"{URI}?a=1#part", placement="QUERY")
    yield Shape("query: a space as a plus sign before the signature", f"{URI}?a=x+y", placement="QUERY")
    yield Shape("form: nothing beside the signature", method="POST", placement="BODY")
    yield Shape("form: a query beside the signature", f"{URI}?b=2", "POST", "a=1", FORM_HEADERS, placement="BODY")
    yield Shape(
        "form: a space as a plus sign beside the signature", URI, "POST", "a=x+y", FORM_HEADERS, placement="BODY"
    )


SHAPES = list(_shapes())
