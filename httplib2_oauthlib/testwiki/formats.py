"""How api.php writes a result: as JSON in its two versions, as XML, and as HTML for people."""

import html
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

# The names of the XML elements that MediaWiki gives to the members of a list.
_MEMBER_NAMES = {"groups": "g", "rights": "r", "pages": "page", "revisions": "rev", "tags": "tag", "allpages": "p",
                 "normalized": "n", "namespaces": "ns", "namespacealiases": "ns", "extensions": "ext",
                 "fileextensions": "fe", "pageids": "id", "templates": "tl", "protection": "pr",
                 "restrictiontypes": "rt", "roles": "role",
                 "modules": "module", "parameters": "param", "type": "t",
                 "errors": "error"}  # fmt: skip
_DEFAULT_MEMBER_NAME = "_v"
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def write_json(result: dict[str, Any], version: int) -> str:
    """Write a result of formatversion 2 as JSON.

    Version 1 writes true as an empty string, leaves false out, names content ``*`` and is ASCII only.
    """
    if version == 1:
        return json.dumps(_version_1(result, _pages_by_id), separators=(",", ":"))
    return json.dumps(result, separators=(",", ":"), ensure_ascii=False)


def write_html(result: dict[str, Any]) -> str:
    """Write a result for a person who opened api.php in a browser."""
    text = html.escape(json.dumps(_version_1(result, _pages_by_id), indent=4))
    return f"<!DOCTYPE html>\n<title>MediaWiki API result</title>\n<pre>{text}</pre>\n"


def write_xml(result: dict[str, Any]) -> str:
    """Write a result as XML."""
    root = _element("api", _version_1(result, lambda pages: pages))
    return '<?xml version="1.0"?>' + ElementTree.tostring(root, encoding="unicode")


def _version_1(value: Any, convert_pages: Callable[[list[Any]], Any]) -> Any:
    """Convert a value from formatversion 2 to formatversion 1, and every list of pages with ``convert_pages``."""
    if isinstance(value, list):
        return [_version_1(member, convert_pages) for member in value]
    if not isinstance(value, dict):
        return value
    converted: dict[str, Any] = {}
    for key, each in value.items():
        if each is True:
            converted[key] = ""
        elif each is False or key == "fromencoded":
            continue
        elif key == "pages" and isinstance(each, list):
            converted[key] = convert_pages(_version_1(each, convert_pages))
        elif key == "errors":
            # In version 1, the text of an error is its content.
            converted[key] = [{"*" if k == "text" else k: v for k, v in error.items()} for error in each]
        elif key in ("content", "docref", "warnings", "alias") and isinstance(each, str):
            converted["*"] = each
        elif key == "namespaces":
            # In version 1, the name of a namespace is its content. Other members named "name" keep their name.
            named = {n: {"*" if k == "name" else k: v for k, v in part.items()} for n, part in each.items()}
            converted[key] = _version_1(named, convert_pages)
        else:
            converted[key] = _version_1(each, convert_pages)
    return converted


def _pages_by_id(pages: list[dict[str, Any]]) -> Any:
    """Return pages by their id, as a PHP array. The ids of missing pages are -1, -2 and so on."""
    by_id: dict[int, Any] = {}
    missing = 0
    for page in pages:
        missing += "pageid" not in page
        by_id[page.get("pageid", -missing)] = page
    # MediaWiki writes an array as a list if its highest key is one less than its length (seen with the keys -1 and 1).
    if by_id and max(-1, *by_id) == len(by_id) - 1:
        return [by_id[page_id] for page_id in sorted(by_id)]
    return {str(page_id): page for page_id, page in by_id.items()}


def _element(name: str, value: Any, member_name: str = _DEFAULT_MEMBER_NAME) -> ElementTree.Element:
    """Return an XML element with a value of formatversion 1."""
    element = ElementTree.Element(name)
    if isinstance(value, list):
        element.extend(_element(member_name, each) for each in value)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "*":
                # Text does not stand beside elements. These two have a reference to the documentation.
                has_elements = "errors" in value or "blockinfo" in value
                text = ElementTree.SubElement(element, "docref") if has_elements else element
                text.text = str(each)
                text.set(_XML_SPACE, "preserve")
            elif key == "slots":
                slots = ElementTree.SubElement(element, "slots")
                slots.extend(_element("slot", {**slot, "role": role}) for role, slot in each.items())
            elif key.lstrip("-").isdigit():
                child = _element(member_name, each)
                child.set("_idx", key)
                element.append(child)
            elif isinstance(each, (dict, list)):
                element.append(_element(key, each, _MEMBER_NAMES.get(key, _DEFAULT_MEMBER_NAME)))
            else:
                element.set(key, str(each))
    else:
        element.text = str(value)
    return element
