"""A web tool whose visitors log in with their account of a wiki, and which then asks the wiki as the visitor.

The shape is that of Wikimedia's tutorial "My first Flask OAuth tool", with ``httplib2_oauthlib.mediawiki`` where that
has mwoauth. README.rst tells how to run it.
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

TIMEOUT = 10  # Seconds that a visitor waits for the wiki before being told that it is down.
HERE = Path(__file__).parent
CONFIG = Path(os.environ.get("TOOL_CONFIG", HERE / "config.toml"))
# What config.toml must hold, and what to do if it does not.
KEYS = {
    "SECRET_KEY": "make one: python3 -c 'import secrets; print(secrets.token_hex())'",
    "OAUTH_MWURI": "the wiki's index.php, such as https://meta.wikimedia.org/w/index.php",
    "CONSUMER_KEY": "register a consumer at the wiki's Special:OAuthConsumerRegistration/propose",
    "CONSUMER_SECRET": "shown once, when the consumer was registered",
    "USER_AGENT": "the tool's name and a way to reach you",
}

MISCONFIGURED = "The wiki does not accept this tool as it is set up. Please tell the tool's maintainers."
WRONG_CLOCK = "The clocks of this tool and of the wiki differ too much. Please tell the tool's maintainers."
UNEXPECTED = "The wiki gave an unexpected answer. Try again in a few minutes, or tell the tool's maintainers."
UNREACHABLE = "The wiki can't be reached. Try again in a few minutes."
# What a visitor is told, by the reason of the error. Its own text is for whoever reads the log.
EXPLANATIONS = {
    "denied": "You did not allow it, so nothing has changed.",
    "callback": "This is not the login that was begun in this window. Log in again.",
    "token": "The wiki no longer accepts this login. Log in again.",
    "clock": WRONG_CLOCK,
    "timestamp": WRONG_CLOCK,
    **dict.fromkeys(("signature", "consumer", "method", "audience", "issuer", "claims"), MISCONFIGURED),
}
# OAuthError and all of httplib2's; no connection, no answer in time, no TLS; half an answer.
TROUBLE = (httplib2.HttpLib2Error, OSError, HTTPException)

tool = flask.Blueprint("tool", __name__)


def read_config(path: Path) -> dict[str, Any]:
    """Read config.toml; end the program with one line that says what to do if it is not fit to be used."""
    try:
        with path.open("rb") as file:
            # Group and others; on Windows the mode says nothing.
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                sys.exit(f"{path} holds secrets, and others can read it. Run: chmod 600 {shlex.quote(str(path))}")
            config = tomllib.load(file)
    except FileNotFoundError:
        copy = shlex.join(["install", "-m", "600", str(HERE / "config.example.toml"), str(path)])
        sys.exit(f"{path} is missing. Run: {copy}    and fill it in.")
    except (OSError, ValueError) as error:
        sys.exit(f"{path} can't be read: {error}")
    # The example's values are empty, so that a forgotten one is found here.
    missing = [key for key in KEYS if not (isinstance(config.get(key), str) and config[key])]
    if missing:
        sys.exit(f"{path} lacks " + "; ".join(f"{key} ({KEYS[key]})" for key in missing))
    return config


class _SessionCookie(SecureCookieSessionInterface):
    # Over TLS only, unless the browser and the tool are on one machine.
    def get_cookie_secure(self, app: flask.Flask) -> bool:  # noqa: ARG002 (Flask's)
        is_loopback = urlsplit(flask.request.host_url).hostname in ("localhost", "127.0.0.1", "::1")
        return flask.request.is_secure or not is_loopback


def create_app(config: Mapping[str, Any]) -> flask.Flask:
    """Make the tool from what :func:`read_config` returns."""
    app = flask.Flask(__name__)
    app.config.update(config, SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SAMESITE="Lax")
    app.session_interface = _SessionCookie()
    app.register_blueprint(tool)
    # Toolforge's proxy speaks https with the browser and http with us: it says so in X-Forwarded-Proto.
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=0, x_proto=1)  # type: ignore[method-assign]
    return app


def talks_to_the_wiki(view: Callable[[], Any]) -> Callable[[], Any]:
    """Tell the visitor in a sentence, and the log with a traceback, what went wrong with the wiki.

    Not a handler for the whole application: a missing template is an OSError too, and would send browsers in circles.
    """

    @functools.wraps(view)
    def careful() -> Any:
        try:
            return view()
        except TROUBLE as error:
            flask.current_app.logger.exception("%s failed", flask.request.endpoint)
            reason = getattr(error, "reason", "")
            if isinstance(error, RefusedError) and reason == "token":
                flask.session.clear()  # Revoked: there is nothing left to be logged in with.
            default = UNEXPECTED if isinstance(error, OAuthError) else UNREACHABLE
            flask.flash(EXPLANATIONS.get(reason, default), "error")
            return flask.redirect(flask.url_for(".index"))

    return careful


def handshaker() -> mediawiki.Handshaker:
    """Return what speaks with the wiki about logging in; one per request, since its Http is not for several threads."""
    config = flask.current_app.config
    consumer = config["CONSUMER_KEY"], config["CONSUMER_SECRET"]
    callback = config.get("OAUTH_CALLBACK") or flask.url_for(".oauth_callback", _external=True)
    http = OAuth1Http(timeout=TIMEOUT)
    return mediawiki.Handshaker(config["OAUTH_MWURI"], consumer, callback, config["USER_AGENT"], http=http)


def is_local(path: str) -> bool:
    r"""Whether a redirect to this path stays here; browsers read ``//``, ``/\`` and ``/<tab>/`` as another host."""
    return re.fullmatch(r"/(?!/)[!-\[\]-~]*", path) is not None


