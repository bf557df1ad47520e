import asyncio

from httplib2_oauthlib import HttpPool, OAuth1Http


async def fetch_all(uris, oauth):
    """Ask for many URIs at once, in the threads that asyncio has for it."""
    agent = "my-tool/1.0 (me@example.org)"
    http = OAuth1Http(timeout=30, oauth=oauth, user_agent=agent)
    with HttpPool(http, size=8) as pool:
        requests = [asyncio.to_thread(pool.request, uri) for uri in uris]
        return await asyncio.gather(*requests)
