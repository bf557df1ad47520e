"""What a bot does on a wiki: login, logout, identity, refusals, a wrong clock, edits, REST."""

import dataclasses
import json
import re
import secrets
import time
from urllib.parse import quote

import pytest

from httplib2_oauthlib import RefusedError, mediawiki

from .conftest import FORM

AWKWARD = "héllo 漢字 😀 ~-._!*'();:@&=+$,/?#[]|%20%zz\\\"<>^`{}"


def identity_of(site):
    consumer = (site.oauth.client_key, site.oauth.client_secret)
    access = (site.oauth.resource_owner_key, site.oauth.resource_owner_secret)
    return mediawiki.identify(site.index_uri, consumer, access, user_agent=site.user_agent)


def test_login_is_as_the_user_whose_identity_is_verified(site):
    userinfo = site.userinfo()
    assert "anon" not in userinfo
    assert userinfo["name"] == identity_of(site)["username"]
    assert site.get(action="query", **{"assert": "user", "assertuser": userinfo["name"]})["batchcomplete"] is True


def test_logout_makes_requests_anonymous_again(site):
    site.userinfo()
    site.http.oauth = None
    assert site.get(action="query", **{"assert": "user"})["error"]["code"] == "assertuserfailed"
    site.http.oauth = site.oauth
    assert "anon" not in site.userinfo()


def test_a_wrong_secret_is_refused_for_its_signature(site):
    site.http.oauth = dataclasses.replace(site.oauth, resource_owner_secret="wrong")
    response, content = site.send(f"{site.script('api.php')}?action=query&meta=userinfo&format=json")
    with pytest.raises(RefusedError) as caught:
        mediawiki.check(response, content)
    assert caught.value.reason == "signature"


@pytest.mark.parametrize("seconds", [-7200, 7200])
def test_a_wrong_clock_is_repaired(site, monkeypatch, seconds):
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + seconds)
    assert "anon" not in site.userinfo()
    assert "anon" not in site.post(action="query", meta="userinfo")["query"]["userinfo"]


def test_a_query_with_every_awkward_character_is_accepted(site):
    assert site.get(action="query", requestid=AWKWARD)["requestid"] == AWKWARD
    unencoded = f"{site.script('api.php')}?action=query&meta=userinfo|tokens&requestid=é ü&format=json&formatversion=2"
    answer = json.loads(site.send(unencoded)[1])
    assert (answer["requestid"], "anon" in answer["query"]["userinfo"]) == ("é ü", False)


def test_a_form_with_every_awkward_character_is_accepted(site):
    for encode in (quote, lambda text: quote(text, safe="~").replace("%20", "+")):
        body = f"action=query&assert=user&blank=&requestid={encode(AWKWARD)}&format=json&formatversion=2"
        headers = {"content-type": FORM["Content-Type"] + "; charset=UTF-8"}
        answer = json.loads(site.send(site.script("api.php"), "POST", body, headers)[1])
        assert answer["requestid"] == AWKWARD


def test_an_edit_is_made_and_is_the_oauth_accounts(writable):
    title, text, user = writable.own_page(), f"{AWKWARD} {writable.unique()}", writable.userinfo()["name"]
    saved = writable.post(
        action="edit", title=title, text=text, summary="a+b & c=d", token=writable.csrf_token(),
        **{"assert": "user", "assertuser": user},
    )  # fmt: skip
    assert saved["edit"]["result"] == "Success"
    made = writable.revision(title, saved["edit"]["newrevid"])
    assert (made["user"], made["content"], made["comment"]) == (user, text, "a+b & c=d")


def test_a_multipart_edit_is_made(writable):
    title, text, boundary = writable.own_page(), f"multipart {AWKWARD} {writable.unique()}", secrets.token_hex(16)
    fields = {"action": "edit", "title": title, "text": text, "token": writable.csrf_token(), "format": "json"}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    _, content = writable.send(writable.script("api.php"), "POST", f"{body}--{boundary}--\r\n".encode(), headers)
    saved = json.loads(content)["edit"]
    assert saved["result"] == "Success"
    assert writable.revision(title, saved["newrevid"])["content"] == text


def test_rest_is_signed(site):
    general = site.get(action="query", meta="siteinfo")["query"]["general"]
    title = quote(general["mainpage"].replace(" ", "_"), safe="")
    response, content = site.send(f"{site.script('rest.php')}/v1/page/{title}")
    mediawiki.check(response, content)
    assert (response.status, json.loads(content)["title"]) == (200, general["mainpage"])
    # rest.php refuses a wrong signature. So it has verified the right one.
    site.http.oauth = dataclasses.replace(site.oauth, client_secret="wrong")
    with pytest.raises(RefusedError) as caught:
        mediawiki.check(*site.send(f"{site.script('rest.php')}/v1/page/{title}?fresh={quote(site.unique())}"))
    # rest.php gives the reason since MediaWiki 1.44.
    major, minor = re.match(r"MediaWiki (\d+)\.(\d+)", general["generator"]).groups()
    assert caught.value.reason == ("signature" if (int(major), int(minor)) >= (1, 44) else "other")