@tool.get("/")
def index() -> str:
    """Greet the visitor."""
    return flask.render_template("index.html")


@tool.get("/login")
@talks_to_the_wiki
def login() -> Response:
    """Send the visitor to the wiki, to be asked there."""
    uri, request_token = handshaker().initiate()
    flask.session["request_token"] = request_token
    flask.session["next"] = flask.request.args.get("next", "")
    return flask.redirect(uri)


@tool.get("/oauth-callback")
@talks_to_the_wiki
def oauth_callback() -> Response:
    """Receive the visitor, whom the wiki has sent back."""
    session = flask.session
    # It stays there until the login has succeeded, so that a callback from elsewhere does not end it.
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
    session.clear()  # Nothing of an earlier visitor's stays.
    session.update(access_token=access_token, username=identity["username"])
    return flask.redirect(following)


@tool.route("/logout", methods=["GET", "POST"])
def logout() -> Response:
    """Forget the visitor. What was allowed stays allowed, until the visitor revokes it at the wiki."""
    flask.session.clear()
    return flask.redirect(flask.url_for(".index"))


@tool.get("/me")
@talks_to_the_wiki
def me() -> Response | str:
    """Show what the wiki tells the visitor about the visitor's own account."""
    if "access_token" not in flask.session:
        return flask.redirect(flask.url_for(".login", next=flask.request.path))
    query = {"meta": "userinfo", "uiprop": "editcount|groups|registrationdate"}
    return flask.render_template("index.html", userinfo=ask_as_visitor(query)["userinfo"])


def ask_as_visitor(query: Mapping[str, str]) -> dict[str, Any]:
    """Query the wiki's api.php, signed for the visitor who is logged in."""
    config, session = flask.current_app.config, flask.session
    oauth = OAuth1(config["CONSUMER_KEY"], config["CONSUMER_SECRET"], *session["access_token"])
    # assert: to be refused, not answered as somebody anonymous, should the wiki not see the signature.
    parameters = {**query, "action": "query", "assert": "user", "format": "json", "formatversion": "2"}
    uri = f"{urljoin(config['OAUTH_MWURI'], 'api.php')}?{urlencode(parameters)}"
    http = OAuth1Http(timeout=TIMEOUT, oauth=oauth)
    response, content = http.request(uri, headers={"User-Agent": config["USER_AGENT"]})
    mediawiki.check(response, content)
    try:
        return dict(json.loads(content)["query"])
    except (ValueError, KeyError, TypeError):
        raise OAuthError(f"api.php answered {response.status}, {content[:200]!r}") from None


@tool.after_app_request
def protect(response: Response) -> Response:
    """Let no page be framed, run a script, or be shown from memory after a logout."""
    policy = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    if flask.request.endpoint != "static":
        response.headers["Cache-Control"] = "no-store"
    return response


# What uWSGI and "flask run" look for. Made at import, as in the tutorial: a tool that is not configured ends at once,
# not at its first visitor. For a second one, or one with another configuration, call create_app().
app = create_app(read_config(CONFIG))
