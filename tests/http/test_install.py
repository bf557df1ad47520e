"""install() and uninstall(): our Http in httplib2's place, for frameworks that make their own."""

import copy
import os
import pickle
import subprocess
import sys
import textwrap

import httplib2
import pytest

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuth1Mixin, install, uninstall
from httplib2_oauthlib.cassettes import use

from .. import reference
from ..frameworks.conftest import Guard
from ..frameworks.tracker import Tracker

ORIGINAL = httplib2.Http
OAUTH = OAuth1("client", "client-secret", "token", "token-secret")


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    while httplib2.Http is not ORIGINAL:
        uninstall()


def is_signed(received):
    parameters = reference.protocol_parameters(received)
    return bool(parameters) and reference.is_valid(received, reference.Secrets("client-secret", "token-secret"))


def asked(server, http):
    """Make a request, and say whether it was signed."""
    http.request(server.uri())
    return is_signed(server.received[-1])


def test_what_a_framework_makes_meanwhile_signs(serve):
    server = serve()
    install(OAUTH)
    http = httplib2.Http(timeout=10)
    assert isinstance(http, OAuth1Http)
    assert isinstance(http, ORIGINAL)
    assert (http.timeout, http.oauth) == (10, OAUTH)
    assert asked(server, http)
    uninstall()
    assert httplib2.Http is ORIGINAL
    assert not asked(server, httplib2.Http())
    # What was made meanwhile is not changed.
    assert asked(server, http)


def test_it_ends_with_a_block_whatever_happens_there():
    with pytest.raises(KeyError), install(OAUTH):
        {}[httplib2.Http().oauth]
    assert httplib2.Http is ORIGINAL


def test_the_inner_of_two_counts_and_the_outer_afterwards(serve):
    other = OAuth1("other", "o")
    with install(OAUTH):
        with install(other):
            assert httplib2.Http().oauth == other
        assert httplib2.Http().oauth == OAUTH
        install(other)
    assert httplib2.Http is ORIGINAL


def test_the_end_of_the_outer_block_ends_what_was_installed_within():
    with install(OAUTH):
        install(OAuth1("other"))
    assert httplib2.Http is ORIGINAL
    uninstall()
    assert httplib2.Http is ORIGINAL


@pytest.mark.parametrize(
    "oauth",
    [OAUTH, {"localhost": OAUTH}, lambda uri: OAUTH if "localhost" in uri else None],
    ids=["one", "mapping", "function"],
)
def test_it_takes_whatever_names_a_signer(serve, oauth):
    server = serve()
    with install(oauth):
        assert asked(server, httplib2.Http())
        httplib2.Http().request(server.uri(host="127.0.0.1"))
    assert is_signed(server.received[-1]) == (oauth is OAUTH)


