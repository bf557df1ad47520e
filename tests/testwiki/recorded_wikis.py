"""The recorded wikis' state, and the replay of all their recorded requests against the embedded wiki."""

import http.client
import json
import re
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import NamedTuple

from cryptography.hazmat.primitives import serialization

from httplib2_oauthlib.testwiki import SeenRequest, TestWiki
from httplib2_oauthlib.testwiki.store import AccessToken, RequestToken, Title

from .. import vectors
from .answers import claims_of

_ALL_GRANTS = ("basic", "highvolume", "editpage", "createeditmovepage", "uploadfile")


class Replayed(NamedTuple):
    """The embedded wiki's response to a recorded request."""

    status: int
    headers: dict[str, str]
    content: str
    seen: SeenRequest | None


@cache
def replay(version):
    """Send every recorded request of a version, in the order of the recording, and return the responses by id."""
    return send_all(version, vectors.recorded(version))


def send_all(version, interactions):
    """Send requests to an embedded wiki in the state of a recorded one, and return the responses by id."""
    started = {}
    for vector in interactions:
        started.setdefault(file_of(vector), vector.time)
    in_order = sorted(interactions, key=lambda vector: started[file_of(vector)])
    known = vectors.credentials(version)
    with TestWiki(server=known["base"], version=version, clock=lambda: in_order[0].time) as wiki:
        for prepare in (_create_users, _create_consumers):
            prepare(wiki, vectors.recorded(version))
        _accept_csrf_tokens(wiki.store, vectors.recorded(version))
        connection = http.client.HTTPConnection(*wiki._address, timeout=10)
        responses = {}
        for vector in in_order:
            _prepare(wiki, vector)
            responses[vector.id] = _send(wiki, connection, vector)
        connection.close()
    return responses


def file_of(vector):
    return vector.id.rpartition("-")[0]


def _send(wiki, connection, vector):
    """Send a recorded request byte for byte."""
    wiki.requests.clear()
    headers = {"Host": vector.base.partition("//")[2], **vector.headers}
    connection.request(vector.method, vector.target, vector.body, headers)
    response = connection.getresponse()
    content = response.read().decode()
    headers = {}
    for name, value in response.getheaders():
        headers[name.lower()] = ", ".join([headers[name.lower()], value]) if name.lower() in headers else value
    return Replayed(response.status, headers, content, wiki.requests[0] if wiki.requests else None)


def _create_users(wiki, interactions):
    """Create the recorded wiki's users and its main page."""
    version, store = interactions[0].version, wiki.store
    main = next(v.answer for v in interactions if "/page/Main_Page" in v.uri and v.answer.startswith('{"id":1'))
    page = json.loads(main)
    seen = datetime.fromisoformat(page["latest"]["timestamp"]).timestamp()
    revision = store.pages[Title(0, "Main Page")].revisions[0]
    store.pages[Title(0, "Main Page")].revisions[0] = replace(revision, text=page["source"], timestamp=seen)
    for name in ("Alice", "Bob", "Carol", "Dave", "Greta", "Süßer User+Name"):
        email = "" if name == "Dave" else f"{name.lower()}@example.org"
        real_name = "" if version == "1.39" else f"Real {name}"
        if name == "Alice" and version != "1.39":
            email = {"1.43": "u4", "1.45": "u3"}[version] + "@example.org"
        wiki.account(name, email=email, email_is_confirmed=name != "Carol", real_name=real_name)
    wiki.account(
        "Mallory", email="mallory@example.org", real_name="Real Mallory", is_blocked=True, block_reason="naughty"
    )


