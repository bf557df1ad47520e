"""Finding a wiki by its host, a page or a script."""

from urllib.parse import urlsplit

import httplib2
import pytest

from httplib2_oauthlib import OAuthError
from httplib2_oauthlib._cli.discovery import find_wiki

from ..servers import answer

LINK = '<html><head><link rel="EditURI" type="application/rsd+xml" href="{}?action=rsd"/></head>'


def found(name, http=None):
    return find_wiki(name, http or httplib2.Http(timeout=10), {"User-Agent": "tests"})


@pytest.mark.parametrize(
    ("name", "host", "base"),
    [
        ("https://wiki.example/w/index.php", "wiki.example", "https://wiki.example/w"),
        ("https://wiki.example/w/api.php", "wiki.example", "https://wiki.example/w"),
        ("https://wiki.example/w/index.php?title=A#b", "wiki.example", "https://wiki.example/w"),
        ("https://Wiki.example:443/index.php", "wiki.example", "https://Wiki.example:443"),
        ("http://wiki.example:8080/index.php", "wiki.example:8080", "http://wiki.example:8080"),
        ("https://bücher.example/index.php", "xn--bcher-kva.example", "https://bücher.example"),
        ("127.0.0.1:8000/index.php", "127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000/index.php", "[::1]:8000", "http://[::1]:8000"),
        ("wiki.example/w/index.php", "wiki.example", "https://wiki.example/w"),
    ],
)
def test_the_uri_of_a_script_needs_no_request(name, host, base):
    class Silent(httplib2.Http):
        def request(self, *args, **kwargs):
            raise AssertionError("no request is needed")

    assert found(name, Silent()) == (host, f"{base}/index.php", f"{base}/api.php")


def test_any_page_of_the_wiki_or_its_host_finds_it(wiki):
    for name in (wiki.server, wiki.server + "/", f"{wiki.index_uri}/Main_Page", wiki.server.partition("//")[2]):
        assert found(name)[1:] == (wiki.index_uri, wiki.api_uri)


@pytest.mark.parametrize(
    "link",
    [
        LINK.format("{server}/w/api.php"),
        LINK.format("//{authority}/w/api.php"),
        LINK.format("/w/api.php"),
        "<LINK REL='EditURI' HREF='/w/api.php?action=rsd'>",
        '<link href="/w/api.php?action=rsd&amp;x=1" type=x rel=EditURI>',
    ],
)
def test_the_link_of_a_page_is_read_in_every_spelling(serve, link):
    server = serve(lambda _: answer(link.replace("{server}", base).replace("{authority}", urlsplit(base).netloc)))
    base = server.uri("").rstrip("/")
    assert found(f"{base}/wiki/Page")[1:] == (f"{base}/w/index.php", f"{base}/w/api.php")


@pytest.mark.parametrize(
    ("page", "excerpt"),
    [
        (LINK.format("https://evil.example/w/api.php"), "API on another server, https://evil.example"),
        (LINK.format("http://localhost:1/api.php"), "API on another server"),
        (LINK.format("/w/load.php"), "isn't an api.php"),
        (LINK.format("javascript:alert(1)"), "another server"),
        ("<link rel=EditURI>", "no MediaWiki was found"),
        ("nothing", "no MediaWiki was found"),
        (b"\xff\xfe", "no MediaWiki was found"),
    ],
)
def test_a_page_without_a_wiki_on_its_own_host_is_rejected(serve, page, excerpt):
    """Credentials will be sent to the wiki that is found."""
    with pytest.raises(OAuthError, match=excerpt):
        found(serve(lambda _: answer(page)).uri("/"))


def test_a_redirect_to_another_host_is_rejected_and_a_header_is_ignored(serve):
    elsewhere = serve(lambda _: answer(LINK.format("/api.php")))
    redirecting = serve(lambda _: answer("", "302 Found", Location=elsewhere.uri("/")))
    with pytest.raises(OAuthError, match="API on another server"):
        found(redirecting.uri("/"))
    # httplib2 would return this header as the final location.
    lying = serve(lambda _: answer(LINK.format("/w/api.php"), Content_Location=elsewhere.uri("/")))
    assert found(lying.uri("/")).api_uri == lying.uri("/w/api.php")
    within = serve(
        lambda r: (
            answer("", "301 Moved", Location="/wiki/")
            if r.target == "/"
            else answer(LINK.format("../w/api.php"), Content_Location="index.html.en")
        )
    )
    assert found(within.uri("/")).api_uri == within.uri("/w/api.php")
