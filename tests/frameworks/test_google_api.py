"""google-api-python-client and google-auth-httplib2 over OAuth1Http."""

import copy
import io
import pickle
from urllib.parse import parse_qs

import google.auth.credentials
import google.oauth2.credentials
import httplib2
import pytest
from googleapiclient.discovery import build, build_from_document
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload, set_user_agent

from httplib2_oauthlib import HttpPool, OAuth1Http, ResponseLostError, install
from httplib2_oauthlib.cassettes import NotRecordedError, use
from tests.servers import DROP, answer, in_turn

from . import discovery
from .conftest import in_json
from .recipes.google_api import service_of
from .recipes.google_auth import authorized
from .uploads import Uploads, batch_answer


def who_is(service):
    return service.query(action="query", meta="userinfo", format="json").execute()["query"]["userinfo"]["name"]


# -- a wiki


def test_a_query_to_api_php_is_signed(wiki, alice):
    assert who_is(service_of(discovery.api_of(wiki.server), alice)) == "Alice"
    assert who_is(service_of(discovery.api_of(wiki.server), None)) == "127.0.0.1"


def test_a_query_too_long_for_a_uri_is_posted_as_a_form_and_signed(wiki, alice):
    titles = "|".join(f"P\u00e4ge {number} {'long ' * 10}" for number in range(50))
    query = service_of(discovery.api_of(wiki.server), alice).query(
        action="query", titles=titles, meta="userinfo", format="json", formatversion="2"
    )
    assert len(query.uri) > 2048
    answered = query.execute()["query"]
    assert answered["userinfo"]["name"] == "Alice"
    assert len(answered["pages"]) == 50
    assert wiki.requests[-1].method == "POST"


def test_it_creates_reads_and_changes_a_page_over_rest(wiki, alice):
    pages = service_of(discovery.rest_of(wiki.server), alice).pages()
    title = "User:Alice/a b \u6f22"
    made = pages.create(body={"source": "one", "title": title, "comment": "c"}).execute()
    # MediaWiki would redirect a title with spaces to this one.
    key = title.replace(" ", "_")
    assert pages.get(title=key).execute()["source"] == "one"
    newer = {"source": "two & more", "comment": "d", "latest": {"id": made["latest"]["id"]}}
    changed = pages.update(title=title, body=newer).execute()
    assert changed["latest"]["id"] > made["latest"]["id"]
    assert pages.get(title=key).execute()["source"] == "two & more"
    assert [seen.user for seen in wiki.requests] == ["Alice"] * 4
    with pytest.raises(HttpError) as caught:
        pages.update(title=title, body={**newer, "source": "three"}).execute()
    assert caught.value.status_code == 409


# -- a service that verifies


def test_it_fetches_its_discovery_document_with_a_signature(guarded, oauth):
    def handler(received):
        if received.target.startswith("/discovery/"):
            return in_json(discovery.api_of(server.uri("").rstrip("/")))
        return in_json({"asked": parse_qs(received.target.partition("?")[2])})

    server = guarded(handler)
    http = OAuth1Http(timeout=10, oauth=oauth)
    where = server.uri("/discovery/{api}/{apiVersion}")
    service = build("api", "v1", http=http, discoveryServiceUrl=where, static_discovery=False, cache_discovery=False)
    asked = service.query(action="a|b c", titles="\u00fc&=+").execute()["asked"]
    assert asked == {"action": ["a|b c"], "titles": ["\u00fc&=+"], "alt": ["json"]}
    assert not server.guard.refused


def test_a_service_that_creates_its_own_http_signs_after_install(guarded, oauth):
    server = guarded(lambda _: in_json({}))
    document = discovery.files_of(server.uri("").rstrip("/"))
    with install({"localhost": oauth}):
        service = build_from_document(document)
    service.files().get(name="a b").execute()
    assert not server.guard.refused
    service.close()


@pytest.fixture
def uploads(guarded):
    handler = Uploads()
    handler.server = guarded(handler)
    handler.document = discovery.files_of(handler.server.uri("").rstrip("/"))
    return handler


CONTENT = bytes(range(256)) * 3 * 1024


