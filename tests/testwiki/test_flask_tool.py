"""The example tool in a real browser (Debian's Chromium), with the embedded wiki. Both run on loopback."""

import http.client
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from cheroot.wsgi import Server
from playwright.sync_api import expect, sync_playwright

from httplib2_oauthlib.testwiki.store import PASSWORD, Title

from ..servers import DROP, answer

FOLDER = Path(__file__).parents[2] / "examples" / "flask_tool"
CONFIG = {
    "SECRET_KEY": "the canary that signs cookies",
    "OAUTH_MWURI": "https://wiki.example/w/index.php",
    "CONSUMER_KEY": "key",
    "CONSUMER_SECRET": "a canary that no wiki knows",
    "USER_AGENT": "test_flask_tool/1.0 (https://tool.example/)",
}
PATIENCE = 15_000  # Milliseconds. Only a slow machine needs this long.
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def write_config(path, config=CONFIG, mode=0o600):
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in config.items()))
    path.chmod(mode)
    return path


@pytest.fixture(scope="module")
def module(tmp_path_factory):
    """The module app.py, imported with a configuration, which it requires."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOOL_CONFIG", str(write_config(tmp_path_factory.mktemp("config") / "config.toml")))
        spec = importlib.util.spec_from_file_location("flask_tool_app", FOLDER / "app.py")
        module = importlib.util.module_from_spec(spec)
        patch.setitem(sys.modules, spec.name, module)
        spec.loader.exec_module(module)
        yield module


@pytest.fixture(scope="module")
def chromium():
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        # A machine without a browser skips these tests; CI must have one.
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs Chromium, or CHROMIUM set to its path")
    expect.set_options(timeout=PATIENCE)
    # Only loopback names resolve.
    arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"]
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=arguments, timeout=4 * PATIENCE)


class Tool:
    def __init__(self, module, wiki, config):
        self.wiki = wiki
        consumer = wiki.register("My first tool", callback="http://localhost:1/oauth-callback")
        keys = {"CONSUMER_KEY": consumer.key, "CONSUMER_SECRET": consumer.secret, "OAUTH_MWURI": wiki.index_uri}
        self.app = module.create_app({**CONFIG, **keys, **config})
        self.app.after_request(self.remember)
        self.given, self.secrets = "", {CONFIG["SECRET_KEY"], CONFIG["CONSUMER_SECRET"], consumer.secret}
        self.server = Server(("127.0.0.1", 0), self.app)
        self.server.expiration_interval, self.server.shutdown_timeout = 0.01, 0.2
        self.server.prepare()
        # The name differs from the wiki's, so for the browser they are two sites, as in production.
        self.uri = f"http://localhost:{self.server.bind_addr[1]}"
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.thread.start()

    def remember(self, response):
        # Keep every page that the tool shows, and every secret that exists at that time.
        if response.mimetype == "text/html":
            self.given += f"{response.headers.get('Location')}\n{response.get_data(as_text=True)}\n"
        tokens = [*self.wiki.store.request_tokens.values(), *self.wiki.store.access_tokens.values()]
        self.secrets |= {token.secret for token in tokens}
        return response

    def get(self, path, cookie="", **headers):
        """Send a request without a browser. Return the response with the cookie to send next."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.bind_addr[1], timeout=30)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers={"Host": urlsplit(self.uri).netloc, "Cookie": cookie, **headers})
        got = connection.getresponse()
        got.text, got.location = got.read().decode(), got.getheader("Location")
        got.cookie = (got.getheader("Set-Cookie") or cookie).partition(";")[0]
        connection.close()
        return got

    def callback_of(self, uri, user="Alice"):
        """Allow the request that ``uri`` names. Return the path and query to which the wiki redirects."""
        callback = self.wiki.authorize(parse_qs(urlsplit(uri).query)["oauth_token"][0], user)
        return callback.removeprefix(self.uri)

    def log_in(self, path="/login", cookie="", user="Alice"):
        """Log in without a browser. Return the last response, the callback and the cookie that led to it."""
        begun = self.get(path, cookie)
        callback = self.callback_of(begun.location, user)
        return self.get(callback, begun.cookie), callback, begun.cookie


