"""Firmware descriptors of QEMU (libvirt-qemu 2.3)."""

from __future__ import annotations

from typing import Any

from sevlint.errors import ParseError
from sevlint.facts.firmware import FirmwareDescriptor
from sevlint.model import Evidence
from sevlint.parsers.base import Text, parser


@parser(
    Evidence("usr/share/qemu/firmware/*.json", command="cat /usr/share/qemu/firmware/*.json", many=True),
    Evidence("etc/qemu/firmware/*.json", command="cat /etc/qemu/firmware/*.json", many=True),
)
def firmware_descriptor(text: Text) -> FirmwareDescriptor:
    """One descriptor; what is no JSON, or has no mapping, libvirt does not take either."""
    if not text.data.strip():
        return FirmwareDescriptor(text.path, True, (), "", "", (), frozenset(), text.place())
    import json

    try:
        content = _mapping(json.loads("\n".join(text.lines)))
    except (ValueError, RecursionError) as error:
        raise ParseError("is no JSON", text.start) from error
    mapping = _mapping(content.get("mapping"))
    device = str(mapping.get("device", ""))
    image = mapping if device == "memory" else _mapping(mapping.get("executable"))
    targets = tuple(
        (str(one.get("architecture", "")), _words(one.get("machines")))
        for one in map(_mapping, _list(content, "targets"))
    )
    line = next((number for number, words in text.numbered() if '"device"' in words), 1)
    return FirmwareDescriptor(
        path=text.path,
        masks=False,
        interfaces=_words(content.get("interface-types")),
        device=device,
        filename=str(image.get("filename", "")),
        targets=targets,
        features=frozenset(_words(content.get("features"))),
        place=text.place(line),
        mode=str(mapping.get("mode", "split")) if device == "flash" else "",
    )


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(content: dict[str, Any], key: str) -> list[Any]:
    value = content.get(key)
    return value if isinstance(value, list) else []


def _words(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
