"""install() and uninstall(): OAuth1Http replaces httplib2.Http for frameworks that create their own Http."""

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
def no_class_left_installed():
    yield
    while httplib2.Http is not ORIGINAL:
        uninstall()


def is_signed(received):
    parameters = reference.protocol_parameters(received)
    return bool(parameters) and reference.is_valid(received, reference.Secrets("client-secret", "token-secret"))


def sends_signed(server, http):
    """Make a request. Return whether it was signed."""
    http.request(server.uri())
    return is_signed(server.received[-1])


def test_http_created_while_installed_signs(serve):
    server = serve()
    install(OAUTH)
    http = httplib2.Http(timeout=10)
    assert isinstance(http, OAuth1Http)
    assert isinstance(http, ORIGINAL)
    assert (http.timeout, http.oauth) == (10, OAUTH)
    assert sends_signed(server, http)
    uninstall()
    assert httplib2.Http is ORIGINAL
    assert not sends_signed(server, httplib2.Http())
    # An Http that was created before uninstall() still signs.
    assert sends_signed(server, http)


def test_block_that_raises_restores_httplib2():
    with pytest.raises(KeyError), install(OAUTH):
        {}[httplib2.Http().oauth]
    assert httplib2.Http is ORIGINAL


def test_inner_install_applies_until_its_block_ends(serve):
    other = OAuth1("other", "o")
    with install(OAUTH):
        with install(other):
            assert httplib2.Http().oauth == other
        assert httplib2.Http().oauth == OAUTH
        install(other)
    assert httplib2.Http is ORIGINAL


def test_end_of_the_outer_block_ends_inner_installs():
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
def test_install_accepts_each_type_of_credentials(serve, oauth):
    server = serve()
    with install(oauth):
        assert sends_signed(server, httplib2.Http())
        httplib2.Http().request(server.uri(host="127.0.0.1"))
    assert is_signed(server.received[-1]) == (oauth is OAUTH)


def test_install_accepts_credentials_from_the_environment(serve, monkeypatch):
    monkeypatch.setenv("OAUTH_TOKENS", "client:client-secret:token:token-secret")
    server = serve()
    with install(OAuth1.from_env()):
        assert sends_signed(server, httplib2.Http())
    monkeypatch.setenv("OAUTH_TOKENS", "")
    with install(OAuth1.from_env()):
        assert not sends_signed(server, httplib2.Http())


def test_invalid_credentials_raise_type_error_and_install_nothing():
    with pytest.raises(TypeError, match="OAuth1"):
        install(("canary",) * 4)
    assert httplib2.Http is ORIGINAL


def test_oauth_of_a_single_http_overrides_the_installed_credentials(serve):
    server = serve()
    with install(OAUTH):
        assert not sends_signed(server, httplib2.Http(oauth=None))
        http = httplib2.Http()
        http.oauth = None
        assert not sends_signed(server, http)


def test_subclass_defined_while_installed_signs_until_uninstall(serve):
    server = serve()
    with install(OAUTH):

        class Derived(httplib2.Http):
            def __init__(self):
                httplib2.Http.__init__(self, None, 10)

        class WithoutInit(httplib2.Http):
            def __init__(self):
                vars(self).update(vars(ORIGINAL(timeout=10)))

        kept = Derived()
        assert sends_signed(server, kept)
        assert sends_signed(server, copy.copy(kept))
        assert sends_signed(server, WithoutInit())
    assert sends_signed(server, kept)
    assert not sends_signed(server, Derived())
    assert not sends_signed(server, WithoutInit())


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("when", ["while installed", "after uninstall"])
def test_copy_still_signs_after_uninstall(serve, duplicate, when):
    server = serve()
    with install(OAUTH):
        http = httplib2.Http(timeout=10)
        sends_signed(server, http)
        if when == "while installed":
            again = duplicate(http)
            assert isinstance(again, httplib2.Http)
    if when == "after uninstall":
        again = duplicate(http)
    assert isinstance(again, OAuth1Http)
    assert (again.timeout, again.connections) == (10, {})
    assert sends_signed(server, again)


