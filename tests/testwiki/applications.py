"""The callback and the user agent of the web application that requests access in the tests."""

from urllib.parse import parse_qs, urlsplit

CALLBACK = "https://tool.example/oauth-callback"
AGENT = "httplib2-oauthlib tests"


def location_of(page):
    assert page.status == 302, page.text
    parts = urlsplit(page.location)
    return parts._replace(query="").geturl(), parse_qs(parts.query)
