"""Discovery documents: a wiki's REST API, its api.php, and a service that receives files."""


def _parameter(location, kind="string", **more):
    return {"type": kind, "location": location, **more}


def _described(name, server, path, **more):
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": f"{name}:v1",
        "name": name,
        "version": "v1",
        "protocol": "rest",
        "rootUrl": f"{server}/",
        "servicePath": path,
        "batchPath": "batch",
        "schemas": {"Any": {"id": "Any", "type": "object", "additionalProperties": {"type": "any"}}},
        **more,
    }


def rest_of(server):
    """Describe a wiki's rest.php."""
    title = {"title": _parameter("path", required=True)}
    page = {"response": {"$ref": "Any"}}
    methods = {
        "get": {"id": "wiki.pages.get", "path": "page/{title}", "httpMethod": "GET", "parameters": title, **page},
        "create": {"id": "wiki.pages.create", "path": "page", "httpMethod": "POST", "request": {"$ref": "Any"}, **page},
        "update": {
            "id": "wiki.pages.update", "path": "page/{title}", "httpMethod": "PUT", "parameters": title,
            "parameterOrder": ["title"], "request": {"$ref": "Any"}, **page,
        },
    }  # fmt: skip
    return _described("wiki", server, "rest.php/v1/", resources={"pages": {"methods": methods}})


def api_of(server):
    """Describe the GET requests to a wiki's api.php."""
    names = ("action", "meta", "titles", "prop", "format", "formatversion", "uiprop")
    query = {
        "id": "wiki.query", "path": "api.php", "httpMethod": "GET", "response": {"$ref": "Any"},
        "parameters": {name: _parameter("query") for name in names},
    }  # fmt: skip
    return _described("api", server, "", methods={"query": query})


def files_of(server):
    """Describe a service that receives files, whole or in pieces."""
    file = {"id": "File", "type": "object", "properties": {"name": {"type": "string"}, "size": {"type": "integer"}}}
    upload = {
        "accept": ["*/*"],
        "maxSize": "10GB",
        "protocols": {
            "simple": {"multipart": True, "path": "/upload/files"},
            "resumable": {"multipart": True, "path": "/upload/files"},
        },
    }
    methods = {
        "insert": {
            "id": "files.insert", "path": "files", "httpMethod": "POST", "request": {"$ref": "File"},
            "response": {"$ref": "File"}, "supportsMediaUpload": True, "mediaUpload": upload,
        },
        "get": {
            "id": "files.get", "path": "files/{name}", "httpMethod": "GET", "response": {"$ref": "File"},
            "parameters": {"name": _parameter("path", required=True)},
        },
    }  # fmt: skip
    return _described("files", server, "", resources={"files": {"methods": methods}}, schemas={"File": file})
