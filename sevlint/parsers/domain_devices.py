"""`<devices>` of libvirt domain XML -> Device: what each is, and the few settings that rules judge (libvirt-qemu 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevlint.facts.domain import Device, Setting
from sevlint.numbers import decimal
from sevlint.parsers.xml import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lxml import etree

    from sevlint.model import Place

_NO_DEVICES = ("emulator",)


def devices_of(devices: etree._Element, place: Callable[[etree._Element], Place]) -> tuple[Device, ...]:
    """Every device, in order."""
    return tuple(_device(one, place) for one in devices if one.tag not in _NO_DEVICES)


def _device(element: etree._Element, place: Callable[[etree._Element], Place]) -> Device:
    parts: dict[str, etree._Element] = {}
    for child in element:
        parts.setdefault(str(child.tag), child)

    def of(tag: str, name: str) -> str:
        return parts[tag].get(name, "") if tag in parts else ""

    def place_of(tag: str) -> Place | None:
        return place(parts[tag]) if tag in parts else None

    return Device(
        kind=str(element.tag),
        place=place(element),
        type=element.get("type", ""),
        model=element.get("model") or of("model", "type") or of("model", "name") or said(parts.get("model")),
        bus=of("target", "bus") or element.get("bus", ""),
        device=element.get("device", ""),
        target=of("target", "name"),
        backend=of("backend", "type") or of("backend", "model"),
        driver=of("driver", "name") or of("driver", "type"),
        format=of("driver", "type"),
        iommu=of("driver", "iommu"),
        rom=_rom(parts.get("rom")),
        boot_order=decimal(of("boot", "order")),
        queues=decimal(of("driver", "queues")),
        queue_size=decimal(of("driver", "queue_size")),
        listens=tuple(_listens(element, place)),
        has_password=bool(element.get("passwd")),
        tls="yes" if element.get("defaultMode") == "secure" else of("source", "tls"),
        action=element.get("action", ""),
        encrypted="encryption" in parts or ("source" in parts and parts["source"].find("encryption") is not None),
        model_place=place_of("model"),
        driver_place=place_of("driver"),
        rom_place=place_of("rom"),
    )


def _listens(element: etree._Element, place: Callable[[etree._Element], Place]) -> Iterator[Setting]:
    """An empty address is none: libvirt takes its configured one, which is local (libvirt-qemu 4.3)."""
    named = [(element, "listen")]
    named += [(child, "address") for child in element if child.tag == "listen"]
    named += [(child, "host") for child in element if child.tag == "source" and child.get("mode") == "bind"]
    for one, attribute in named:
        address = one.get(attribute)
        if address:
            yield Setting(address, place(one).at(attribute))


def _rom(rom: etree._Element | None) -> str:
    """The ROM is off where it is disabled or its BAR is; without a word it is as QEMU has it."""
    if rom is None:
        return ""
    is_off = rom.get("enabled") == "no" or rom.get("bar") == "off"
    return "off" if is_off else "on"