def test_it_takes_the_environment(serve, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", "client:client-secret:token:token-secret")
    server = serve()
    with install(OAuth1.from_env()):
        assert asked(server, httplib2.Http())
    monkeypatch.setenv("OAUTH_TOKENS", "")
    with install(OAuth1.from_env()):
        assert not asked(server, httplib2.Http())


def test_what_names_no_signer_installs_nothing():
    with pytest.raises(TypeError, match="OAuth1"):
        install(("canary",) * 4)
    assert httplib2.Http is ORIGINAL


def test_oauth_may_be_given_to_one_http_as_ever(serve):
    server = serve()
    with install(OAUTH):
        assert not asked(server, httplib2.Http(oauth=None))
        http = httplib2.Http()
        http.oauth = None
        assert not asked(server, http)


def test_a_class_derived_meanwhile_signs_and_ends_with_it(serve):
    server = serve()
    with install(OAUTH):

        class Derived(httplib2.Http):
            def __init__(self):
                httplib2.Http.__init__(self, None, 10)

        class WithoutInit(httplib2.Http):
            def __init__(self):
                vars(self).update(vars(ORIGINAL(timeout=10)))

        kept = Derived()
        assert asked(server, kept)
        assert asked(server, copy.copy(kept))
        assert asked(server, WithoutInit())
    assert asked(server, kept)
    assert not asked(server, Derived())
    assert not asked(server, WithoutInit())


@pytest.mark.parametrize("another", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("when", ["meanwhile", "afterwards"])
def test_copies_outlive_it(serve, another, when):
    server = serve()
    with install(OAUTH):
        http = httplib2.Http(timeout=10)
        asked(server, http)
        if when == "meanwhile":
            again = another(http)
            assert isinstance(again, httplib2.Http)
    if when == "afterwards":
        again = another(http)
    assert isinstance(again, OAuth1Http)
    assert (again.timeout, again.connections) == (10, {})
    assert asked(server, again)


class Counting(httplib2.Http):
    """Somebody else's class in httplib2's place."""

    count = 0

    def request(self, *args, **kwargs):
        Counting.count += 1
        return super().request(*args, **kwargs)


def test_somebody_elses_class_in_its_place_is_kept_and_signs(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", Counting)
    monkeypatch.setattr(Counting, "count", 0)
    with install(OAUTH):
        http = httplib2.Http(timeout=10)
        assert isinstance(http, Counting)
        assert isinstance(http, OAuth1Mixin)
        assert asked(server, http)
        assert asked(server, copy.copy(http))
        assert Counting.count == 2
    assert httplib2.Http is Counting
    again = copy.copy(http)
    assert isinstance(again, Counting)
    assert asked(server, copy.copy(again))


def test_a_copy_of_what_was_derived_over_somebody_elses_class_signs(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", Counting)
    with install(OAUTH):

        class Derived(httplib2.Http):
            pass

        http = Derived(timeout=10)
    again = copy.copy(http)
    assert type(again) is Derived
    assert asked(server, again)


def test_somebody_elses_class_is_not_forgotten_under_two(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", Counting)
    with install(OAuth1("other")), install(OAUTH):
        http = httplib2.Http(timeout=10)
        again = copy.copy(http)
        assert isinstance(again, Counting)
        assert asked(server, again)
    again = copy.copy(http)
    assert isinstance(again, Counting)
    assert asked(server, again)


def test_a_copy_of_one_whose_init_was_skipped_signs(serve):
    server = serve()
    with install(OAUTH):
        http = httplib2.Http.__new__(httplib2.Http)
        vars(http).update(vars(ORIGINAL(timeout=10)))
        assert asked(server, copy.copy(http))


class Mine(OAuth1Http):
    pass


def test_ones_own_class_over_ours_in_its_place_is_kept(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", Mine)
    with install(OAUTH):
        http = httplib2.Http(timeout=10)
    again = copy.copy(http)
    assert isinstance(http, Mine)
    assert isinstance(again, Mine)
    assert asked(server, again)


def test_somebody_elses_class_on_top_of_it_stays(serve):
    server = serve()
    install(OAUTH)

    class OnTop(httplib2.Http):
        pass

    httplib2.Http = OnTop
    try:
        uninstall()
        assert httplib2.Http is OnTop
        assert not asked(server, OnTop())
    finally:
        httplib2.Http = ORIGINAL


def test_httplib2_http_may_be_ours_by_hand(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", OAuth1Http)
    with install(OAUTH):
        assert asked(server, httplib2.Http())
    assert httplib2.Http is OAuth1Http
    assert httplib2.Http().oauth is None


# -- before and after a framework is imported


class Late(httplib2.Http):
    """Of a framework that was imported before, and calls its base by name."""

    def __init__(self):
        httplib2.Http.__init__(self, timeout=10)


def test_a_class_that_was_derived_before_is_told_of(serve, caplog):
    install(OAUTH)
    (told,) = [record.getMessage() for record in caplog.records if "test_install.Late" in record.getMessage()]
    assert "was derived from httplib2.Http before install(): what it asks for is not signed, and fails if" in told
    assert f"Call install() before {__name__} is imported" in told
    # By name it calls our class now, of which it is none.
    with pytest.raises(TypeError, match=r"Late was derived from httplib2.Http before"):
        Late()
    uninstall()
    http = Late()
    with install(OAUTH), pytest.raises(TypeError, match=r"Late was derived from httplib2.Http before"):
        httplib2.Http.request(http, serve().uri())


class LateAndOurs(OAuth1Mixin, httplib2.Http):
    """Derived before, too, but signing by itself."""

    def __init__(self):
        httplib2.Http.__init__(self, timeout=10)

    def request(self, *args, **kwargs):
        return httplib2.Http.request(self, *args, **kwargs)


def test_what_signs_by_itself_goes_on_as_it_was(serve):
    server = serve()
    with install(None):
        http = LateAndOurs()
        http.oauth = OAUTH
        assert asked(server, http)


def test_a_patch_on_top_that_ends_after_it_breaks_nothing(serve):
    with install(OAUTH):
        standing = httplib2.Http
    httplib2.Http = standing
    try:
        server = serve()
        assert not asked(server, Late())
        assert not asked(server, httplib2.Http())
        assert standing.request(Late(), server.uri())[0].status == 200
    finally:
        httplib2.Http = ORIGINAL


@pytest.mark.parametrize("another", [copy.copy, copy.deepcopy])
def test_what_was_made_before_is_copied_meanwhile(serve, another):
    before = ORIGINAL(timeout=7)
    with install(OAUTH), install(OAUTH):
        again = another(before)
        assert type(again) is ORIGINAL
        assert again.timeout == 7
        assert not asked(serve(), again)
    assert type(pickle.loads(pickle.dumps(before))) is ORIGINAL


def test_a_pickle_across_install_is_an_error_and_never_an_http_that_does_not_sign():
    before = ORIGINAL(timeout=7)
    with install(OAUTH):
        http = httplib2.Http(timeout=7)
        for each in (before, http):
            with pytest.raises(pickle.PicklingError):
                pickle.dumps(each)
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(http)


def test_what_was_made_or_derived_before_is_an_http_all_the_same():
    before, ours = ORIGINAL(), OAuth1Http()
    with install(OAUTH), install(OAUTH):
        assert isinstance(before, httplib2.Http)
        assert isinstance(ours, httplib2.Http)
        assert issubclass(Late, httplib2.Http)
        assert not isinstance(object(), httplib2.Http)

        class Derived(httplib2.Http):
            pass

        assert not isinstance(before, Derived)
        assert isinstance(Derived(), httplib2.Http)


def test_cassettes_meanwhile_know_every_http(serve, tmp_path):
    """Also those that were made before, connected and all."""
    server = serve()
    ours, plain = OAuth1Http(timeout=10), ORIGINAL(timeout=10)
    with install(OAUTH):
        installed = httplib2.Http(timeout=10)
        for http in (ours, plain, installed):
            http.request(server.uri("/1"))
        with use(installed, "x", cassette_library_dir=str(tmp_path), record_mode="once") as cassette:
            for number, http in enumerate((ours, plain, installed)):
                http.request(server.uri(f"/{number}"))
    assert len(cassette) == 3


@pytest.fixture
def tracker(serve):
    tracker = Tracker()
    tracker.server = serve(Guard(tracker))
    tracker.root = tracker.server.uri("/1.0/")
    return tracker


def run(*command, **variables):
    environment = {**os.environ, "OAUTH_TOKENS": "", **variables}
    return subprocess.run(
        [sys.executable, *command],
        env=environment, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip


def test_a_framework_imported_afterwards_is_reached(tracker):
    """The recipe, as a program of its own."""
    recipe = ("-m", "tests.frameworks.recipes.install", tracker.root, f"localhost:{tracker.server.port}")
    done = run(*recipe, OAUTH_TOKENS="client:client-secret:token:token-secret")
    assert (done.stdout, done.stderr) == ("alice\n", "")
    done = run(*recipe)
    assert "Unauthorized" in done.stderr


def test_a_framework_imported_before_is_told_of(tracker):
    program = """
        import lazr.restfulclient.resource
        from httplib2_oauthlib import install
        install(None)
    """
    done = run("-c", textwrap.dedent(program))
    assert "lazr.restfulclient._browser.RestfulHttp was derived from httplib2.Http before install()" in done.stderr
    assert "Call install() before lazr.restfulclient._browser is imported" in done.stderr
