"""The embedded wiki gets the requests that real wikis got, byte for byte, and gives the same responses."""

import re

import pytest

from .. import vectors
from .answers import observe
from .not_modelled import NOT_MODELLED
from .recorded_wikis import file_of, replay, send_all

FILES = [
    pytest.param(version, file, id=f"{version}-{file}")
    for version in vectors.VERSIONS
    for file in sorted({file_of(vector) for vector in vectors.recorded(version)})
]
# MediaWiki answers these signed requests without verifying them: no route, another method, no JSON, a scheme in lower
# case, origin=*, Special:OAuth without a subpage, api.php with more path behind it, rest.php without a path.
NOT_VERIFIED = set(
    "rest_refusals_get-20 rest_refusals_get-26 rest_errors-0 rest_errors-2 rest_errors-34 rest_errors-35"
    " rest_languages-4 rest_languages-8 rest_languages-12 rest_languages-16 owner_only_query_forms-13"
    " api_errors_more-18 index_pages-16 redirects-6 rest_errors-24 rest_errors-26 rest_errors-27 rest_errors-28"
    " rest_errors-29 rest_errors-30 rest_errors-31 rest_errors-46".split()
)


def replayed(version, file):
    """Return every recorded request of a file, and the embedded wiki's response to it."""
    responses = replay(version)
    return [(vector, responses[vector.id]) for vector in vectors.recorded(version) if file_of(vector) == file]


def is_refused(vector):
    """Return whether the real wiki refused the OAuth part of a request."""
    if vector.target.startswith("/rest.php") and vector.version == "1.43":
        # Before 1.44, rest.php does not tell a refusal from a missing grant. Both recordings have the same requests.
        vector = next(other for other in vectors.recorded("1.45") if other.id == vector.id)
    if "OAuth%2F" in vector.uri or "OAuth/" in vector.uri:
        return bool(re.match('Error: |{"error"', vector.answer)) or "format=html" in vector.uri
    if vector.status == 400 and vector.answer.startswith("<!DOCTYPE"):
        return "OAuth kann nur" in vector.answer or "OAuth can only" in vector.answer
    if vector.method == "HEAD" or vector.version == "1.39":
        # The response to HEAD has no message, and that of rest.php before 1.44 has no reason.
        return vector.status == 403 or "mwoauth" in vector.answer_headers.get("mediawiki-api-error", "")
    return "mwoauth-invalid-authorization" in vector.answer_headers.get("mediawiki-api-error", vector.answer)


def user_of(vector):
    """Return the name of the user whose access token a request was signed with, or None."""
    known, token = vectors.credentials(vector.version), vector.oauth.get("oauth_token")
    if vector.version == "1.39":
        return next((each["user"] for each in known["access_tokens"] if each["key"] == token), None)
    entries = known["consumers"].values()
    return next((each["user"].partition(" (")[0] for each in entries if each.get("token", "") == token), None)


def test_the_vectors_hold_every_recorded_request():
    assert [len(vectors.recorded(version)) for version in vectors.VERSIONS] == [69, 805, 805]
    assert len(vectors.SIGNED) == 67


@pytest.mark.parametrize(("version", "file"), FILES)
def test_each_recorded_request_gets_the_real_wikis_verdict_on_oauth(version, file):
    """This holds for every request, whether its response is modelled or not."""
    for vector, response in replayed(version, file):
        assert (response.seen.refusal is not None) == is_refused(vector), vector.id
        answers_a_user = vector.target.startswith(("/api.php", "/rest.php")) and vector.method != "OPTIONS"
        if vector.oauth and answers_a_user and not is_refused(vector) and vector.id not in NOT_VERIFIED:
            assert response.seen.user == user_of(vector), vector.id


@pytest.mark.parametrize(("version", "file"), FILES)
def test_each_modelled_response_is_the_real_wikis(version, file):
    """Statuses, headers, error messages, keys and values are compared. Numbers, times and secrets differ."""
    for vector, response in replayed(version, file):
        theirs = observe(vector.status, vector.answer_headers, vector.answer, vector.base)
        ours = observe(response.status, response.headers, response.content, vector.base)
        if f"{version} {vector.id}" in NOT_MODELLED:
            assert ours != theirs, f"{vector.id} is modelled now. Remove it from the list of what is not."
        else:
            assert ours == theirs, vector.id


def test_a_request_that_is_not_modelled_is_in_the_recordings():
    recorded = {f"{version} {vector.id}" for version in vectors.VERSIONS for vector in vectors.recorded(version)}
    assert set(NOT_MODELLED) <= recorded


@pytest.mark.parametrize("version", vectors.VERSIONS)
def test_a_tampered_request_is_refused(version):
    """The embedded wiki rejects every accepted request of api.php once a parameter is added."""
    accepted = [
        vector
        for vector in vectors.recorded(version)
        if vector.oauth and vector.target.startswith("/api.php?") and not is_refused(vector)
    ]
    tampered = [vector._replace(uri=f"{vector.uri}&tampered=1") for vector in accepted if vector.id not in NOT_VERIFIED]
    responses = send_all(version, tampered)
    assert len(responses) > 10
    for vector in tampered:
        if vector.method != "OPTIONS":
            assert "Invalid signature" in (responses[vector.id].seen.refusal or ""), vector.id