@pytest.fixture
def tool(module, wiki, caplog, request):
    """The tool on a socket. At the end, verify that no page and no log record shows a secret."""
    wiki.account("Alice")
    wiki.store.save(Title.parse("Sandbox"), "Hello", wiki.store.user("Alice"))
    tool = Tool(module, wiki, getattr(request, "param", {}))
    yield tool
    tool.server.stop()
    tool.thread.join()
    said = [tool.given, *map(caplog.handler.format, caplog.get_records("call"))]
    assert not [secret for secret in tool.secrets if secret in "\n".join(said)]


@pytest.fixture
def page(chromium, request):
    """A page in a separate browser context. At the end, verify that it contacted only loopback."""
    asked = []
    context = chromium.new_context(**getattr(request, "param", {}))
    context.set_default_timeout(PATIENCE)
    context.on("request", lambda request: asked.append(urlsplit(request.url).hostname))
    yield context.new_page()
    context.close()
    assert set(asked) <= {"localhost", "127.0.0.1"}


def click(page, name, role="button"):
    page.get_by_role(role, name=name, exact=True).click()


def begin(page, tool, path="/login", user="Alice"):
    """Begin at the tool and go on to the wiki's authorization page."""
    page.goto(tool.uri + path)
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(PASSWORD)
    click(page, "Log in")
    expect(page.get_by_role("heading", name="Allow My first tool?")).to_be_visible()


def log_in(page, tool, path="/login"):
    begin(page, tool, path)
    click(page, "Allow")
    expect_greeting(page, "Hello Alice!")


def expect_greeting(page, text="Hello!", error=None):
    """Check the greeting (``"Hello!"`` if the visitor is anonymous) and the error message."""
    expect(page.get_by_role("heading", level=1)).to_have_text(text)
    expect(page.get_by_role("link", name="Log in", exact=True)).to_have_count(int(text == "Hello!"))
    expect(page.get_by_role("alert")).to_contain_text([error] if error else [])


def test_a_visitor_who_logs_in_and_allows_is_greeted_by_name(page, tool, caplog):
    page.goto(tool.uri)
    expect_greeting(page)
    click(page, "Log in", "link")
    expect_greeting(page, "Log in")
    log_in(page, tool)
    assert page.url == f"{tool.uri}/"
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")]


def test_the_account_page_leads_through_the_login_and_shows_the_wikis_data(page, tool, wiki):
    log_in(page, tool, "/me")
    assert page.url == f"{tool.uri}/me"
    today = time.strftime("%Y-%m-%d", time.gmtime(wiki.store.users["Alice"].registered))
    expect(page.locator("dd")).to_have_text(["Alice", "1", "user, autoconfirmed", today])
    agents = [seen.headers["user-agent"] for seen in wiki.requests if "authorization" in seen.headers]
    assert agents == [CONFIG["USER_AGENT"]] * 4


def test_logging_out_deletes_the_session(page, tool):
    log_in(page, tool)
    click(page, "Log out")
    expect_greeting(page)
    assert page.context.cookies(tool.uri) == []
    page.go_back()
    expect_greeting(page)


@pytest.mark.slow
def test_a_login_works_with_only_the_keyboard(page, tool):
    def choose(role, name):
        control = page.get_by_role(role, name=name, exact=True)
        expect(control).to_be_visible()
        for _ in range(12):
            page.keyboard.press("Tab")
            if control.evaluate("control => control === document.activeElement"):
                return page.keyboard.press("Enter")
        pytest.fail(f"Tab does not get to {name}")

    page.goto(tool.uri)
    choose("link", "Log in")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("Alice")
    page.keyboard.press("Tab")
    page.keyboard.type(f"{PASSWORD}\n")
    choose("button", "Allow")
    expect_greeting(page, "Hello Alice!")
    choose("button", "Log out")
    expect_greeting(page)


# -- unusual visitors


