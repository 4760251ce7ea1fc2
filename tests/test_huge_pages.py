"""The memory of many images is moved to huge pages: only what is densely used, and only where the system has them."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.request import urlopen

import pytest

from ims_mock.huge_pages import collapse, dense

SETTINGS = Path("/sys/kernel/mm/transparent_hugepage")
SIZE = 0x200000


def _have_huge_pages():
    if not (SETTINGS / "enabled").exists() or "[madvise]" not in (SETTINGS / "enabled").read_text():
        return False
    release = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (int(release[1]), int(release[2])) >= (6, 1)


HUGE = pytest.mark.skipif(not _have_huge_pages(), reason="needs Linux 6.1 that gives huge pages to who asks")

MAPPED = """\
{addresses} {flags} 00000000 {device} {inode}                          {name}
Size:               6144 kB
KernelPageSize:        4 kB
MMUPageSize:           4 kB
Rss:                {used} kB
Pss:                   0 kB
VmFlags: rd wr mr mw me ac sd
"""


def mapped(addresses="00400000-00a00000", flags="rw-p", device="00:00", inode=0, name="", used=6144):
    """Write what Linux tells of one stretch of memory."""
    return MAPPED.format_map(locals()).splitlines()


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ({}, [0x400000, 0x600000, 0x800000]),
        ({"name": "[heap]"}, [0x400000, 0x600000, 0x800000]),
        ({"name": "[anon: glibc: malloc]"}, [0x400000, 0x600000, 0x800000]),
        ({"addresses": "00401000-009ff000"}, [0x600000]),
        ({"addresses": "7f0000401000-7f00007ff000", "used": 4088}, []),
        ({"used": 5600}, [0x400000, 0x600000, 0x800000]),
        ({"used": 5400}, []),
        ({"used": 0}, []),
        ({"name": "[stack]"}, []),
        ({"flags": "r--p"}, []),
        ({"flags": "rwxp"}, []),
        ({"flags": "rw-s"}, []),
        ({"device": "fe:00", "inode": 77, "name": "/usr/lib/libpython.so"}, []),
        ({"inode": 77, "name": "/dev/shm/shared"}, []),
    ],
)
def test_only_dense_memory_of_its_own_is_moved(told, found):
    """Neither files nor what others share, nor the stack, nor what would be larger afterwards."""
    assert list(dense(mapped(**told), SIZE)) == found


def test_stretches_are_told_apart():
    """What is in use counts for the stretch it stands under."""
    lines = [*mapped(used=10), *mapped("01000000-01200000", used=2048), *mapped("02000000-02200000", flags="r--p")]
    assert list(dense(lines, SIZE)) == [0x1000000]


def test_all_that_linux_tells_is_understood():
    """Of this very process: each stretch is a whole number of pages within what may be written."""
    if sys.platform != "linux":
        pytest.skip("needs Linux")
    maps = [line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines() if " rw-p " in line]
    ranges = [(int(begin, 16), int(end, 16)) for begin, end in maps]
    size = 0x4000
    found = list(dense(Path("/proc/self/smaps").read_text().splitlines(), size))
    assert found
    assert all(address % size == 0 for address in found)
    assert all(any(begin <= address <= end - size for begin, end in ranges) for address in found)


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"enabled": "always madvise [never]\n", "hpage_pmd_size": "2097152\n"},
        {"enabled": "always [madvise] never\n"},
        {"enabled": "always [madvise] never\n", "hpage_pmd_size": "none\n"},
    ],
)
def test_without_huge_pages_nothing_is_done(tmp_path, files):
    """Where there are none, where nobody is to have any, and where Linux does not say how large they are."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert collapse(settings=tmp_path) == 0


@pytest.mark.parametrize("library", [None, SimpleNamespace(CDLL=lambda _: object())])
def test_where_nobody_can_be_asked_nothing_is_done(monkeypatch, library):
    """Python may come without what asks, and a system without what is asked for."""
    monkeypatch.setitem(sys.modules, "ctypes", library)
    assert collapse() == 0


MOVED = """
import re
from pathlib import Path
from ims_mock.huge_pages import collapse

def huge():
    return sum(map(int, re.findall(r"AnonHugePages: +(\\d+)", Path("/proc/self/smaps").read_text())))

texts = [b"%d:" % number * 200 for number in range(50_000)]
before = huge()
moved = collapse(rest=0)
assert texts == [b"%d:" % number * 200 for number in range(50_000)]
print(moved, before, huge())
"""


@HUGE
def test_memory_is_moved_as_it_is():
    """Nearly all of it, and what stands there stays the same."""
    done = subprocess.run([sys.executable, "-c", MOVED], capture_output=True, encoding="utf-8", check=True, timeout=60)
    moved, before, after = map(int, done.stdout.split())
    assert after - before >= 40 * 1024
    assert moved * SIZE // 1024 >= after - before


def _huge(process):
    told = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return int(re.search(r"AnonHugePages: +(\d+)", told)[1])


@HUGE
@pytest.mark.parametrize(("images", "are_many"), [(9_999, False), (10_000, True)])
def test_a_server_of_many_images_moves_its_memory(images, are_many):
    """While it answers; one of few images leaves it where it is."""
    command = [sys.executable, "-m", "ims_mock", "serve", "empty", "--generate", str(images), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8") as server:
        try:
            url = server.stdout.readline().rsplit(" ", 1)[-1].strip()
            before = urlopen(f"{url}/v2/images?limit=1000").read()
            until = time.monotonic() + (30 if are_many else 3)
            while not _huge(server) and time.monotonic() < until:
                time.sleep(0.05)
            assert (_huge(server) > 0) is are_many
            assert urlopen(f"{url}/v2/images?limit=1000").read() == before
            assert len(json.loads(before)["images"]) == 1000
        finally:
            server.terminate()
        assert server.communicate(timeout=10)[1] == ""
        assert server.returncode == 0