class Counting(httplib2.Http):
    """A class of another package that replaced httplib2.Http before."""

    count = 0

    def request(self, *args, **kwargs):
        Counting.count += 1
        return super().request(*args, **kwargs)


def test_replacement_by_another_package_is_kept_and_signs(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", Counting)
    monkeypatch.setattr(Counting, "count", 0)
    with install(OAUTH):
        http = httplib2.Http(timeout=10)
        assert isinstance(http, Counting)
        assert isinstance(http, OAuth1Mixin)
        assert sends_signed(server, http)
        assert sends_signed(server, copy.copy(http))
        assert Counting.count == 2
    assert httplib2.Http is Counting
    again = copy.copy(http)
    assert isinstance(again, Counting)
    assert sends_signed(server, copy.copy(again))


def test_copy_of_a_subclass_over_another_replacement_signs(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", Counting)
    with install(OAUTH):

        class Derived(httplib2.Http):
            pass

        http = Derived(timeout=10)
    again = copy.copy(http)
    assert type(again) is Derived
    assert sends_signed(server, again)


def test_replacement_by_another_package_is_kept_under_two_installs(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", Counting)
    with install(OAuth1("other")), install(OAUTH):
        http = httplib2.Http(timeout=10)
        again = copy.copy(http)
        assert isinstance(again, Counting)
        assert sends_signed(server, again)
    again = copy.copy(http)
    assert isinstance(again, Counting)
    assert sends_signed(server, again)


def test_copy_of_an_http_without_init_signs(serve):
    server = serve()
    with install(OAUTH):
        http = httplib2.Http.__new__(httplib2.Http)
        vars(http).update(vars(ORIGINAL(timeout=10)))
        assert sends_signed(server, copy.copy(http))


class CustomOAuth1Http(OAuth1Http):
    pass


def test_subclass_of_oauth1http_that_replaced_httplib2_is_kept(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", CustomOAuth1Http)
    with install(OAUTH):
        http = httplib2.Http(timeout=10)
    again = copy.copy(http)
    assert isinstance(http, CustomOAuth1Http)
    assert isinstance(again, CustomOAuth1Http)
    assert sends_signed(server, again)


def test_later_instance_of_a_class_derived_while_installed_is_logged(serve, caplog):
    def warnings():
        return [record for record in caplog.records if "during install()" in record.getMessage()]

    with install(OAUTH):

        class Derived(httplib2.Http):
            pass

        Derived(timeout=10)
    assert warnings() == []
    later = Derived(timeout=10)
    (record,) = warnings()
    assert record.levelname == "WARNING"
    assert f"{__name__}.{Derived.__qualname__} was derived" in record.getMessage()
    later.oauth = OAUTH
    assert sends_signed(serve(), later)
    Derived(timeout=10, oauth=None)
    assert len(warnings()) == 1


def test_class_that_replaced_httplib2_after_install_stays(serve):
    server = serve()
    install(OAUTH)

    class OnTop(httplib2.Http):
        pass

    httplib2.Http = OnTop
    try:
        uninstall()
        assert httplib2.Http is OnTop
        assert not sends_signed(server, OnTop())
    finally:
        httplib2.Http = ORIGINAL


def test_httplib2_http_can_already_be_oauth1http(serve, monkeypatch):
    server = serve()
    monkeypatch.setattr(httplib2, "Http", OAuth1Http)
    with install(OAUTH):
        assert sends_signed(server, httplib2.Http())
    assert httplib2.Http is OAuth1Http
    assert httplib2.Http().oauth is None


# Frameworks that were imported before or after install()


class DefinedBefore(httplib2.Http):
    """A framework's class, defined before install(). It calls its base class by name."""

    def __init__(self):
        httplib2.Http.__init__(self, timeout=10)


def test_class_defined_before_install_is_logged_and_raises_when_used(serve, caplog):
    install(OAUTH)
    (message,) = [
        record.getMessage() for record in caplog.records if "test_install.DefinedBefore" in record.getMessage()
    ]
    assert "was derived from httplib2.Http before install(): what it asks for is not signed, and fails if" in message
    assert f"Call install() before {__name__} is imported" in message
    # The constructor now calls the installed class by name, and DefinedBefore doesn't derive from it.
    with pytest.raises(TypeError, match=r"DefinedBefore was derived from httplib2.Http before"):
        DefinedBefore()
    uninstall()
    http = DefinedBefore()
    with install(OAUTH), pytest.raises(TypeError, match=r"DefinedBefore was derived from httplib2.Http before"):
        httplib2.Http.request(http, serve().uri())


class DefinedBeforeWithMixin(OAuth1Mixin, httplib2.Http):
    """A class, also defined before install(), which signs by OAuth1Mixin."""

    def __init__(self):
        httplib2.Http.__init__(self, timeout=10)

    def request(self, *args, **kwargs):
        return httplib2.Http.request(self, *args, **kwargs)


def test_class_defined_before_install_with_the_mixin_works_unchanged(serve):
    server = serve()
    with install(None):
        http = DefinedBeforeWithMixin()
        http.oauth = OAUTH
        assert sends_signed(server, http)


def test_installed_class_that_another_patch_puts_back_does_not_sign(serve):
    with install(OAUTH):
        installed = httplib2.Http
    httplib2.Http = installed
    try:
        server = serve()
        assert not sends_signed(server, DefinedBefore())
        assert not sends_signed(server, httplib2.Http())
        assert installed.request(DefinedBefore(), server.uri())[0].status == 200
    finally:
        httplib2.Http = ORIGINAL


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_http_created_before_install_can_be_copied_while_installed(serve, duplicate):
    before = ORIGINAL(timeout=7)
    with install(OAUTH), install(OAUTH):
        again = duplicate(before)
        assert type(again) is ORIGINAL
        assert again.timeout == 7
        assert not sends_signed(serve(), again)
    assert type(pickle.loads(pickle.dumps(before))) is ORIGINAL


def test_pickling_while_installed_or_after_raises_pickling_error():
    before = ORIGINAL(timeout=7)
    with install(OAUTH):
        http = httplib2.Http(timeout=7)
        for each in (before, http):
            with pytest.raises(pickle.PicklingError):
                pickle.dumps(each)
    with pytest.raises(pickle.PicklingError):
        pickle.dumps(http)


def test_isinstance_holds_for_objects_and_classes_from_before_install():
    before, ours = ORIGINAL(), OAuth1Http()
    with install(OAUTH), install(OAUTH):
        assert isinstance(before, httplib2.Http)
        assert isinstance(ours, httplib2.Http)
        assert issubclass(DefinedBefore, httplib2.Http)
        assert not isinstance(object(), httplib2.Http)

        class Derived(httplib2.Http):
            pass

        assert not isinstance(before, Derived)
        assert isinstance(Derived(), httplib2.Http)


def test_cassette_records_every_http_while_installed(serve, tmp_path):
    """This includes an Http that was created before and is already connected."""
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


def test_framework_imported_after_install_signs(tracker):
    """The test runs the recipe as a separate program."""
    recipe = ("-m", "tests.frameworks.recipes.install", tracker.root, f"localhost:{tracker.server.port}")
    done = run(*recipe, OAUTH_TOKENS="client:client-secret:token:token-secret")
    assert (done.stdout, done.stderr) == ("alice\n", "")
    done = run(*recipe)
    assert "Unauthorized" in done.stderr


def test_framework_imported_before_install_is_logged(tracker):
    program = """
        import lazr.restfulclient.resource
        from httplib2_oauthlib import install
        install(None)
    """
    done = run("-c", textwrap.dedent(program))
    assert "lazr.restfulclient._browser.RestfulHttp was derived from httplib2.Http before install()" in done.stderr
    assert "Call install() before lazr.restfulclient._browser is imported" in done.stderr
