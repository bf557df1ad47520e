"""A bot on today's Pywikibot. It runs in a separate process and prints what it saw as JSON.

Arguments: the cassette's folder and the record mode, for a run that is recorded or replayed.
"""

import contextlib
import json
import os
import sys

import pywikibot
from pywikibot import config
from pywikibot.exceptions import APIError

from tests.frameworks.recipes import pywikibot_today

TITLE = "User:Alice/Pywikibot"
# The text isn't in Unicode's normal form NFC, and the bot is not excluded by the template.
TEXT = "He\u0301llo \u6f22 ~ * ' ( ) ! + & = % ; \U0001f600\n{{bots|allow=all}}"


def run():
    site = pywikibot.Site()
    site.login()
    seen = {"user": site.user(), "is_logged_in": site.logged_in(), "rights": sorted(site.userinfo["rights"])}

    page = pywikibot.Page(site, TITLE)
    page.text = TEXT
    page.save("a+b & c=d")
    saved = pywikibot.Page(site, TITLE)
    newest = saved.latest_revision
    seen["edit"] = [saved.text, newest.user, newest.comment, newest.revid]
    seen["author"] = saved.oldest_revision.user
    seen["exists"] = [saved.exists(), pywikibot.Page(site, "No such page").exists()]

    userinfo = f"http://{os.environ['EMBEDDED_WIKI']}/api.php?action=query&meta=userinfo&format=json"
    _, content = pywikibot_today.http_beside_pywikibot().request(userinfo)
    seen["beside"] = json.loads(content)["query"]["userinfo"]["name"]

    image = pywikibot.FilePage(site, "File:Pywikibot.png")
    seen["upload"] = image.upload("pixel.png", summary="a pixel", text="A pixel", ignore_warnings=True)

    seen["uploader"] = image.latest_file_info.user

    pages = [pywikibot.Page(site, f"Page {number:02}") for number in range(3)]
    seen["preloaded"] = [page.text for page in site.preloadpages(pages)]

    config.step = 4
    seen["pages"] = [page.title() for page in site.allpages(total=None, content=False)]
    try:
        site.logout()
    except APIError as error:
        seen["logout"] = error.code
    return seen


if __name__ == "__main__":
    recording = contextlib.nullcontext()
    if len(sys.argv) > 1:
        folder, mode = sys.argv[1:]
        recording = pywikibot_today.recording(folder, mode)
    with recording as cassette:
        seen = run()
    if cassette is not None:
        seen["all_played"] = cassette.all_played
    print(json.dumps(seen))