def insert(service, **options):
    media = MediaIoBaseUpload(io.BytesIO(CONTENT), "application/octet-stream", **options)
    request = service.files().insert(body={"name": "only"}, media_body=media)
    request._sleep = lambda seconds: None
    return request


def test_a_file_is_uploaded_whole(uploads, oauth):
    assert insert(service_of(uploads.document, oauth)).execute() == {"size": len(CONTENT)}
    assert uploads.files == [CONTENT]
    assert not uploads.server.guard.refused


@pytest.mark.parametrize("chunksize", [256 * 1024, -1])
def test_a_file_is_uploaded_piece_by_piece(uploads, oauth, chunksize):
    request = insert(service_of(uploads.document, oauth), resumable=True, chunksize=chunksize)
    assert request.execute() == {"size": len(CONTENT)}
    assert uploads.files == [CONTENT]
    assert len(uploads.server.received) == (2 if chunksize == -1 else 4)
    assert not uploads.server.guard.refused


def test_a_piece_that_a_busy_server_refused_is_sent_again(uploads, oauth):
    uploads.failing = 2
    request = insert(service_of(uploads.document, oauth), resumable=True, chunksize=256 * 1024)
    done, failures = None, 0
    while done is None:
        try:
            _, done = request.next_chunk()
        except HttpError as error:
            assert error.status_code == 503
            failures += 1
    assert (done, failures) == ({"size": len(CONTENT)}, 2)
    assert uploads.files == [CONTENT]
    assert not uploads.server.guard.refused


def test_an_upload_continues_after_a_lost_response(uploads, oauth):
    request = insert(service_of(uploads.document, oauth), resumable=True, chunksize=256 * 1024)
    request.next_chunk()
    uploads.lost = 1
    with pytest.raises(ResponseLostError):
        request.next_chunk(num_retries=3)
    # The client asks the server how much of the file has arrived.
    assert request.execute() == {"size": len(CONTENT)}
    assert uploads.files == [CONTENT]
    # A piece is a stream that is read once, so that no copy was sent.
    assert not uploads.server.guard.refused


def test_several_requests_go_in_one_batch_and_the_batch_is_signed(guarded, oauth):
    server = guarded(batch_answer)
    service = service_of(discovery.rest_of(server.uri("").rstrip("/")), oauth)
    answered = {}
    batch = service.new_batch_http_request(lambda name, response, error: answered.update({name: error or response}))
    batch.add(service.pages().get(title="A b"), request_id="read")
    batch.add(service.pages().create(body={"source": "h\u00e9llo"}), request_id="made \u00fc")
    batch.execute()
    assert answered["read"]["name"] == "GET /rest.php/v1/page/A%20b?alt=json HTTP/1.1"
    assert answered["made \u00fc"]["name"] == "POST /rest.php/v1/page?alt=json HTTP/1.1"
    (received,) = server.received
    assert received.target == "/batch"
    assert not server.guard.refused


def test_a_batch_is_recorded_and_replayed(guarded, oauth, tmp_path):
    """Its parts are named by a UUID that is another each time."""
    server = guarded(batch_answer)
    document = discovery.rest_of(server.uri("").rstrip("/"))

    def in_a_batch(title, **options):
        service = service_of(document, oauth)
        answered = []
        batch = service.new_batch_http_request(lambda name, response, error: answered.append(error or response["name"]))
        batch.add(service.pages().get(title=title), request_id=options.pop("request_id", None))
        batch.add(service.pages().get(title="B"))
        with use(service._http, "batch", cassette_library_dir=str(tmp_path), **options):
            batch.execute()
        return answered

    recorded = in_a_batch("A", record_mode="once")
    server.close()
    assert in_a_batch("A") == recorded
    assert recorded[0] == "GET /rest.php/v1/page/A?alt=json HTTP/1.1"
    with pytest.raises(NotRecordedError):
        in_a_batch("C")
    with pytest.raises(NotRecordedError):
        in_a_batch("A", request_id="another")