@pytest.mark.slow
def test_a_visitor_who_cancels_stays_anonymous_and_can_log_in_later(page, tool):
    begin(page, tool)
    click(page, "Cancel")
    expect(page.get_by_text("You have chosen not to allow")).to_be_visible()
    page.goto(tool.uri)
    expect_greeting(page)
    click(page, "Log in", "link")
    click(page, "Allow")
    expect_greeting(page, "Hello Alice!")


@pytest.mark.parametrize(
    "callback",
    [
        pytest.param("/oauth-callback?oauth_problem=user_refused", marks=pytest.mark.slow),
        pytest.param("/oauth-callback", marks=pytest.mark.slow),
        "another's",
    ],
)
def test_an_unrelated_callback_does_not_end_the_pending_login(page, tool, callback):
    begin(page, tool)
    question = page.url
    error = "You did not allow it" if "refused" in callback else "not the login that was begun in this window"
    if callback == "another's":
        callback = tool.callback_of(tool.get("/login").location, "Mallory")
    page.goto(tool.uri + callback)
    expect_greeting(page, error=error)
    page.goto(question)
    click(page, "Allow")
    expect_greeting(page, "Hello Alice!")


def test_a_callback_in_another_browser_does_not_log_in(page, tool):
    page.goto(tool.uri + tool.callback_of(tool.get("/login").location))
    expect_greeting(page, error="No login is under way here")


@pytest.mark.slow
def test_going_back_or_reopening_the_callback_keeps_the_login(page, tool):
    with page.expect_request(re.compile("/oauth-callback")) as seen:
        log_in(page, tool)
    page.go_back()
    click(page, "Allow")
    expect(page.get_by_role("alert")).to_contain_text("already been completed")
    page.goto(seen.value.url)
    expect(page.get_by_role("status")).to_have_text("You are logged in already.")
    expect_greeting(page, "Hello Alice!")


def test_a_callback_replayed_with_the_old_cookie_is_refused(tool):
    _, callback, cookie = tool.log_in()
    again = tool.get("/", tool.get(callback, cookie).cookie)
    assert "The wiki no longer accepts this login." in again.text
    assert "Alice" not in again.text


def test_a_second_login_keeps_the_first_until_it_completes_then_replaces_it(tool):
    first = tool.log_in("/login?next=/me")[0]
    second, _, meanwhile = tool.log_in(cookie=first.cookie, user="Bob")
    assert "<bdi>Alice</bdi>" in tool.get("/", meanwhile).text
    assert second.location == "/"
    shown = tool.get("/me", second.cookie).text
    assert shown.count("<bdi>Bob</bdi>") == 2
    assert "Alice" not in shown


@pytest.mark.parametrize("path", ["/me", "/", "/me?x=1"])
def test_a_login_returns_to_a_page_of_the_tool(tool, path):
    assert tool.log_in(f"/login?next={quote(path)}")[0].location == path


@pytest.mark.parametrize("start", ["//", "https://", "/\\", "\\\\", "/\t/", "/\r\n/", " //", "javascript:", "", "/ä"])
def test_a_login_never_redirects_to_another_site(tool, start):
    assert tool.log_in(f"/login?next={quote(start)}evil.example")[0].location == "/"


def test_a_user_name_is_escaped(tool):
    cookie = tool.log_in(user='<b>"&')[0].cookie
    assert "Hello <bdi>&lt;b&gt;&#34;&amp;</bdi>!" in tool.get("/", cookie).text


# -- unusual wikis, tools, clocks and browsers


@pytest.mark.parametrize(
    ("path", "greeting"), [pytest.param("/login", "Hello!", marks=pytest.mark.slow), ("/me", "Hello Alice!")]
)
def test_an_unreachable_wiki_is_shown_to_the_visitor_and_logged(page, tool, wiki, caplog, path, greeting):
    if path == "/me":
        log_in(page, tool)
    wiki.stop()
    page.goto(tool.uri + path)
    expect_greeting(page, greeting, error="The wiki can't be reached.")
    (logged,) = map(caplog.handler.format, caplog.records)
    assert f"tool.{path[1:]} failed\nTraceback" in logged


