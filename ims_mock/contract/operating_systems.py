"""Operating systems: the documented versions, and the attributes that follow from a version."""

import re
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Final

from ims_mock.contract.fields import BY_NAME
from ims_mock.text import cached_if_short


@dataclass(frozen=True)
class System:
    """An operating system: the values of the attributes ``__platform``, ``__os_type``, ``__os_version``, ``__os_bit``."""

    platform: str
    os_type: str
    os_version: str
    os_bit: str

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of an image with this operating system."""
        return {f"__{name}": value for name, value in asdict(self).items()}

    @cached_property
    def labels(self) -> tuple[str, str]:
        """The version in English and in Chinese, without characters that are not allowed in names."""
        text = re.sub(r"\((\d\d) bit\)", r" \1bit", self.os_version).replace("GNU/Linux ", "")
        text = " ".join(re.sub(r"[^\w\-. ]", " ", text).split())[:64].strip() or "image"
        return text, re.sub(r"(\d\d)bit\b", r"\1位", text)


_RELEASES: Final = (
    ("Windows {} 64bit", "10"),
    ("Windows Server {} 64bit", "2019 Standard, 2019 Datacenter, 2016 Standard, 2016 Datacenter, 2012 R2 Standard, 2012 Essentials R2, 2012 R2 Datacenter, 2012 Datacenter, 2012 Standard, 2008 R2 WEB, 2008 R2 Standard, 2008 R2 Enterprise, 2008 R2 Datacenter"),
    ("Windows 7 {} 64bit", "Enterprise, Professional"),
    ("Windows 7 {} 32bit", "Professional"),
    ("SUSE Linux Enterprise Server {} 64bit", "15 SP1, 15, 12 SP5, 12 SP4, 12 SP3, 12 SP2, 12 SP1, 11 SP4, 11 SP3, 12, 11 SP1"),
    ("SUSE Linux Enterprise Server {} 32bit", "11 SP3"),
    ("Oracle Linux Server release {} 64bit", "7.6, 7.5, 7.4, 7.3, 7.2, 7.1, 7.0, 6.10, 6.9, 6.8, 6.7, 6.5"),
    ("Redhat Linux Enterprise {} 64bit", "8.0, 7.6, 7.5, 7.4, 7.3, 7.2, 7.1, 7.0, 6.10, 6.9, 6.8, 6.7, 6.6, 6.5, 6.4"),
    ("Redhat Linux Enterprise {} 32bit", "6.6, 6.4"),
    ("Redhat {} 64bit", "7.6"),
    ("Ubuntu {} server 64bit", "19.04, 18.04.2, 18.04.1, 18.04, 16.04.6, 16.04.5, 16.04.4, 16.04.3, 16.04.2, 16.04, 14.04.5, 14.04.4, 14.04.3, 14.04.1, 14.04"),
    ("Ubuntu {} server 32bit", "14.04.4, 14.04.3, 14.04.1, 14.04"),
    ("Ubuntu {} Server 64bit", "16.04.3, 16.04.2"),  # the document writes these two with a capital as well
    ("openSUSE {} 64bit", "15.1, 15.0, 42.3, 42.2, 42.1, 13.2, 11.3"),
    ("CentOS {} 64bit", "8.0, 7.7, 7.6, 7.5, 7.4, 7.3, 7.2, 7.1, 7.0, 6.10, 6.9, 6.8, 6.7, 6.6, 6.5, 6.4, 6.3"),
    ("CentOS {} 32bit", "7.0, 6.10, 6.9, 6.7, 6.6, 6.5, 6.4, 6.3"),
    ("Debian GNU/Linux {} 64bit", "10.0.0, 9.3.0, 9.0.0, 8.10.0, 8.8.0, 8.7.0, 8.6.0, 8.5.0, 8.4.0, 8.2.0, 8.1.0"),
    ("Fedora {} 64bit", "30, 29, 28, 27, 26, 25, 24, 23, 22"),
    ("EulerOS {} 64bit", "2.9, 2.5, 2.3, 2.2, 2.1"),
    ("openEuler {} 64bit", "20.03"),
    ("CoreOS {}", "1298.6.0, 1068.10.0, 1010.5.0"),
    ("NeoKylin {} 64bit", "7.4, Server release 5.0 U2, Linux Advanced Server release 7.0 U5"),
    ("Other Linux({} bit)", "64"),
)  # fmt: skip

_PLATFORM: Final = BY_NAME["__platform"]
_SPELLINGS: Final = (*_PLATFORM.values, *_PLATFORM.seen_values)
_DOCUMENTED: Final = {_PLATFORM.fold(name): name for name in reversed(_SPELLINGS)}
_PREFIXES: Final = tuple((name.lower(), _DOCUMENTED[_PLATFORM.fold(name)]) for name in _SPELLINGS)
_IS_LINUX: Final = re.compile("linux|neokylin", re.IGNORECASE)
_IS_32_BIT: Final = re.compile(r"\b32[ -]?bit", re.IGNORECASE)


@cached_if_short(1024, length=100)
def system_of(os_version: str) -> System:
    """Return the operating system of an ``__os_version``, documented or not.

    If it does not begin with a known platform, the platform is ``Other``. It has 64 bits unless it mentions 32.
    """
    version = os_version.lower()
    platform = next((platform for prefix, platform in _PREFIXES if version.startswith(prefix)), "Other")
    is_linux = platform != "Other" or _IS_LINUX.search(os_version)
    family = "Windows" if platform == "Windows" else "Linux" if is_linux else "Other"
    return System(platform, family, os_version, "32" if _IS_32_BIT.search(os_version) else "64")


SYSTEMS: Final = tuple(
    system_of(pattern.format(release)) for pattern, releases in _RELEASES for release in releases.split(", ")
)
"""The documented operating systems, the newest of each platform and word size first."""
