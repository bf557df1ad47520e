"""A small bug tracker like Launchpad's web service: WADL describes it, and its data is JSON."""

import hashlib
import json
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers import answer

from .conftest import in_json

_WADL = """<?xml version="1.0"?>
<wadl:application xmlns:wadl="http://research.sun.com/wadl/2006/10">
  <wadl:resources base="{root}"><wadl:resource path="" type="#service-root"/></wadl:resources>

  <wadl:resource_type id="service-root">
    <wadl:method name="GET" id="service-root-get">
      <wadl:response><wadl:representation href="#service-root-json"/></wadl:response>
    </wadl:method>
  </wadl:resource_type>
  <wadl:representation mediaType="application/json" id="service-root-json">
    <wadl:param style="plain" name="bugs_collection_link" path="$['bugs_collection_link']">
      <wadl:link resource_type="{root}#bugs"/>
    </wadl:param>
    <wadl:param style="plain" name="me_link" path="$['me_link']"><wadl:link resource_type="{root}#person"/></wadl:param>
    <wadl:param style="plain" name="resource_type_link" path="$['resource_type_link']"><wadl:link/></wadl:param>
  </wadl:representation>

  <wadl:resource_type id="person">
    <wadl:method name="GET" id="person-get">
      <wadl:response><wadl:representation href="#person-full"/></wadl:response>
    </wadl:method>
  </wadl:resource_type>
  <wadl:representation mediaType="application/json" id="person-full">
    <wadl:param style="plain" name="self_link" path="$['self_link']">
      <wadl:link resource_type="{root}#person"/>
    </wadl:param>
    <wadl:param style="plain" name="resource_type_link" path="$['resource_type_link']"><wadl:link/></wadl:param>
    <wadl:param style="plain" name="name" path="$['name']"/>
    <wadl:param style="plain" name="http_etag" path="$['http_etag']"/>
  </wadl:representation>

  <wadl:resource_type id="bugs">
    <wadl:method name="GET" id="bugs-get">
      <wadl:response><wadl:representation href="#bug-page"/></wadl:response>
    </wadl:method>
    <wadl:method name="GET" id="bugs-search">
      <wadl:request>
        <wadl:param style="query" name="ws.op" required="true" fixed="search"/>
        <wadl:param style="query" name="text" required="false"/>
      </wadl:request>
      <wadl:response><wadl:representation href="#bug-page"/></wadl:response>
    </wadl:method>
    <wadl:method name="POST" id="bugs-report">
      <wadl:request>
        <wadl:representation mediaType="application/x-www-form-urlencoded">
          <wadl:param style="query" name="ws.op" required="true" fixed="report"/>
          <wadl:param style="query" name="title" required="true"/>
        </wadl:representation>
      </wadl:request>
      <wadl:response>
        <wadl:param style="header" name="Location"><wadl:link resource_type="{root}#bug"/></wadl:param>
      </wadl:response>
    </wadl:method>
  </wadl:resource_type>
  <wadl:resource_type id="bug-page-resource">
    <wadl:method name="GET" id="bug-page-resource-get">
      <wadl:response><wadl:representation href="#bug-page"/></wadl:response>
    </wadl:method>
  </wadl:resource_type>
  <wadl:representation mediaType="application/json" id="bug-page">
    <wadl:param style="plain" name="resource_type_link" path="$['resource_type_link']"><wadl:link/></wadl:param>
    <wadl:param style="plain" name="total_size" path="$['total_size']"/>
    <wadl:param style="plain" name="start" path="$['start']"/>
    <wadl:param style="plain" name="next_collection_link" path="$['next_collection_link']">
      <wadl:link resource_type="#bug-page-resource"/>
    </wadl:param>
    <wadl:param style="plain" name="entries" path="$['entries']"/>
    <wadl:param style="plain" name="entry_links" path="$['entries'][*]['self_link']">
      <wadl:link resource_type="{root}#bug"/>
    </wadl:param>
  </wadl:representation>

  <wadl:resource_type id="bug">
    <wadl:method name="GET" id="bug-get">
      <wadl:response><wadl:representation href="#bug-full"/></wadl:response>
    </wadl:method>
    <wadl:method name="PATCH" id="bug-patch"/>
    <wadl:method name="DELETE" id="bug-delete"/>
  </wadl:resource_type>
  <wadl:representation mediaType="application/json" id="bug-full">
    <wadl:param style="plain" name="self_link" path="$['self_link']">
      <wadl:link resource_type="{root}#bug"/>
    </wadl:param>
    <wadl:param style="plain" name="resource_type_link" path="$['resource_type_link']"><wadl:link/></wadl:param>
    <wadl:param style="plain" name="title" path="$['title']"/>
    <wadl:param style="plain" name="http_etag" path="$['http_etag']"/>
  </wadl:representation>
</wadl:application>
"""

