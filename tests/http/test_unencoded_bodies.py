"""A dict as body, or a list of pairs: one error before anything is sent, whatever the Content-Type."""

import httplib2
import pytest

from httplib2_oauthlib import OAuth1Http, SigningError

from .signed_requests import FORM


@pytest.mark.parametrize("headers", [None, FORM, {"content-type": "application/json"}], ids=str)
@pytest.mark.parametrize("body", [{"a": "1"}, {b"a": b"1"}, {}, [("a", "1")], ("a=1",)], ids=str)
@pytest.mark.parametrize("is_signed", [True, False])
def test_body_that_is_not_encoded_is_rejected_before_it_is_sent(serve, oauth, body, headers, is_signed):
    server = serve()
    http = OAuth1Http(timeout=5, oauth=oauth if is_signed else None)
    with pytest.raises(SigningError, match=r"the body is a (dict|list|tuple), .*urlencode\(\), JSON with json\.dumps"):
        http.request(server.uri(), "POST", body, headers)
    # The connection can be used for the next request.
    assert http.request(server.uri(), "POST", [b"a", b"=1"])[0].status == 200
    assert [received.body for received in server.received] == [b"a=1"]
    http.close()


def test_own_subclass_of_dict_is_named(serve, oauth):
    with pytest.raises(SigningError, match="the body is a Response"):
        OAuth1Http(timeout=5, oauth=oauth).request(serve().uri(), "POST", httplib2.Response({}))
