"""Verification of the requests in a replay, as a wiki would verify them.

A cassette accepts every request that is equivalent to a recorded one, even with an invalid signature. Here, the
embedded wiki's verifier, which shares no code with the signing, verifies each request. Its verdict must agree with the
response that the real wiki gave. In this way a replay fails after a change that a real wiki would reject.
"""

import time
from urllib.parse import urlsplit

from httplib2_oauthlib import RefusedError, mediawiki
from httplib2_oauthlib.testwiki.oauth import IncomingRequest, OAuthRefusal, Verifier
from httplib2_oauthlib.testwiki.store import AccessToken, Consumer, RequestToken, Store

# The real clock: some tests replace time.time.
_now = time.time


class Judge:
    """A verifier of one client's requests, for a recorder's ``before_record_request``.

    Args:
        oauth: The made-up credentials of the replay.
        rsa_public_key: The client's public key, if it has one.

    Attributes:
        verdicts: The verdict on each signed request: None if it is accepted, otherwise the wiki's message.
        last: The verdict on the last request. None if it was not signed.
    """

    def __init__(self, oauth, rsa_public_key=None):
        self.store = Store(_now)
        self.consumer = Consumer(oauth.client_key, oauth.client_secret, rsa_public_key=rsa_public_key, owner="Alice")
        self.store.consumers[self.consumer.key] = self.consumer
        if oauth.resource_owner_key:
            self.grant(oauth.resource_owner_key, oauth.resource_owner_secret)
        self.last = None
        self._by_header = {}

    @property
    def verdicts(self):
        return list(self._by_header.values())

    def grant(self, key, secret):
        """Register an access token."""
        self.store.access_tokens[key] = AccessToken(key, secret, self.consumer.key, "Alice")

    def begin(self, key, secret):
        """Register a request token."""
        self.store.request_tokens[key] = RequestToken(key, secret, self.consumer.key, None, _now() + 600)

    def __call__(self, request):
        incoming = _incoming(request)
        header = incoming.headers.get("authorization", "")
        if "SCRUBBED-signature" in header:  # Loaded from the cassette.
            return request
        # vcr calls this more than once for each request.
        if incoming.is_signed and header not in self._by_header:
            self._by_header[header] = self._verdict(incoming)
        self.last = self._by_header.get(header)
        return request

    def check(self, response, content):
        """Check that the verdict on the last request agrees with the real wiki's response."""
        reason = None
        try:
            mediawiki.check(response, content)
        except RefusedError as error:
            reason = error.reason
        expected = {"signature": "Invalid signature", "timestamp": "Expired timestamp", None: None}.get(reason, reason)
        verdict = self.last
        if reason == "other":  # rest.php gives no reason.
            assert verdict is not None
        elif expected is None:
            assert verdict is None, verdict
        else:
            assert (verdict or "").startswith(expected), (verdict, expected)

    def _verdict(self, incoming):
        verifier = Verifier(self.store)
        judge = {"initiate": verifier.verify_initiate, "token": verifier.verify_token}.get(
            incoming.target.rpartition("%2F")[2], verifier.verify
        )
        self.store.consumers[self.consumer.key] = (
            self.consumer if judge == verifier.verify else Consumer(self.consumer.key, self.consumer.secret)
        )
        try:
            judge(incoming)
        except OAuthRefusal as refusal:
            return refusal.sentence
        return None


def _incoming(request):
    uri = urlsplit(request.uri)
    target = f"{uri.path}?{uri.query}" if uri.query else uri.path
    headers = {
        (name if isinstance(name, str) else name.decode()).lower(): value if isinstance(value, str) else value.decode()
        for name, value in request.headers.items()
    }
    body = request.body
    body = body.read() if hasattr(body, "read") else body
    body = body.encode() if isinstance(body, str) else body or b""
    return IncomingRequest(request.method, f"{uri.scheme}://{uri.netloc}", target, headers, body)
