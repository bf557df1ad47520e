"""A browser without JavaScript: cookies, links and forms. It returns redirects and does not follow them."""

import http.cookiejar
import re
import urllib.error
import urllib.request
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlencode


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args):
        return None


class _Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.action, self.fields, self.buttons, self.text, self.skipped = None, {}, {}, [], 0

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("style", "script"):
            self.skipped += 1
        elif tag == "form":
            self.action = given.get("action")
        elif tag == "input":
            self.fields[given.get("name")] = given.get("value") or ""
        elif tag == "button":
            self.buttons[given.get("name")] = given.get("value") or ""

    def handle_endtag(self, tag):
        self.skipped -= tag in ("style", "script")

    def handle_data(self, data):
        if not self.skipped:
            self.text.append(data)


class Page(NamedTuple):
    """A response: ``text`` is the visible text, ``fields`` and ``buttons`` are those of its form."""

    status: int
    headers: object
    html: str
    text: str
    action: str | None
    fields: dict[str, str]
    buttons: dict[str, str]

    @property
    def location(self):
        return self.headers["Location"]


class Browser:
    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        self._open = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies), _NoRedirect(), urllib.request.ProxyHandler({})
        ).open

    def get(self, uri, data=None, headers=None):
        body = None if data is None else urlencode(data).encode()
        try:
            response = self._open(urllib.request.Request(uri, body, headers or {}), timeout=10)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            html = response.read().decode()
        forms = _Forms()
        forms.feed(html)
        text = re.sub(r"\s+", " ", "".join(forms.text)).strip()
        return Page(response.status, response.headers, html, text, forms.action, forms.fields, forms.buttons)

    def follow(self, page):
        return self.get(page.location)

    def submit(self, page, button=None, **changes):
        """Submit the form of a page with a button."""
        pressed = {button: page.buttons[button]} if button else {}
        data = {**page.fields, **pressed, **changes}
        return self.get(page.action, {name: value for name, value in data.items() if value is not None})

    def log_in(self, page, name="Alice", password="test wiki"):
        return self.submit(page, "wploginattempt", wpName=name, wpPassword=password)
