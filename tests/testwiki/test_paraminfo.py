"""api.php's action=paraminfo."""

from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest


def modules_of(client, *paths, **parameters):
    answer = client.get(action="paraminfo", modules="|".join(paths), **parameters)
    assert "warnings" not in answer
    return answer["paraminfo"]["modules"]


def parameter(module, name):
    (found,) = [each for each in module["parameters"] if each["name"] == name]
    return found


def test_the_main_module_lists_every_action(anonymous):
    (main,) = modules_of(anonymous, "main")
    actions = parameter(main, "action")
    assert (main["path"], main["prefix"], "group" in main) == ("main", "", False)
    assert {"query", "edit", "upload", "login", "paraminfo"} <= set(actions["type"])
    assert actions["submodules"]["query"] == "query"
    for action in actions["type"]:
        assert anonymous.post(action=action).get("error", {}).get("code") != "badvalue"


def test_the_query_module_lists_every_submodule(anonymous):
    (query,) = modules_of(anonymous, "query")
    submodules = {}
    for name in ("prop", "list", "meta"):
        found = parameter(query, name)
        assert (found["multi"], found["limit"], found["highlimit"]) == (True, 50, 500)
        submodules.update(found["submodules"])
    generators = parameter(query, "generator")
    assert set(generators["type"]) <= set(submodules)
    assert generators["multi"] is False
    described = modules_of(anonymous, *submodules.values())
    assert [module["path"] for module in described] == list(submodules.values())
    assert {module["group"] for module in described} == {"prop", "list", "meta"}


def test_a_module_has_the_keys_that_clients_look_at(anonymous):
    (module,) = modules_of(anonymous, "query+allpages")
    assert set(module) == {"name", "path", "group", "prefix", "parameters"}
    assert (module["name"], module["path"], module["group"], module["prefix"]) == (
        "allpages",
        "query+allpages",
        "list",
        "ap",
    )
    limit = parameter(module, "limit")
    assert {name: limit[name] for name in ("type", "default", "min", "max", "highmax")} == {
        "type": "limit",
        "default": 10,
        "min": 1,
        "max": 500,
        "highmax": 5000,
    }


def test_modules_that_write_must_be_posted_and_need_a_token(anonymous):
    edit, query = modules_of(anonymous, "edit", "query")
    assert edit["mustbeposted"] is parameter(edit, "token")["required"] is True
    assert "mustbeposted" not in query


def test_version_1_and_xml_have_the_forms_of_their_formats(anonymous):
    (module,) = modules_of(anonymous, "query+info", formatversion="1")
    assert parameter(module, "prop")["multi"] == ""
    assert "required" not in parameter(module, "prop")
    query = urlencode({"action": "paraminfo", "modules": "query+info", "format": "xml"})
    _, content = anonymous.http.request(f"{anonymous.wiki.api_uri}?{query}")
    element = ElementTree.fromstring(content).find("paraminfo/modules/module")
    assert (element.get("path"), element.get("prefix")) == ("query+info", "in")
    query = urlencode({"action": "paraminfo", "modules": "query", "format": "xml"})
    _, content = anonymous.http.request(f"{anonymous.wiki.api_uri}?{query}")
    types = ElementTree.fromstring(content).findall("paraminfo/modules/module/parameters/param[@name='list']/type/t")
    assert [each.text for each in types] == ["allpages"]


@pytest.mark.parametrize(
    ("path", "parent", "name"), [("parse", "main", "parse"), ("query+links", "query", "links"), ("edit+x", "edit", "x")]
)
def test_an_unknown_module_is_a_warning(anonymous, path, parent, name):
    answer = anonymous.get(action="paraminfo", modules=f"{path}|query")
    assert answer["warnings"] == {
        "paraminfo": {"warnings": f'The module "{parent}" does not have a submodule "{name}".'}
    }
    assert [module["path"] for module in answer["paraminfo"]["modules"]] == ["query"]


def test_each_parameter_of_a_query_module_is_known_to_the_wiki(anonymous):
    (query,) = modules_of(anonymous, "query")
    paths = [path for name in ("prop", "list", "meta") for path in parameter(query, name)["submodules"].values()]
    for module in modules_of(anonymous, *paths):
        names = [f"{module['prefix']}{each['name']}" for each in module["parameters"]]
        given = {name: "" for name in names if not name.endswith(("limit", "namespace", "continue"))}
        answer = anonymous.get(action="query", titles="Main Page", **{module["group"]: module["name"]}, **given)
        assert "Unrecognized parameter" not in str(answer.get("warnings"))