_PAGE = 2


class Tracker:
    """A handler for :class:`tests.servers.Server`, which leaves authorization to :class:`Guard`.

    Attributes:
        bugs: The titles by number.
        root: The URI of the service, once its server runs.
    """

    def __init__(self):
        self.bugs = {1: "first", 2: "h\u00e9llo \u6f22", 3: "third"}
        self.root = ""

    def __call__(self, received):
        path, _, query = received.target.removeprefix(urlsplit(self.root).path).partition("?")
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        if not path:
            return self._root(received)
        if path == "people/+me":
            return answer("", "303 See Other", Location=f"{self.root}~alice")
        if path == "~alice":
            return self._entry("person", "~alice", {"name": "alice"}, received)
        if path == "bugs" and received.method == "POST":
            return self._report(dict(parse_qs(received.body.decode())))
        if path == "bugs":
            return self._page(asked)
        return self._bug(int(unquote(path).removeprefix("bugs/")), received)

    def _root(self, received):
        if received.headers["accept"] == "application/vnd.sun.wadl+xml":
            content_type = {"Content_Type": "application/vnd.sun.wadl+xml"}
            return answer(_WADL.format(root=self.root), **content_type, ETag='"w1"', Cache_Control="max-age=600")
        links = {"bugs_collection_link": f"{self.root}bugs", "me_link": f"{self.root}people/+me"}
        return in_json({**links, "resource_type_link": f"{self.root}#service-root"}, ETag='"r1"')

    def _page(self, asked):
        text = json.loads(asked.get("text", '""'))
        found = [number for number, title in self.bugs.items() if text in title]
        start = int(asked.get("ws.start", 0))
        entries = [self._described("bug", f"bugs/{n}", {"title": self.bugs[n]}) for n in found[start : start + _PAGE]]
        page = {"total_size": len(found), "start": start, "entries": entries}
        page["resource_type_link"] = f"{self.root}#bug-page-resource"
        if start + _PAGE < len(found):
            page["next_collection_link"] = f"{self.root}bugs?ws.start={start + _PAGE}"
        return in_json(page)

    def _report(self, form):
        number = max(self.bugs) + 1
        assert form["ws.op"] == ["report"]
        self.bugs[number] = json.loads(form["title"][0])
        return answer("", "201 Created", Location=f"{self.root}bugs/{number}")

    def _bug(self, number, received):
        if number not in self.bugs:
            return answer("This bug doesn't exist", "404 Not Found", Content_Type="text/plain")
        described = self._described("bug", f"bugs/{number}", {"title": self.bugs[number]})
        if received.method == "DELETE":
            del self.bugs[number]
            return answer("")
        if received.method == "PATCH":
            if received.headers.get("if-match") != described["http_etag"]:
                return answer("The bug was changed before", "412 Precondition Failed", Content_Type="text/plain")
            self.bugs[number] = json.loads(received.body)["title"]
            described = self._described("bug", f"bugs/{number}", {"title": self.bugs[number]})
            return in_json(described, "209 Content Returned")
        return self._entry("bug", f"bugs/{number}", {"title": self.bugs[number]}, received)

    def _entry(self, kind, path, values, received):
        described = self._described(kind, path, values)
        etag = described["http_etag"]
        if received.headers.get("if-none-match") == etag:
            return answer("", "304 Not Modified", ETag=etag)
        return in_json(described, ETag=etag)

    def _described(self, kind, path, values):
        etag = f'"{hashlib.sha256(json.dumps(values).encode()).hexdigest()[:8]}"'
        links = {"self_link": f"{self.root}{path}", "resource_type_link": f"{self.root}#{kind}"}
        return {**values, **links, "http_etag": etag}
