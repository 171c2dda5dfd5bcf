"""`<devices>` of libvirt domain XML -> Device: what each is, and the few settings that rules judge (libvirt-qemu 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sevlint.facts.domain import Device, Setting
from sevlint.numbers import decimal
from sevlint.parsers.xml import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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
    target, backend, source = (_attributes(parts.get(tag)) for tag in ("target", "backend", "source"))
    driver, model, own = _attributes(parts.get("driver")), _attributes(parts.get("model")), _attributes(element)
    may_listen = "listen" in parts or "listen" in own or "mode" in source
    return Device(
        kind=str(element.tag),
        place=place(element),
        type=own.get("type", ""),
        model=own.get("model") or model.get("type") or model.get("name") or said(parts.get("model")),
        bus=target.get("bus") or own.get("bus", ""),
        device=own.get("device", ""),
        target=target.get("name", ""),
        backend=backend.get("type") or backend.get("model", ""),
        driver=driver.get("name") or driver.get("type", ""),
        format=driver.get("type", ""),
        iommu=driver.get("iommu", ""),
        rom=_rom(parts.get("rom")),
        boot_order=decimal(parts["boot"].get("order")) if "boot" in parts else None,
        queues=decimal(driver["queues"]) if "queues" in driver else None,
        queue_size=decimal(driver["queue_size"]) if "queue_size" in driver else None,
        listens=tuple(_listens(element, place)) if may_listen else (),
        has_password=bool(own.get("passwd")),
        tls="yes" if own.get("defaultMode") == "secure" else source.get("tls", ""),
        action=own.get("action", ""),
        encrypted="encryption" in parts or ("source" in parts and parts["source"].find("encryption") is not None),
        model_place=place(parts["model"]) if "model" in parts else None,
        driver_place=place(parts["driver"]) if "driver" in parts else None,
        rom_place=place(parts["rom"]) if "rom" in parts else None,
        address=_attributes(parts.get("address")).get("type", ""),
    )


_NOTHING: Mapping[str, str] = {}


def _attributes(element: etree._Element | None) -> Mapping[str, str]:
    return cast("Mapping[str, str]", element.attrib) if element is not None else _NOTHING


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
