"""Archives that are odd, hostile or broken: what is lost is said, and nothing takes for ever."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sevlint.errors import ParseError, SourceError
from sevlint.model import Completeness
from sevlint.sources.archive import Walk
from sevlint.sources.base import Source, Wanted
from sevlint.sources.opening import open_source

CMDLINE = b"ro quiet iommu=pt root=/dev/sda\n"
DMESG = b"[    0.000000] Linux version 6.1\n[    0.100000] x\n"
DOMAIN = b"<domain type='kvm'><name>a</name></domain>"
PACKERS = {"tar": bytes, "tar.gz": gzip.compress, "tar.xz": lzma.compress, "tar.bz2": bz2.compress}


def tar(*members: tuple[str, bytes], mode: int = 0o644, form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=form) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(data), mode
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def load(path: Path) -> tuple[Source, dict[str, bytes]]:
    """A loaded source, and its logs."""
    logs: dict[str, bytes] = {}

    def on_log(name: str, chunks: Iterator[bytes], complete: Completeness) -> None:
        logs[name] = b""
        try:
            for chunk in chunks:
                logs[name] += chunk
        except ParseError:
            logs[name] += b"(cut)"

    source = open_source(str(path))
    source.load(
        Wanted(
            ("proc/cmdline", "etc/libvirt/qemu/*.xml", "var/lib/x"),
            ("sos_commands/kernel/dmesg", "var/log/messages"),
            ("dev/*", "sys/firmware"),
            on_log,
        )
    )
    return source, logs


def written(folder: Path, data: bytes, name: str = "a.tar") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def sos(name: str) -> tuple[tuple[str, bytes], ...]:
    return (f"{name}/proc/cmdline", CMDLINE + name.encode()), (f"{name}/sos_commands/kernel/dmesg", DMESG)


# which snapshot


def test_a_second_sosreport_is_not_dropped_silently(tmp_path: Path) -> None:
    source, _ = load(written(tmp_path, tar(*sos("one"), *sos("two"))))
    assert source.damage == "holds 2 sosreports; only one was judged: unpack it and name each"
    assert source.files["proc/cmdline"].data.endswith(b"one")


def test_a_second_host_tree_is_not_dropped_silently(tmp_path: Path) -> None:
    source, _ = load(written(tmp_path, tar(("one/proc/cmdline", CMDLINE), ("two/proc/cmdline", b""))))
    assert source.damage == "holds 2 snapshots; only one was judged: unpack it and name each"


def test_one_snapshot_is_no_second_one(tmp_path: Path) -> None:
    for members in (
        (("home/u/x", b""), ("proc/cmdline", CMDLINE), ("sos_commands/kernel/dmesg", DMESG)),
        (("boot/x", b""), ("proc/cmdline", CMDLINE), ("sysroot/etc/libvirt/qemu/a.xml", DOMAIN)),
        sos("one"),
    ):
        source, _ = load(written(tmp_path, tar(*members)))
        assert source.damage == ""
        assert source.files["proc/cmdline"].data.startswith(CMDLINE)


@pytest.mark.parametrize("before", ["README", "notes/x", "var/x"])
@pytest.mark.parametrize("top", ["n1", "tmp/x/n1", "var/tmp/n1"])
def test_a_deeper_sosreport_is_found(before: str, top: str, tmp_path: Path) -> None:
    source, logs = load(written(tmp_path, tar((before, b""), *sos(top))))
    assert (source.damage, list(source.files)) == ("", ["proc/cmdline"])
    assert logs == {"sos_commands/kernel/dmesg": DMESG}


def test_the_shortest_prefix_wins(tmp_path: Path) -> None:
    source, logs = load(written(tmp_path, tar(("x/y", b""), *sos("a/b/c"), *sos("a/d"))))
    assert source.files["proc/cmdline"].data.endswith(b"a/d")
    assert len(logs) == 1
    assert source.damage == "holds 2 sosreports; only a/d was judged: unpack it and name each"


def test_an_archive_of_archives_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, tar(("c/sosreport-a.tar.xz", b"x"), ("c/sosreport-b.tar.xz", b"y")))
    with pytest.raises(SourceError, match="holds 2 archives: unpack it and name each"):
        load(path)


# what is passed over


def test_wanted_members_that_are_passed_over_are_counted(tmp_path: Path) -> None:
    odd = (("s/etc/libvirt/qemu/a\x01.xml", DOMAIN), ("s/../etc/libvirt/qemu/b.xml", DOMAIN), ("s/home/\x01", b""))
    source, _ = load(written(tmp_path, tar(("s/proc/cmdline", CMDLINE), *odd)))
    assert source.damage == "passed over for unusable names: 2 wanted members"
    assert list(source.files) == ["proc/cmdline"]


def test_the_first_of_two_counts_and_the_second_is_told(tmp_path: Path) -> None:
    source, _ = load(written(tmp_path, tar(("s/proc/cmdline", CMDLINE), ("s/proc/cmdline", b"ro"))))
    assert source.files["proc/cmdline"].data == CMDLINE
    assert source.damage == "passed over as they stand in it twice: 1 wanted member"
    source, _ = load(written(tmp_path, tar(*[("s/proc/cmdline", CMDLINE)] * 2)))
    assert source.damage == ""


def test_an_empty_file_that_nobody_may_read_is_a_gap(tmp_path: Path) -> None:
    members = [(f"s/{name}", b"") for name in ("proc/cmdline", "sos_commands/kernel/dmesg")]
    source, logs = load(written(tmp_path, tar(*members, mode=0)))
    assert {file.complete for file in source.files.values()} == {Completeness.UNREADABLE}
    assert (len(source.files), logs) == (2, {})


# bounds


def test_deep_names_cost_little(tmp_path: Path) -> None:
    deep = "/".join(["a"] * 2000)
    data = tar(*((f"s/{number}/{deep}/f", b"") for number in range(2000)), ("s/proc/cmdline", CMDLINE))
    path = written(tmp_path, data)
    source, _ = load(path)
    assert "proc/cmdline" in source.files


def header(kind: bytes, body: bytes) -> bytes:
    member = tarfile.TarInfo("p")
    member.type, member.size = kind, len(body)
    return member.tobuf(tarfile.USTAR_FORMAT) + body + bytes(-len(body) % 512)


@pytest.mark.parametrize(
    ("kind", "record", "damage"),
    [(b"g", b"14 comment=ab\n", False), (b"g", b"18 uname=aaaaaaaa\n", True), (b"x", b"18 uname=aaaaaaaa\n", True)],
)
def test_floods_of_pax_records_cost_little(kind: bytes, record: bytes, damage: bool, tmp_path: Path) -> None:
    flood = header(kind, record * 3500) * 500
    path = written(tmp_path, flood + tar(("s/proc/cmdline", CMDLINE)))
    source, _ = load(path)
    assert bool(source.damage) is damage
    assert "proc/cmdline" in source.files


def test_pax_headers_are_bounded_in_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sevlint.sources.archive.EXTENDED_LIMIT", 4096)
    flood = header(b"x", b"18 uname=aaaaaaaa\n" * 50) * 6
    source, _ = load(written(tmp_path, tar(("s/proc/cmdline", CMDLINE))[:1024] + flood))
    assert source.damage.startswith("more than 64 MiB of PAX headers")


# cut and corrupt


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_every_cut_of_a_plain_archive_is_told(form: int, tmp_path: Path) -> None:
    data = tar(*sos("s"), ("s/" + "n" * 150, b"x" * 700), ("s/var/log/messages", DMESG * 9), form=form)
    end = len(data.rstrip(b"\0")) // 512 * 512 + 512  # the end mark begins here
    for cut in range(0, end, 64):
        path = written(tmp_path, data[:cut])
        try:
            source, _ = load(path)
        except SourceError:
            continue
        if source.kind == "archive":
            assert source.damage, cut


@pytest.mark.parametrize("suffix", PACKERS)
def test_cuts_and_flips_neither_raise_nor_hang(suffix: str, tmp_path: Path) -> None:
    noise = random.Random(3)
    members = [*sos("s"), *((f"s/etc/libvirt/qemu/{number}.xml", noise.randbytes(600)) for number in range(40))]
    data = PACKERS[suffix](tar(*members))
    for number in range(60):
        broken = bytearray(data)
        if number % 2:
            del broken[noise.randrange(len(data)) :]
        else:
            for _ in range(noise.randint(1, 3)):
                broken[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
        try:
            source, _ = load(written(tmp_path, bytes(broken)))
        except SourceError:
            continue
        assert source.damage or source.kind != "archive" or suffix == "tar" or not number % 2


def test_an_archive_is_walked_once() -> None:
    walk = Walk(io.BytesIO(tar(*sos("s"))))
    assert [entry.path for entry, _ in walk] == ["s/proc/cmdline", "s/sos_commands/kernel/dmesg"]
    with pytest.raises(RuntimeError):
        list(walk)


# one compressed file


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, bz2.compress])
def test_a_compressed_log_is_a_log(pack: object, tmp_path: Path) -> None:
    path = written(tmp_path, pack(DMESG * 20_000), "dmesg.gz")  # type: ignore[operator]
    source, logs = load(path)
    assert source.recognised == {str(path): "cmd/dmesg"}
    assert logs == {str(path): DMESG * 20_000}
    assert (source.kind, source.damage, source.layout_hint()) == ("file", "", "bare")


def test_compressed_evidence_and_other_text(tmp_path: Path) -> None:
    path = written(tmp_path, gzip.compress(DOMAIN))
    assert load(path)[0].files[str(path)].data == DOMAIN
    assert load(written(tmp_path, gzip.compress(b"<network/>")))[0].not_domains == 1
    with pytest.raises(SourceError, match="nothing else that sevlint knows"):
        load(written(tmp_path, gzip.compress(b"hello\n")))


def test_a_compressed_log_that_is_cut_says_so(tmp_path: Path) -> None:
    text = b"".join(b"[%12.6f] line %d\n" % (number / 7, number * 7919) for number in range(40_000))
    data = gzip.compress(text)
    source, logs = load(written(tmp_path, data[: len(data) // 2]))
    assert source.damage.startswith("cut off after")
    (log,) = logs.values()
    assert log.endswith(b"(cut)")
    broken = bytearray(data)
    broken[len(data) // 2] ^= 255
    assert load(written(tmp_path, bytes(broken)))[0].damage