def _create_consumers(wiki, interactions):
    """Register the recorded wiki's consumers, with their tokens."""
    version, store = interactions[0].version, wiki.store
    known = vectors.credentials(version)
    if version == "1.39":
        consumers = [(consumer, consumer.get("owner")) for consumer in known["consumers"]]
        tokens = [
            (t["consumer"], t["key"], t["secret"], t["user"], _granted(t["consumer"])) for t in known["access_tokens"]
        ]
    else:
        entries = list(known["consumers"].items())
        consumers = [
            ({"name": name, **each}, _name(each["user"]) if name.startswith(("owner", "rsa")) else None)
            for name, each in entries
            if name.startswith(("owner", "rsa")) or "token" not in each
        ]
        tokens = [
            (each["key"], each["token"], each["tokensecret"], _name(each["user"]), tuple(each["grants"]))
            for name, each in entries
            if "token" in each and each.get("state") != "revoked"
        ]
    for consumer, owner in consumers:
        private = consumer.get("rsa_private_key")
        wiki.register(
            consumer["name"],
            key=consumer["key"],
            secret=consumer["secret"],
            callback=consumer.get("callback"),
            callback_is_prefix=consumer.get("callback_is_prefix", True),
            grants=consumer.get("grants", _ALL_GRANTS),
            owner=owner,
            rsa_public_key=private and _public_key_of(private),
            is_approved="state" not in consumer,
            ip_ranges=[consumer["restrictions"]] if "restrictions" in consumer else (),
        )
    for consumer, key, secret, user, grants in tokens:
        store.access_tokens[key] = AccessToken(key, secret, consumer, user, grants)
    _add_request_tokens(store, interactions)
    for nonce in known.get("nonces_used_before", ()):
        for token in list(store.access_tokens.values()):
            store.nonces.use(token.consumer, token.key, nonce, timestamp=store.clock(), now=store.clock())


def _accept_csrf_tokens(store, interactions):
    """Make the recorded wiki's csrf tokens valid for the consumers that received them."""
    good = set()
    for vector in interactions:
        found = re.findall(r"[0-9a-f]{40}\+\\", vector.answer.replace("\\\\", "\\"))
        good.update((vector.oauth.get("oauth_consumer_key"), token) for token in found)
    assert len(good) > 3
    own_check = store.sessions.csrf_token_is_valid
    store.sessions.csrf_token_is_valid = lambda session, salt, token: (
        (session.partition("|")[0], token) in good or own_check(session, salt, token)
    )


def _granted(consumer):
    """Return the grants that the recorded identities of a consumer's users have, or all grants."""
    for vector in vectors.recorded("1.39"):
        if vector.oauth.get("oauth_consumer_key") == consumer and vector.answer.startswith("eyJ"):
            grants = claims_of(vector.answer)["grants"]
            return tuple(grants.values() if isinstance(grants, dict) else grants)
    return _ALL_GRANTS


def _name(described):
    """Return a user's name without the remark that the credentials have behind it."""
    return described.partition(" (")[0]


def _public_key_of(private_pem):
    key = serialization.load_pem_private_key(private_pem.encode(), None).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _add_request_tokens(store, interactions):
    """Add the request tokens that the recorded wiki issued, and allow those that it exchanged for an access token."""
    issued = [(vector, _pairs(vector.answer)) for vector in interactions if "%2Finitiate" in vector.uri]
    exchanged = {v.oauth["oauth_token"]: v for v in interactions if "%2Ftoken" in v.uri and "ecret" in v.answer}
    for vector, (key, secret) in ((vector, pair) for vector, pair in issued if pair):
        consumer, callback = vector.oauth["oauth_consumer_key"], vector.oauth["oauth_callback"]
        token = RequestToken(key, secret, consumer, callback, vector.time + 500)
        if key in exchanged:
            token.verifier = exchanged[key].oauth["oauth_verifier"]
            token.access = store.access_tokens[_pairs(exchanged[key].answer)[0]]
        store.request_tokens[key] = token


def _pairs(answer):
    """Return the key and the secret in a response of initiate or token, or None."""
    found = re.search(r'(?:oauth_token=|"key":")(\w+)(?:&oauth_token_secret=|","secret":")(\w+)', answer)
    return found and found.groups()


def _prepare(wiki, vector):
    """Set the clock, the newest revision and the pages to their state when a request was recorded."""
    wiki.clock = lambda: vector.time
    store = wiki.store
    if made := re.search(r'newrevid="?:?"?(\d+)', vector.answer.replace('"newrevid":', "newrevid=")) or (
        re.search(r'"latest":{"id":(\d+)', vector.answer) if vector.method in ("PUT", "POST") else None
    ):
        store.newest_revision_id = int(made[1]) - 1
