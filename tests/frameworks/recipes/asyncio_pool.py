import asyncio

from httplib2_oauthlib import HttpPool, OAuth1Http


async def fetch_all(uris, oauth):
    """Ask for many URIs at once, in the threads that asyncio keeps for such work."""
    with HttpPool(OAuth1Http(timeout=30, oauth=oauth), size=8) as pool:
        return await asyncio.gather(*(asyncio.to_thread(pool.request, uri) for uri in uris))