def test_each_of_its_retries_has_a_new_signature(guarded, oauth):
    server = guarded(in_turn(answer("", "503 Service Unavailable"), answer("", "429 Too Many Requests"), in_json({})))
    request = service_of(discovery.files_of(server.uri("").rstrip("/")), oauth).files().insert(body={"a": 1})
    request._sleep = lambda seconds: None
    assert request.execute(num_retries=5) == {}
    assert len(server.guard.seen) == 3
    assert not server.guard.refused


@pytest.mark.parametrize("how", [DROP, lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")])
def test_its_retries_do_not_repeat_a_request_whose_response_was_lost(guarded, oauth, how):
    server = guarded(lambda _: how)
    request = service_of(discovery.files_of(server.uri("").rstrip("/")), oauth).files().insert(body={"a": 1})
    request._sleep = lambda seconds: None
    with pytest.raises(ResponseLostError):
        request.execute(num_retries=5)
    assert len(server.guard.seen) == 1


@pytest.mark.parametrize("another", [copy.copy, copy.deepcopy, lambda service: pickle.loads(pickle.dumps(service))])
def test_copies_and_pickles_of_a_service_sign(wiki, alice, another):
    service = service_of(discovery.api_of(wiki.server), alice)
    who_is(service)
    again = another(service)
    assert who_is(again) == "Alice"
    again.close()
    assert who_is(service) == "Alice"


def test_a_service_in_a_with_block_signs_before_and_after_its_end(wiki, alice):
    with service_of(discovery.api_of(wiki.server), alice) as service:
        assert who_is(service) == "Alice"
    assert not service._http.connections
    assert who_is(service) == "Alice"


def test_a_request_method_that_it_replaced_is_signed(wiki, alice):
    http = set_user_agent(OAuth1Http(timeout=10, oauth=alice), "bot/1.0 (me@example.org)")
    assert who_is(build_from_document(discovery.api_of(wiki.server), http=http)) == "Alice"


def test_a_service_accepts_a_pool_as_its_http(wiki, alice):
    http = OAuth1Http(timeout=10, oauth=alice)
    pool = set_user_agent(HttpPool(http, size=2), "bot/1.0")
    service = build_from_document(discovery.api_of(wiki.server), http=pool)
    assert who_is(service) == who_is(pickle.loads(pickle.dumps(service))) == "Alice"
    with service:
        pool.oauth = None
        assert who_is(service) == "127.0.0.1"


# -- google-auth-httplib2


def test_authorized_http_with_anonymous_credentials_is_signed(wiki, alice):
    anonymous = google.auth.credentials.AnonymousCredentials()
    http = authorized(anonymous, alice)
    assert who_is(build_from_document(discovery.api_of(wiki.server), http=http)) == "Alice"


def test_the_bearer_token_of_authorized_http_is_refreshed_and_not_replaced(guarded, serve, oauth):
    """A Bearer token is left unchanged, only the wiki gets a signature, and the token endpoint gets neither."""
    tokens = serve(lambda _: in_json({"access_token": "second", "expires_in": 3600, "token_type": "Bearer"}))
    google_service = serve(
        lambda r: in_json({}) if r.headers["authorization"] == "Bearer second" else answer("", "401 Unauthorized")
    )
    wiki = guarded(lambda _: in_json({}))
    credentials = google.oauth2.credentials.Credentials(
        "first", refresh_token="r", token_uri=tokens.uri("/token"), client_id="i", client_secret="s"
    )
    http = authorized(credentials, {f"localhost:{wiki.port}": oauth})
    document = discovery.files_of(google_service.uri("").rstrip("/"))
    assert build_from_document(document, http=http).files().insert(body={"a": 1}).execute() == {}
    assert [r.headers["authorization"] for r in google_service.received] == ["Bearer first", "Bearer second"]
    assert "authorization" not in tokens.received[0].headers
    assert http.http.request(wiki.uri())[0].status == 200
    assert not wiki.guard.refused


def test_the_same_service_over_plain_httplib2_is_refused(guarded):
    """This shows that the guard refuses unsigned requests."""
    server = guarded(lambda _: in_json({}))
    service = build_from_document(discovery.files_of(server.uri("").rstrip("/")), http=httplib2.Http(timeout=10))
    with pytest.raises(HttpError, match="401"):
        service.files().get(name="x").execute()
