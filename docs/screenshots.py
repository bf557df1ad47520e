"""Make the screenshots of the tutorial "A web tool on Toolforge" again: ``python docs/screenshots.py``.

Runs examples/flask_tool on the embedded wiki, and a real Chromium through a login. Everything runs on loopback. Needs
the extra ``test``, and a Chromium (or CHROMIUM set to its path).
"""

import importlib.util
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType

from cheroot.wsgi import Server
from playwright.sync_api import Page, sync_playwright

from httplib2_oauthlib.testwiki import PASSWORD, TestWiki

ROOT = Path(__file__).parents[1]
FOLDER = Path(__file__).parent / "tutorials" / "screenshots"
NAMES = ("start", "allow", "logged-in", "account")
SIZE = {"width": 720, "height": 300}


def main() -> None:
    """Write the screenshots into the folder that is given as an argument, or into the one that the tutorial shows."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with TestWiki() as wiki:
        wiki.account("Alice")
        consumer = wiki.register("My first tool", callback="http://localhost:1/oauth-callback")
        config = {
            "SECRET_KEY": "only for screenshots",
            "OAUTH_MWURI": wiki.index_uri,
            "CONSUMER_KEY": consumer.key,
            "CONSUMER_SECRET": consumer.secret,
            "USER_AGENT": "screenshots/1.0 (https://tool.example/)",
        }
        server = Server(("127.0.0.1", 0), load_tool(config).create_app(config))
        server.prepare()
        threading.Thread(target=server.serve, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
            page = browser.new_page(viewport=SIZE)
            take(page, f"http://localhost:{server.bind_addr[1]}/", folder)
            browser.close()
        server.stop()


def load_tool(config: dict[str, str]) -> ModuleType:
    """Import the tool's module, which needs a configuration when it is imported."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.touch(0o600)
        path.write_text("".join(f'{name} = "{value}"\n' for name, value in config.items()))
        os.environ["TOOL_CONFIG"] = str(path)
        spec = importlib.util.spec_from_file_location("flask_tool", ROOT / "examples" / "flask_tool" / "app.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # Flask looks for the templates beside it.
        spec.loader.exec_module(module)
        return module


def find_chromium() -> str | None:
    """Return the path of the browser."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def take(page: Page, uri: str, folder: Path) -> None:
    """Log in as Alice, and take a screenshot of each page that the tutorial shows."""

    def shoot(name: str) -> None:
        page.screenshot(path=folder / f"{name}.png", full_page=True)

    def click(name: str, role: str = "button") -> None:
        page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]

    page.goto(uri)
    shoot("start")
    click("Log in", "link")
    page.get_by_label("Username").fill("Alice")
    page.get_by_label("Password").fill(PASSWORD)
    click("Log in")
    page.get_by_role("heading", name="Allow My first tool?").wait_for()
    shoot("allow")
    click("Allow")
    page.get_by_role("heading", name="Hello Alice!").wait_for()
    shoot("logged-in")
    click("Show my account", "link")
    page.get_by_text("Registered").wait_for()
    shoot("account")


if __name__ == "__main__":
    main()
