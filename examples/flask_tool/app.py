"""A web tool whose visitors log in with their wiki account, and which then calls the wiki's API for the visitor.

It follows Wikimedia's tutorial "My first Flask OAuth tool", with ``httplib2_oauthlib.mediawiki`` instead of mwoauth.
README.rst explains how to run it.
"""

import functools
import json
import os
import re
import shlex
import sys
import tomllib
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import flask
import httplib2
from flask.sessions import SecureCookieSessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

from httplib2_oauthlib import OAuth1, OAuth1Http, OAuthError, RefusedError, mediawiki

TIMEOUT = 10  # Seconds that a visitor waits before the tool reports that the wiki is down.
HERE = Path(__file__).parent
CONFIG = Path(os.environ.get("TOOL_CONFIG", HERE / "config.toml"))
# The settings that config.toml must have, and where each comes from.
REQUIRED_SETTINGS = {
    "SECRET_KEY": "generate one: python3 -c 'import secrets; print(secrets.token_hex())'",
    "OAUTH_MWURI": "the wiki's index.php, such as https://meta.wikimedia.org/w/index.php",
    "CONSUMER_KEY": "register a consumer at the wiki's Special:OAuthConsumerRegistration/propose",
    "CONSUMER_SECRET": "the wiki showed it once, when you registered the consumer",
    "USER_AGENT": "the tool's name and a way to reach you",
}

# Messages for the visitor. The error's own message is for the log.
MISCONFIGURED = "The wiki does not accept this tool as it is set up. Please tell the tool's maintainers."
WRONG_CLOCK = "The clocks of this tool and of the wiki differ too much. Please tell the tool's maintainers."
UNEXPECTED = "The wiki gave an unexpected answer. Try again in a few minutes, or tell the tool's maintainers."
UNREACHABLE = "The wiki can't be reached. Try again in a few minutes."
# The messages by the reason of the error.
EXPLANATIONS = {
    "denied": "You did not allow it, so nothing has changed.",
    "callback": "This is not the login that was begun in this window. Log in again.",
    "token": "The wiki no longer accepts this login. Log in again.",
    "clock": WRONG_CLOCK,
    "timestamp": WRONG_CLOCK,
    **dict.fromkeys(("signature", "consumer", "method", "audience", "issuer", "claims"), MISCONFIGURED),
}
# The errors that a request to the wiki may raise. OAuthError is an HttpLib2Error. OSError means a failed connection, a
# timeout or a TLS error, and HTTPException an incomplete response.
REQUEST_ERRORS = (httplib2.HttpLib2Error, OSError, HTTPException)

tool = flask.Blueprint("tool", __name__)


def read_config(path: Path) -> dict[str, Any]:
    """Read the settings: from environment variables if they contain all required ones, or else from config.toml.

    The name of a variable is ``TOOL_`` and the name of the setting. Toolforge's build service passes secrets in this
    way, because the image that it builds is public.

    Raises:
        SystemExit: The file can't be used. The message is one line that says what to do.
    """
    names = (*REQUIRED_SETTINGS, "OAUTH_CALLBACK")
    config = {name: value for name in names if (value := os.environ.get(f"TOOL_{name}", "").strip())}
    if config.keys() >= REQUIRED_SETTINGS.keys():
        return config
    try:
        with path.open("rb") as file:
            # No other user may read the file. On Windows the mode does not show who may.
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                sys.exit(
                    f"{path} contains secrets, and other users can read it. Run: chmod 600 {shlex.quote(str(path))}"
                )
            config = tomllib.load(file)
    except FileNotFoundError:
        copy = shlex.join(["install", "-m", "600", str(HERE / "config.example.toml"), str(path)])
        sys.exit(f"{path} is missing. Run: {copy}    and fill in the settings.")
    except (OSError, ValueError) as error:
        sys.exit(f"{path} can't be read: {error}")
    # The example's values are empty, so a setting that was not filled in is found here.
    missing = [key for key in REQUIRED_SETTINGS if not (isinstance(config.get(key), str) and config[key])]
    if missing:
        sys.exit(f"{path} lacks " + "; ".join(f"{key} ({REQUIRED_SETTINGS[key]})" for key in missing))
    return config


class _SessionCookie(SecureCookieSessionInterface):
    """A session cookie that is sent over TLS only, unless the browser and the tool run on the same machine."""

    def get_cookie_secure(self, app: flask.Flask) -> bool:  # noqa: ARG002 (Flask defines the arguments)
        """Return whether the cookie has the attribute Secure."""
        is_loopback = urlsplit(flask.request.host_url).hostname in ("localhost", "127.0.0.1", "::1")
        return flask.request.is_secure or not is_loopback


