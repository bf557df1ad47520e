"""How api.php writes an answer: JSON in its two versions, XML, and the HTML that people get."""

import html
import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

# The element names of list members in XML.
_MEMBERS = {"groups": "g", "rights": "r", "pages": "page", "revisions": "rev", "tags": "tag", "allpages": "p",
            "normalized": "n", "namespaces": "ns"}  # fmt: skip
_XML_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def write_json(answer: dict[str, Any], version: int) -> str:
    """Write an answer as JSON.

    Args:
        answer: In the shape of formatversion 2.
        version: The formatversion: 1 has blank strings for true, nothing for false, ``*`` for text, ASCII only.
    """
    if version == 1:
        return json.dumps(_version_1(answer, _by_number), separators=(",", ":"))
    return json.dumps(answer, separators=(",", ":"), ensure_ascii=False)


def write_html(answer: dict[str, Any]) -> str:
    """Write an answer for a person who opened api.php in a browser."""
    text = html.escape(json.dumps(_version_1(answer, _by_number), indent=4))
    return f"<!DOCTYPE html>\n<title>MediaWiki API result</title>\n<pre>{text}</pre>\n"


def write_xml(answer: dict[str, Any]) -> str:
    """Write an answer as XML."""
    root = _element("api", _version_1(answer, lambda pages: pages))
    return '<?xml version="1.0"?>' + ElementTree.tostring(root, encoding="unicode")


def _version_1(answer: Any, of_pages: Callable[[list[Any]], Any]) -> Any:
    if isinstance(answer, list):
        return [_version_1(member, of_pages) for member in answer]
    if not isinstance(answer, dict):
        return answer
    written = {}
    for key, value in answer.items():
        if value is True:
            written[key] = ""
        elif value is False or key == "fromencoded":
            continue
        elif key == "pages" and isinstance(value, list):
            written[key] = of_pages(_version_1(value, of_pages))
        elif key in ("content", "docref", "warnings") and isinstance(value, str):
            written["*"] = value
        else:
            written[key] = _version_1(value, of_pages)
    return written


def _by_number(pages: list[dict[str, Any]]) -> Any:
    """Key pages by number as PHP does: missing ones count down from -1."""
    numbered: dict[int, Any] = {}
    missing = 0
    for page in pages:
        missing += "pageid" not in page
        numbered[page.get("pageid", -missing)] = page
    # MediaWiki takes an array for a list if its highest number is one less than its length (seen: pages -1 and 1).
    if numbered and max(-1, *numbered) == len(numbered) - 1:
        return [numbered[number] for number in sorted(numbered)]
    return {str(number): page for number, page in numbered.items()}


def _element(name: str, value: Any, member: str = "_v") -> ElementTree.Element:
    element = ElementTree.Element(name)
    if isinstance(value, list):
        element.extend(_element(member, each) for each in value)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "*":
                element.text = str(each)
                element.set(_XML_SPACE, "preserve")
            elif key == "slots":
                slots = ElementTree.SubElement(element, "slots")
                slots.extend(_element("slot", {**slot, "role": role}) for role, slot in each.items())
            elif isinstance(each, (dict, list)):
                element.append(_element(key, each, _MEMBERS.get(key, "_v")))
            else:
                element.set(key, str(each))
    else:
        element.text = str(value)
    return element
