"""The web application in whose name the tests ask for access, and where a page redirects to."""

from urllib.parse import parse_qs, urlsplit

CALLBACK = "https://tool.example/oauth-callback"
AGENT = "httplib2-oauthlib tests"


def location_of(page):
    assert page.status == 302, page.text
    parts = urlsplit(page.location)
    return parts._replace(query="").geturl(), parse_qs(parts.query)
