"""Independent implementations verify our signatures. Verifiers that share no code with ours verify theirs."""

import functools

import pytest

from .asked import signed_by_us, unsigned
from .disagreements import TABLE, expected_traits
from .page import PAGE, page
from .peers import EmbeddedWiki, Reference, Unavailable, all_peers
from .random_requests import random_shapes
from .shapes import SHAPES
from .traits import TRAITS, traits_of

PEERS = all_peers()
VERIFIERS = [peer for peer in PEERS if peer.placements]
SIGNERS = [peer for peer in PEERS if peer.signs]
SEED = 5849


@pytest.fixture(scope="module")
def peer(request):
    try:
        peer = request.param()
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield peer
    peer.close()


def each(peers):
    return pytest.mark.parametrize("peer", peers, indirect=True, ids=lambda peer: peer.__name__)


@functools.cache
def traits(shape, side):
    """Return the traits of a shape as we send it, or as a peer is asked to sign it."""
    return frozenset(traits_of(shape, signed_by_us(shape) if side == "verifies" else unsigned(shape)))


def differences(peer, side, shapes):
    """Ask a peer about each shape. Return the shapes with a new difference, and those whose difference has gone."""
    listed = expected_traits(peer.name, side)
    new, gone = [], []
    for shape in map(peer.adapted, shapes):
        if not peer.is_asked(shape, side):
            continue
        agrees = accepts_ours(peer, shape) if side == "verifies" else is_accepted_from(peer, shape)
        known = traits(shape, side) & listed
        if agrees and known:
            gone.append((shape.name, known))
        elif not agrees and not known:
            new.append(shape)
    return new, gone


def accepts_ours(peer, shape):
    """Whether a peer accepts a shape that we sign. An exception in the peer is a refusal."""
    try:
        return peer.verify(signed_by_us(shape), shape)
    except Exception:
        return False


def is_accepted_from(peer, shape):
    """Whether the verifiers accept a shape that a peer signs. The embedded wiki is asked where it follows RFC 5849."""
    try:
        theirs = peer.sign(shape)
    except Exception:
        return False
    if theirs is None:
        return False
    wiki = EmbeddedWiki()
    if wiki.can_verify(shape) and not traits_of(shape, theirs) & expected_traits(wiki.name, "verifies"):
        return wiki.verify(theirs, shape) and Reference().verify(theirs, shape)
    return Reference().verify(theirs, shape)


@each(VERIFIERS)
def test_a_peer_accepts_each_shape_that_we_sign_except_those_listed(peer):
    new, gone = differences(peer, "verifies", SHAPES)
    assert ([shape.name for shape in new], gone) == ([], [])


@each(SIGNERS)
def test_each_shape_that_a_peer_signs_is_accepted_except_those_listed(peer):
    new, gone = differences(peer, "signs", SHAPES)
    assert ([shape.name for shape in new], gone) == ([], [])


@pytest.mark.slow
@each(VERIFIERS)
def test_a_peer_accepts_random_requests_that_we_sign(peer):
    assert differences(peer, "verifies", random_shapes(200, SEED))[0] == []


@pytest.mark.slow
@each(SIGNERS)
def test_random_requests_that_a_peer_signs_are_accepted(peer):
    assert differences(peer, "signs", random_shapes(200, SEED))[0] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@each(VERIFIERS)
def test_a_peer_accepts_3000_random_requests_that_we_sign(peer):
    assert differences(peer, "verifies", random_shapes(3000, SEED + 1))[0] == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@each(SIGNERS)
def test_3000_random_requests_that_a_peer_signs_are_accepted(peer):
    assert differences(peer, "signs", random_shapes(3000, SEED + 1))[0] == []


@each(VERIFIERS)
def test_a_peer_refuses_a_request_that_was_changed(peer):
    shape = peer.adapted(next(shape for shape in SHAPES if shape.name == "query: one pair"))
    if not peer.is_asked(shape, "verifies"):
        pytest.skip("it verifies only other signatures")
    request = signed_by_us(shape)
    assert peer.verify(request, shape)
    assert not peer.verify(request._replace(uri=request.uri.replace("a=1", "a=2")), shape)


def test_the_page_is_what_the_script_writes():
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.interop.page"


def test_each_row_of_the_table_is_about_a_shape():
    found = frozenset().union(*(traits(shape, side) for shape in SHAPES for side in ("verifies", "signs")))
    assert {row.trait for row in TABLE} <= found


def test_the_table_names_traits_and_peers_that_exist():
    names = {peer.name for peer in PEERS}
    assert {row.trait for row in TABLE} == set(TRAITS)
    assert len({row.trait for row in TABLE}) == len(TABLE)
    assert {name for row in TABLE for name in row.peers} <= names


def test_shapes_have_names_of_their_own():
    assert len({shape.name for shape in SHAPES}) == len(SHAPES)