def create_app(config: Mapping[str, Any]) -> flask.Flask:
    """Create the application from the settings that :func:`read_config` returns."""
    app = flask.Flask(__name__)
    app.config.update(config, SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax")
    app.session_interface = _SessionCookie()
    app.register_blueprint(tool)
    # Toolforge's proxy uses https to the browser and http to the tool. X-Forwarded-Proto holds the browser's scheme.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_proto=1)  # type: ignore[method-assign]
    return app


def handles_request_errors(view: Callable[[], Any]) -> Callable[[], Any]:
    """Return a view that shows the visitor a message and logs a traceback if a request to the wiki fails.

    This is not an error handler of the whole application. A missing template raises an OSError too, and such a handler
    would redirect the browser forever.
    """

    @functools.wraps(view)
    def wrapped() -> Any:
        try:
            return view()
        except REQUEST_ERRORS as error:
            flask.current_app.logger.exception("%s failed", flask.request.endpoint)
            reason = getattr(error, "reason", "")
            if isinstance(error, RefusedError) and reason == "token":
                flask.session.clear()  # The access token was revoked, so the visitor is logged out.
            default = UNEXPECTED if isinstance(error, OAuthError) else UNREACHABLE
            flask.flash(EXPLANATIONS.get(reason, default), "error")
            return flask.redirect(flask.url_for(".index"))

    return wrapped


def handshaker() -> mediawiki.Handshaker:
    """Return a handshaker for the login. Each request needs its own, because an Http is not thread-safe."""
    config = flask.current_app.config
    consumer = config["CONSUMER_KEY"], config["CONSUMER_SECRET"]
    callback = config.get("OAUTH_CALLBACK") or flask.url_for(".oauth_callback", _external=True)
    http = OAuth1Http(timeout=TIMEOUT)
    return mediawiki.Handshaker(config["OAUTH_MWURI"], consumer, callback, config["USER_AGENT"], http=http)


def is_local(path: str) -> bool:
    r"""Return whether a redirect to this path stays on this host.

    Browsers take ``//``, ``/\`` and ``/<tab>/`` for the beginning of another host.
    """
    return re.fullmatch(r"/(?!/)[!-\[\]-~]*", path) is not None


@tool.get("/")
def index() -> str:
    """Show the start page."""
    return flask.render_template("index.html")


@tool.get("/login")
@handles_request_errors
def login() -> Response:
    """Redirect the visitor to the wiki, which asks for permission."""
    uri, request_token = handshaker().initiate()
    flask.session["request_token"] = request_token
    flask.session["next"] = flask.request.args.get("next", "")
    return flask.redirect(uri)


@tool.get("/oauth-callback")
@handles_request_errors
def oauth_callback() -> Response:
    """Complete the login when the wiki redirects the visitor back."""
    session = flask.session
    # The request token stays in the session until the login succeeds, so that a forged callback does not end the login.
    if "request_token" not in session:
        if "username" in session:
            flask.flash("You are logged in already.")
        else:
            flask.flash("No login is under way here. Log in again, and let this site set cookies.", "error")
        return flask.redirect(flask.url_for(".index"))
    wiki = handshaker()
    access_token = wiki.complete(session["request_token"], flask.request.query_string)
    identity = wiki.identify(access_token)
    following = session["next"] if is_local(session["next"]) else flask.url_for(".index")
    session.clear()  # Remove everything that an earlier visitor left.
    session.update(access_token=access_token, username=identity["username"])
    return flask.redirect(following)


@tool.route("/logout", methods=["GET", "POST"])
def logout() -> Response:
    """Log the visitor out. The tool's access to the account remains until the visitor revokes it at the wiki."""
    flask.session.clear()
    return flask.redirect(flask.url_for(".index"))


@tool.get("/me")
@handles_request_errors
def me() -> Response | str:
    """Show the visitor's own account, as the wiki returns it to the visitor."""
    if "access_token" not in flask.session:
        return flask.redirect(flask.url_for(".login", next=flask.request.path))
    query = {"meta": "userinfo", "uiprop": "editcount|groups|registrationdate"}
    return flask.render_template("index.html", userinfo=query_as_visitor(query)["userinfo"])


def query_as_visitor(query: Mapping[str, str]) -> dict[str, Any]:
    """Return the result of a query to the wiki's api.php, signed for the visitor who is logged in."""
    config, session = flask.current_app.config, flask.session
    oauth = OAuth1(config["CONSUMER_KEY"], config["CONSUMER_SECRET"], *session["access_token"])
    # With "assert", the wiki returns an error if the signature got lost on the way, and not the data of an IP address.
    parameters = {**query, "action": "query", "assert": "user", "format": "json", "formatversion": "2"}
    uri = f"{urljoin(config['OAUTH_MWURI'], 'api.php')}?{urlencode(parameters)}"
    # api.php refuses a signature with status 200. raise_refusals makes an error of it.
    http = OAuth1Http(timeout=TIMEOUT, oauth=oauth, user_agent=config["USER_AGENT"], raise_refusals=True)
    response, content = http.request(uri)
    try:
        return dict(json.loads(content)["query"])
    except (ValueError, KeyError, TypeError):
        raise OAuthError(f"unexpected response of api.php: status {response.status}, {content[:200]!r}") from None


@tool.after_app_request
def protect(response: Response) -> Response:
    """Forbid frames and scripts, and forbid browsers to show a page from their cache after a logout."""
    policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    if flask.request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


# uWSGI and "flask run" look for this name. As in the tutorial, the application is created when the module is imported,
# so that a tool without a configuration fails at once and not at its first visitor. To create a second application, or
# one with another configuration, call create_app().
app = create_app(read_config(CONFIG))