@pytest.mark.slow
def test_a_callback_works_once_an_unreachable_wiki_is_back(page, tool, wiki):
    begin(page, tool)
    callback = tool.uri + tool.callback_of(page.url)
    tool.app.config["OAUTH_MWURI"] = "http://127.0.0.1:1/index.php"  # No server listens here.
    page.goto(callback)
    expect_greeting(page, error="The wiki can't be reached.")
    tool.app.config["OAUTH_MWURI"] = wiki.index_uri
    page.goto(callback)
    expect_greeting(page, "Hello Alice!")


@pytest.mark.parametrize(
    "said", [answer("Down", "503 Down"), answer('{"error": {}}'), answer("[]"), b"no HTTP\r\n\r\n", DROP, "nothing"]
)
def test_an_invalid_api_response_is_shown_as_an_error(tool, serve, module, monkeypatch, request, said):
    cookie, is_over = tool.log_in()[0].cookie, threading.Event()
    request.addfinalizer(is_over.set)
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    server = serve(lambda _: DROP if said == "nothing" and is_over.wait() else said)
    tool.app.config["OAUTH_MWURI"] = server.uri("/w/index.php")
    shown = tool.get("/", tool.get("/me", cookie).cookie).text
    assert re.match(r"/w/api\.php\?.*&assert=user&", server.received[0].target)
    assert ("gave an unexpected answer" if str(said).startswith("b'HTTP/1.1") else "be reached") in shown
    assert "Hello <bdi>Alice</bdi>!" in shown


@pytest.mark.slow
def test_a_revoked_grant_logs_the_visitor_out(page, tool, wiki):
    log_in(page, tool)
    wiki.revoke(next(iter(wiki.store.access_tokens)))
    click(page, "Show my account", "link")
    expect_greeting(page, error="The wiki no longer accepts this login.")


@pytest.mark.parametrize("tool", [{"CONSUMER_SECRET": CONFIG["CONSUMER_SECRET"]}], indirect=True, ids=["wrong"])
def test_a_wrong_consumer_secret_is_shown_as_the_tools_own_fault(page, tool):
    page.goto(tool.uri)
    click(page, "Log in", "link")
    expect_greeting(page, error="The wiki does not accept this tool as it is set up.")


@pytest.mark.parametrize("seconds", [pytest.param(100, marks=pytest.mark.slow), -1000])
def test_a_wrong_clock_is_shown_as_an_error(page, tool, wiki, seconds):
    wiki.clock = lambda: time.time() + seconds
    begin(page, tool)
    click(page, "Allow")
    expect_greeting(page, error="The clocks of this tool and of the wiki differ too much.")


@pytest.mark.parametrize("name", [pytest.param("Alice", marks=pytest.mark.slow), "W" * 60])
@pytest.mark.parametrize("page", [PHONE], indirect=True, ids=["phone"])
def test_on_a_phone_every_page_fits_and_its_controls_are_large_enough(page, tool, wiki, name):
    wiki.account(name)

    def fits(heading):
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        # wait_for_function() polls with eval(), which the page's Content-Security-Policy forbids.
        for _ in range(50):
            if page.evaluate("visualViewport.scale === 1 && document.documentElement.scrollWidth <= 390"):
                break
            page.wait_for_timeout(100)
        else:
            pytest.fail(f"the page {heading!r} does not fit")
        for control in page.locator("button, .button, label:has(input), input:not([type=checkbox]):visible").all():
            assert control.bounding_box()["height"] >= 44
        for field in page.locator("input:visible").all():
            expect(page.locator(f"label[for={field.get_attribute('id')}]")).to_be_visible()

    page.goto(f"{tool.uri}/oauth-callback")  # This page shows a message.
    fits("Hello!")
    click(page, "Log in", "link")
    fits("Log in")
    begin(page, tool, user=name)
    fits("Allow My first tool?")
    click(page, "Cancel")
    fits("OAuth")
    page.goto(f"{tool.uri}/me")
    click(page, "Allow")
    fits(f"Hello {name}!")
    click(page, "your connected applications", "link")
    fits("Manage connected applications")
    page.goto(f"{tool.uri}/oauth-callback")  # This page shows a message.
    fits(f"Hello {name}!")


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "[::1]:5000", "tool.example"])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("tool", [{"OAUTH_CALLBACK": "oob"}], indirect=True, ids=["oob"])
def test_the_cookie_is_same_site_and_secure_except_on_loopback(tool, host, scheme):
    begun = tool.get("/login", Host=host, X_Forwarded_Proto=scheme)
    flags = set(begun.getheader("Set-Cookie").split("; ")[1:])
    is_secure = scheme == "https" or host == "tool.example"
    assert flags == {"HttpOnly", "Path=/", "SameSite=Lax"} | ({"Secure"} if is_secure else set())


