"""google-apitools over OAuth1Http, with a client that its generator writes from a discovery document."""

import dataclasses
import importlib
import io
import json
import sys

import pytest
from apitools.base.py import batch, exceptions, http_wrapper, transfer
from apitools.gen import gen_client

from httplib2_oauthlib import HttpPool, OAuth1Http, ResponseLostError, SigningError
from tests.servers import DROP, answer, in_turn

from . import discovery
from .conftest import in_json
from .recipes.apitools import signed
from .uploads import Uploads, batch_answer

CONTENT = bytes(range(256)) * 3 * 1024


@pytest.fixture(scope="module")
def generated(tmp_path_factory):
    """The generated package, with its ``FilesV1`` and its messages."""
    place = tmp_path_factory.mktemp("generated")
    (place / "document.json").write_text(json.dumps(discovery.files_of("http://localhost")))
    outdir = place / "files_client"
    arguments = [f"--infile={place / 'document.json'}", f"--outdir={outdir}", "--root_package=.", "client"]
    assert gen_client.main(["gen_client", *arguments]) in (None, 0)
    sys.path.insert(0, str(place))
    try:
        yield importlib.import_module("files_client.files_v1_client")
    finally:
        sys.path.remove(str(place))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(http_wrapper.time, "sleep", lambda seconds: None)


def test_it_reads_and_writes(guarded, oauth, generated):
    server = guarded(lambda r: in_json({"name": f"{r.method} {r.target}", "size": len(r.body)}))
    client = signed(generated.FilesV1, server.uri(), oauth)
    messages = generated.messages
    got = client.files.Get(messages.FilesGetRequest(name="a b/\u00fc"))
    assert got.name == "GET /files/a%20b%2F%C3%BC"
    made = client.files.Insert(messages.File(name="x"))
    assert (made.name, made.size) == ("POST /files", len('{"name": "x"}'))
    assert not server.guard.refused


def test_without_oauth_it_is_refused(guarded, generated):
    client = signed(generated.FilesV1, guarded().uri(), None)
    with pytest.raises(exceptions.HttpUnauthorizedError):
        client.files.Get(generated.messages.FilesGetRequest(name="a"))


@pytest.mark.parametrize("strategy", [transfer.SIMPLE_UPLOAD, transfer.RESUMABLE_UPLOAD])
def test_it_uploads_a_file(guarded, oauth, generated, strategy):
    uploads = Uploads()
    server = guarded(uploads)
    client = signed(generated.FilesV1, server.uri(), oauth)
    upload = transfer.Upload.FromStream(
        io.BytesIO(CONTENT), "application/octet-stream", total_size=len(CONTENT), chunksize=256 * 1024
    )
    upload.strategy = strategy
    assert client.files.Insert(generated.messages.File(name="x"), upload=upload).size == len(CONTENT)
    assert uploads.files == [CONTENT]
    assert len(server.received) == (1 if strategy == transfer.SIMPLE_UPLOAD else 4)
    assert not server.guard.refused


def test_an_upload_continues_after_a_busy_server(guarded, oauth, generated):
    uploads = Uploads()
    uploads.failing = 2
    server = guarded(uploads)
    client = signed(generated.FilesV1, server.uri(), oauth)
    stream = io.BytesIO(CONTENT)
    upload = transfer.Upload.FromStream(stream, "application/octet-stream", total_size=len(CONTENT), chunksize=2**18)
    upload.strategy = transfer.RESUMABLE_UPLOAD
    assert client.files.Insert(generated.messages.File(name="x"), upload=upload).size == len(CONTENT)
    assert uploads.files == [CONTENT]
    assert not server.guard.refused


def test_several_requests_go_in_one_batch(guarded, oauth, generated):
    server = guarded(batch_answer)
    client = signed(generated.FilesV1, server.uri(), oauth)
    together = batch.BatchApiRequest(batch_url=server.uri("/batch"), response_encoding="utf-8")
    together.Add(client.files, "Get", generated.messages.FilesGetRequest(name="a"))
    together.Add(client.files, "Insert", generated.messages.File(name="\u00fc"))
    answered = together.Execute(client.http)
    assert [each.response.name.split()[0] for each in answered] == ["GET", "POST"]
    assert [each.target for each in server.received] == ["/batch"]
    assert not server.guard.refused


def test_each_of_its_retries_has_a_new_signature(guarded, oauth, generated):
    server = guarded(in_turn(answer("", "503 Service Unavailable"), answer("", "429 Too Many Requests"), in_json({})))
    signed(generated.FilesV1, server.uri(), oauth).files.Insert(generated.messages.File(name="x"))
    assert len(server.guard.seen) == 3
    assert not server.guard.refused


def test_its_retries_do_not_repeat_a_request_whose_response_was_lost(guarded, oauth, generated):
    server = guarded(lambda _: DROP)
    client = signed(generated.FilesV1, server.uri(), oauth)
    with pytest.raises(ResponseLostError):
        client.files.Insert(generated.messages.File(name="x"))
    assert len(server.guard.seen) == 1
    # The server refused the second request by its nonce.
    assert len(server.guard.refused) == 1


def test_it_takes_a_pool(guarded, oauth, generated):
    server = guarded(in_turn(answer("", "503 Service Unavailable"), in_json({})))
    client = generated.FilesV1(server.uri(), http=HttpPool(OAuth1Http(timeout=10, oauth=oauth)), get_credentials=False)
    client.files.Insert(generated.messages.File(name="x"))
    assert len(server.guard.seen) == 2


def test_its_retries_end_if_a_request_cannot_be_signed(oauth, generated):
    """apitools retries after every ValueError, and a SigningError is one. Nothing is sent."""
    client = signed(generated.FilesV1, "http://localhost:9", dataclasses.replace(oauth, signature_type="BODY"))
    with pytest.raises(SigningError):
        client.files.Get(generated.messages.FilesGetRequest(name="x"))
