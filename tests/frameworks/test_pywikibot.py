"""Today's Pywikibot, which signs by itself with requests, works with the embedded wiki and is recorded and replayed."""

import base64
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from httplib2_oauthlib import cassettes
from httplib2_oauthlib.testwiki import TestWiki
from httplib2_oauthlib.testwiki.titles import Title

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pywikibot") is None, reason="Pywikibot isn't installed: pip install pywikibot"
)

HERE = Path(__file__).parent
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TEXT = "H\u00e9llo \u6f22 ~ * ' ( ) ! + & = % ; \U0001f600\n{{bots|allow=all}}"
PAGES = [f"Page {number:02}" for number in range(10)]
CONFIG = """
family, mylang = "embedded", "embedded"
family_files["embedded"] = {family!r}
usernames["embedded"]["embedded"] = "Alice"
authenticate[{host!r}] = {credentials!r}
max_retries, retry_wait, noisysleep = 1, 0, 1e9
put_throttle = minthrottle = maxthrottle = 0
write_maxlag = read_maxlag = 0
socket_timeout = 10
"""


@pytest.fixture
def bot(tmp_path):
    """Run a bot in a new process and a new folder, and return the finished process.

    The bot uses recipes.pywikibot_today.
    """

    def run(host, credentials, *arguments):
        # Pywikibot keeps responses in its folder, so that a second run there would send fewer requests.
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        family = str(HERE / "pywikibot_family.py")
        config = CONFIG.format(family=family, host=host, credentials=tuple(credentials))
        (folder / "user-config.py").write_text(config)
        (folder / "pixel.png").write_bytes(PIXEL)
        environment = {"PYWIKIBOT_DIR": str(folder), "EMBEDDED_WIKI": host, "PYTHONPATH": str(HERE.parents[1])}
        return subprocess.run(
            [sys.executable, str(HERE / "pywikibot_bot.py"), *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=50,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    return run


@pytest.fixture
def wiki():
    with TestWiki() as wiki:
        for title in PAGES:
            wiki.store.save(Title(0, title), "x", wiki.store.user("Bob"))
        yield wiki


def host_of(wiki):
    return wiki.server.removeprefix("http://")


def seen_by(finished):
    assert finished.returncode == 0, finished.stderr[-2000:]
    return json.loads(finished.stdout.splitlines()[-1])


def test_it_logs_in_edits_uploads_lists_pages_and_logs_out(wiki, bot):
    finished = bot(host_of(wiki), wiki.owner_only("Alice"))
    seen = seen_by(finished)
    assert (seen["user"], seen["is_logged_in"]) == ("Alice", True)
    assert "edit" in seen["rights"]
    page = wiki.store.pages[Title(2, "Alice/Pywikibot")]
    assert seen["edit"] == [TEXT, "Alice", "a+b & c=d", page.latest.id]
    assert (page.latest.user, page.latest.text, seen["author"]) == ("Alice", TEXT, "Alice")
    assert seen["beside"] == "Alice"
    assert seen["exists"] == [True, False]
    assert (seen["upload"], seen["uploader"]) == (True, "Alice")
    assert seen["preloaded"] == ["x", "x", "x"]
    assert wiki.store.files == {"Pywikibot.png": PIXEL}
    assert seen["pages"] == ["Main Page", *PAGES]
    assert seen["logout"] == "cannotlogout"
    # Of all that it asks, the wiki warns about the text, which isn't in the normal form NFC, and about nothing else.
    warned = [line for line in finished.stderr.splitlines() if "API warning" in line]
    assert len(warned) == 1
    assert "NFC" in warned[0]
    # Every request was signed, and the wiki accepted each of them.
    assert {(request.user, request.refusal) for request in wiki.requests} == {("Alice", None)}


def test_its_traffic_is_recorded_audited_and_replayed_without_the_wiki(wiki, bot, tmp_path):
    folder, credentials = tmp_path / "cassettes", wiki.owner_only("Alice")
    recorded = seen_by(bot(host_of(wiki), credentials, str(folder), "once"))
    assert list(cassettes.audit(folder, secrets=credentials)) == []
    count = len(wiki.requests)
    wiki.stop()
    replayed = seen_by(bot(host_of(wiki), ("any client", "c-secret", "any token", "t-secret"), str(folder), "none"))
    assert {**replayed, "all_played": None} == {**recorded, "all_played": None}
    assert replayed["all_played"] is True
    assert len(wiki.requests) == count


def test_it_is_refused_with_a_wrong_secret(wiki, bot):
    credentials = wiki.owner_only("Alice")._replace(client_secret="wrong")
    finished = bot(host_of(wiki), credentials)
    assert finished.returncode != 0
    assert "mwoauth-invalid-authorization" in finished.stderr


def test_a_page_that_excludes_bots_is_not_edited(wiki, bot):
    wiki.store.save(Title(2, "Alice/Pywikibot"), "{{nobots}}", wiki.store.user("Bob"))
    finished = bot(host_of(wiki), wiki.owner_only("Alice"))
    assert finished.returncode != 0
    assert "OtherPageSaveError" in finished.stderr
    assert wiki.store.pages[Title(2, "Alice/Pywikibot")].latest.text == "{{nobots}}"