@pytest.mark.parametrize("tool", [{}, {"OAUTH_CALLBACK": "oob"}], indirect=True, ids=["its own", "oob"])
def test_the_callback_is_the_proxys_address_or_the_configured_one(tool, wiki):
    assert tool.get("/login", X_Forwarded_Proto="https").status == 302
    callback = tool.app.config.get("OAUTH_CALLBACK") or tool.uri.replace("http:", "https:") + "/oauth-callback"
    assert f'oauth_callback="{quote(callback, safe="")}"' in wiki.requests[0].headers["authorization"]


@pytest.mark.parametrize("path", ["/", "/login", "/oauth-callback", "/logout", "/me", "/nowhere", "/static/style.css"])
def test_every_page_forbids_framing_scripts_and_caching(tool, path):
    headers = tool.get(path).headers
    assert {"default-src 'self'", "frame-ancestors 'none'"} <= set(headers["Content-Security-Policy"].split("; "))
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("no-store" in headers["Cache-Control"]) is (path != "/static/style.css")


# -- the configuration


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_world_readable_configuration_is_refused_with_the_command_to_fix_it(module, tmp_path, mode):
    path = write_config(tmp_path / "my config.toml", mode=mode)
    with pytest.raises(SystemExit, match=f"Run: chmod 600 '{path}'$"):
        module.read_config(path)


@pytest.mark.parametrize("key", CONFIG)
@pytest.mark.parametrize("value", ["", 0])
def test_a_configuration_that_lacks_a_key_is_refused_by_name(module, tmp_path, key, value):
    with pytest.raises(SystemExit, match=rf"^\S+/config.toml lacks {key} \(.+\)$"):
        module.read_config(write_config(tmp_path / "config.toml", {**CONFIG, key: value}))


def test_environment_variables_with_all_settings_replace_the_file(module, monkeypatch, tmp_path):
    for key, value in CONFIG.items():
        monkeypatch.setenv(f"TOOL_{key}", value)
    assert module.read_config(tmp_path / "missing.toml") == CONFIG
    monkeypatch.setenv("TOOL_SECRET_KEY", "")
    with pytest.raises(SystemExit, match="missing"):
        module.read_config(tmp_path / "missing.toml")


def test_a_configuration_that_is_not_toml_is_refused_without_its_secrets(module, tmp_path):
    path = write_config(tmp_path / "config.toml", {})
    path.write_text('SECRET_KEY = "canary')
    with pytest.raises(SystemExit, match=r"config.toml can't be read: (?!.*canary)"):
        module.read_config(path)


def test_a_missing_configuration_ends_with_the_command_that_creates_it(tmp_path):
    path = tmp_path / "config.toml"

    def flask_routes():
        kwargs = {"cwd": FOLDER, "env": {**os.environ, "TOOL_CONFIG": str(path)}, "capture_output": True, "text": True}
        return subprocess.run([sys.executable, "-m", "flask", "routes"], timeout=50, check=False, **kwargs)

    command = re.fullmatch(r".* Run: (.*?)    .*\n", flask_routes().stderr)[1]
    subprocess.run(command, shell=True, check=True, timeout=10)
    # The command sets every key except those that only the user knows.
    missing = re.findall(r"\b[A-Z_]+_[A-Z]+(?= \()", flask_routes().stderr)
    assert missing == ["SECRET_KEY", "CONSUMER_KEY", "CONSUMER_SECRET"]
    write_config(path, mode=0o400)
    run = flask_routes()
    assert (run.returncode, run.stderr) == (0, "")
    assert {"/", "/login", "/oauth-callback", "/logout", "/me"} <= set(run.stdout.split())
