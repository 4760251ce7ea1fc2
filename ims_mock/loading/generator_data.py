"""What a region's images are made of, as weighted rows: audiences, purposes, hardware, systems and the words in names.

The rows of a pool keep the invariants of a believable image among themselves, so whatever is drawn from it is sound.
"""

from __future__ import annotations

import itertools
import json
import math
from bisect import bisect
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, TypeVar

from ims_mock.contract.fields import BY_NAME
from ims_mock.contract.operating_systems import SYSTEMS, system_of

Values = dict[str, object]
Draw = Callable[[], float]
"""The ``random`` method of a ``random.Random``."""

T = TypeVar("T")

# --- pools ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Pool(Generic[T]):
    """Rows to draw from, each with its weight, and where it ends on a line from 0 to 1."""

    rows: tuple[T, ...]
    weights: tuple[float, ...]
    weight: float
    ends: tuple[float, ...]

    @classmethod
    def of(cls, *weighted: tuple[float, T]) -> Pool[T]:
        """Make a pool of rows, each behind its weight."""
        weights = tuple(weight for weight, _ in weighted)
        # accumulate, not sum: sum rounds floats otherwise since Python 3.12, and the same seed means the same bytes
        *_, weight = ends = tuple(itertools.accumulate(weights))
        return cls(tuple(row for _, row in weighted), weights, weight, tuple(end / weight for end in ends))

    def draw(self, draw: Draw) -> T:
        """Take one row, as often as its weight says."""
        return self.rows[bisect(self.ends, draw())]


def _crossed(*pools: Pool[Values]) -> Pool[Values]:
    """Combine every row of each pool with every row of the others."""
    crossed = []
    for parts in itertools.product(*(zip(pool.weights, pool.rows, strict=True) for pool in pools)):
        row = {name: value for _, part in parts for name, value in part.items()}
        crossed.append((math.prod(weight for weight, _ in parts), row))
    return Pool.of(*crossed)


def share_of(name: str) -> float:
    """Say which part of the images that may carry an optional attribute do."""
    return BY_NAME[name].share or 0.0


# --- audiences: whose an image is -----------------------------------------------------------------


def _audience(imagetype: str, visibility: str, protected: bool) -> Values:
    return {"__imagetype": imagetype, "visibility": visibility, "protected": protected}


_AUDIENCES: Final = (
    Pool.of(
        (90, _audience("private", "private", False)),
        (6, _audience("private", "private", True)),
        (3.6, _audience("private", "shared", False)),  # its owner shares it
        (0.4, _audience("private", "shared", True)),
    ),
    Pool.of((1, _audience("gold", "public", True))),
    Pool.of((1, _audience("market", "public", True))),
    Pool.of(
        (96, _audience("shared", "shared", False)),
        (3, _audience("shared", "shared", True)),
        (0.8, _audience("shared", "private", False)),  # Mitaka knows no visibility "shared"
        (0.2, _audience("shared", "private", True)),
    ),
)

# --- purposes: what it is for ---------------------------------------------------------------------


def _purpose(env_type: str, **formats: float) -> Pool[Values]:
    return Pool.of(*((weight, Values(virtual_env_type=env_type, disk_format=name)) for name, weight in formats.items()))


_SERVER: Final = _purpose("FusionCompute", zvhd2=78, vhd=9, zvhd=5, qcow2=5, raw=3)
_METAL: Final = _purpose("Ironic", qcow2=40, raw=30, zvhd2=20, vhd=5, zvhd=5)
_DATA_DISK: Final = _purpose("DataImage", zvhd2=80, vhd=8, zvhd=4, qcow2=4, raw=4)
_ISO: Final = _purpose("IsoImage", iso=1)

# --- hardware: what it runs on --------------------------------------------------------------------


def _each(*names: str) -> Pool[Values]:
    """Take one documented value of one of these attributes."""
    return Pool.of(*((1.0, Values({name: value})) for name in names for value in BY_NAME[name].values))


def _perhaps(name: str, *values: str) -> Pool[Values]:
    """Leave an optional attribute out, or take one of these values, of its documented ones when none is named."""
    share, values = share_of(name), values or BY_NAME[name].values
    return Pool.of((1 - share, Values()), *((share / len(values), Values({name: value})) for value in values))


_XEN: Final = share_of("__support_xen")
_INFINIBAND: Final = (1 - _XEN) * share_of("__support_kvm_infiniband")
_NO_HYPERVISOR: Final = _crossed(_perhaps("hw_firmware_type"), _perhaps("__support_amd"))
_NOT_ARM: Final = _crossed(Pool.of((97, Values()), (3, Values(__support_arm="false"))), _NO_HYPERVISOR)

_NOTHING: Final = Pool.of((1, Values()))
_KVM: Final = _crossed(
    _each("__support_kvm"),
    Pool.of(
        (1 - _XEN - _INFINIBAND, Values()),
        (_XEN, Values(__support_xen="true")),
        (_INFINIBAND, Values(__support_kvm_infiniband="true")),
    ),
    _NOT_ARM,
)
_GPU: Final = _crossed(_each("__support_kvm_gpu_type", "__support_xen_gpu_type"), _NOT_ARM)
_HANA: Final = _crossed(_each("__support_xen_hana"), _NOT_ARM)
_ARM: Final = Pool.of((1, Values(__support_arm="true", hw_firmware_type="uefi")))

# --- systems: what it carries ---------------------------------------------------------------------

_POPULARITY: Final = {"CentOS": 30, "Ubuntu": 22, "Windows": 18, "EulerOS": 8, "Debian": 6, "openEuler": 5}


def _systems(*openings: str, bits: tuple[str, ...] = ("64", "32")) -> Pool[Values]:
    """Gather the systems whose version begins so; the newest of a platform come most often."""
    rank = Counter[str]()
    weighted = []
    for system in SYSTEMS:
        if system.os_version.startswith(openings) and system.os_bit in bits:
            row = Values(
                __os_type=system.os_type,
                __os_bit=system.os_bit,
                __platform=system.platform,
                __os_version=system.os_version,
            )
            age = (rank[system.platform] + 3) * (1 if system.os_bit == "64" else 3)
            weighted.append((_POPULARITY.get(system.platform, 3) / age, row))
            rank[system.platform] += 1
    return Pool.of(*weighted)


_LINUX: Final = _systems(*(system.os_version for system in SYSTEMS if system.os_type == "Linux"))
_WINDOWS: Final = _systems("Windows")
_ANY: Final = _systems("", bits=("64",))
_ON_ARM: Final = _systems(
    "CentOS 7.6", "CentOS 7.5", "CentOS 8", "Ubuntu 18", "Ubuntu 16.04.6", "EulerOS 2.9", "openEuler",
    "SUSE Linux Enterprise Server 15", "Debian GNU/Linux 10", "Fedora 29", "NeoKylin 7.4", bits=("64",),
)  # fmt: skip
_ON_GPU: Final = _systems(
    "CentOS 7", "Ubuntu 18", "Ubuntu 16", "Windows Server 2016", "Windows Server 2019", bits=("64",)
)
_ON_HANA: Final = _systems("SUSE Linux Enterprise Server 12", "SUSE Linux Enterprise Server 11", bits=("64",))
_OTHER: Final = Pool.of(
    (3, Values(__os_type="Other", __os_bit="64", __platform="Other")),
    (1, Values(__os_type="Other", __os_bit="32", __platform="Other")),
)
_NO_SYSTEM: Final = Pool.of(
    (8, Values(__os_type="Linux", __os_bit="64")),
    (2, Values(__os_type="Windows", __os_bit="64")),
)

# --- stubs: what the service stores in place of the data ------------------------------------------

_STUBS: Final = Pool.of(
    (60, Values(size=0, checksum="d41d8cd98f00b204e9800998ecf8427e")),  # of nothing
    (35, Values(size=2, checksum="99914b932bd37a50b983c5e7c90ae93b")),  # of {}
    (5, Values(size=18, checksum="f1984ee0644ee21e4e681af860be3044")),  # of {"stub": "stored"}
)

# --- the region -----------------------------------------------------------------------------------

Variety = tuple[Pool[Values], ...]
"""One pool for each: audience, purpose, hardware, system, stub."""

REGION: Final[Pool[Variety]] = Pool.of(*(
    (weight, (audience, purpose, hardware, system, _STUBS))
    for purpose, hardware, system, weights in (
        # what it is for, runs on and carries; how often it is private, gold, market and shared
        (_SERVER, _KVM, _LINUX, (17, 50, 6, 3.5)),
        (_SERVER, _KVM, _WINDOWS, (4, 9, 1.5, 0.8)),
        (_SERVER, _KVM, _OTHER, (0.5, 0.2, 0.1, 0.1)),
        (_SERVER, _ARM, _ON_ARM, (1.5, 5, 0.6, 0.3)),
        (_SERVER, _GPU, _ON_GPU, (0.7, 2.5, 0.5, 0.1)),
        (_SERVER, _HANA, _ON_HANA, (0.2, 0.8, 0.1, 0.1)),
        (_METAL, _NO_HYPERVISOR, _ANY, (0.6, 2.5, 0.1, 0.1)),
        (_DATA_DISK, _NOTHING, _NO_SYSTEM, (1.8, 0.1, 0.1, 0.3)),
        (_ISO, _KVM, _ANY, (1.6, 0.1, 0.1, 0.2)),
    )
    for audience, weight in zip(_AUDIENCES, weights, strict=True)
))  # fmt: skip
"""Every variety of image, as often as a region holds it."""

AXES: Final = tuple(
    tuple(dict.fromkeys(name for pool in pools for row in pool.rows for name in row))
    for pools in zip(*REGION.rows, strict=True)
)
"""The attributes that are drawn together, in the order of a variety's pools."""

AUDIENCE, _, HARDWARE, SYSTEM, STUB = AXES


def _agreement(row: Values, wanted: Values) -> int:
    return len([name for name in wanted if row.get(name) == wanted[name]])


def agreeing(wanted: Values, *pools: Pool[Values]) -> list[tuple[float, Values]]:
    """Find the rows of some pools that have all these values, each behind its weight."""
    rows = [pair for pool in pools for pair in zip(pool.weights, pool.rows, strict=True)]
    return [(weight, row) for weight, row in rows if weight and _agreement(row, wanted) == len(wanted)]


def _alone(axis: tuple[str, ...], wanted: Values, *pools: Pool[Values]) -> Values:
    """Make the row for values that no row has together: rare ones, unknown ones, or a contradiction."""
    if axis == SYSTEM:
        named = wanted.get("__os_version") or wanted.get("__platform") or wanted.get("__os_type") or "Linux"
        system = system_of(str(named))
        return {"__os_type": system.os_type, "__os_bit": system.os_bit, "__platform": system.platform, **wanted}
    if axis == HARDWARE:  # its attributes only exclude one another, but for this one
        return {"hw_firmware_type": "uefi", **wanted} if wanted.get("__support_arm") == "true" else wanted
    return max((row for pool in pools for row in pool.rows), key=lambda row: _agreement(row, wanted))


@lru_cache(maxsize=256)
def region_with(values: tuple[tuple[str, object], ...]) -> Pool[Variety]:
    """Narrow the region, axis by axis, to the rows that have these values.

    Where the varieties that are left have no such row, one of another variety stands in, else one made for it.

    Args:
        values: pairs of name and value, sorted; names of no axis do not count.
    """
    region = list(zip(REGION.weights, REGION.rows, strict=True))
    for place, axis in enumerate(AXES):
        wanted = {name: value for name, value in values if name in axis}
        narrowed = []
        for weight, variety in region if wanted else ():
            rows = agreeing(wanted, variety[place])
            if rows:
                pool = Pool.of(*rows)
                part = pool.weight / variety[place].weight
                narrowed.append((weight * part, (*variety[:place], pool, *variety[place + 1 :])))
        if wanted and not narrowed:
            pools = [variety[place] for variety in REGION.rows]
            pool = Pool.of(*(agreeing(wanted, *pools) or [(1.0, _alone(axis, wanted, *pools))]))
            narrowed = [(weight, (*variety[:place], pool, *variety[place + 1 :])) for weight, variety in region]
        region = narrowed or region
    return Pool.of(*region)


# --- bundles of attributes that depend on nothing else --------------------------------------------

_FEATURES: Final = ("nic_hotplug", "disk_hotplug", "user_data", "ssh_key", "hostname_inject", "onekey_resetpasswd")

_ABILITIES: Final = _crossed(
    _perhaps("__support_largememory"),
    _perhaps("__support_diskintensive"),
    _perhaps("__support_highperformance"),
    _perhaps("__support_fc_inject", "true", "true", "false"),
    _perhaps("__support_agent_list", "hss,ces", "hss,ces", "ces", "hss"),
)

_SETTINGS: Final = _crossed(
    _perhaps("__is_config_init", "true", "true", "false"),
    _perhaps("__os_feature_list", *(json.dumps(dict.fromkeys(_FEATURES[:count], "true")) for count in (6, 6, 4, 2))),
    _perhaps("hw_vif_multiqueue_enabled", "true", "true", "true", "false"),
    _perhaps("max_ram", "0", "0", "0", "65536", "262144"),
)
_COMMON: Final = _crossed(
    Pool.of((1, Values(virtual_size=None, container_format="bare", __image_source_type="uds"))),
    Pool.of((99.5, Values(__isregistered="true")), (0.5, Values(__isregistered="false"))),
    Pool.of(*((weight, Values(min_disk=size)) for size, weight in (
        (40, 53), (50, 5), (60, 10), (80, 5), (100, 11), (200, 6), (500, 5), (1024, 5),
    ))),
    Pool.of(*((weight, Values(min_ram=size)) for size, weight in ((0, 76), (512, 6), (1024, 6), (2048, 6), (4096, 6)))),
    _perhaps("__lazyloading", "true", "true", "true", "True", "True", "false", "False"),
)  # fmt: skip

BUNDLES: Final = (_COMMON, _SETTINGS, _ABILITIES)
BUNDLES_OF: Final = {
    "FusionCompute": BUNDLES,
    "Ironic": (_COMMON, _SETTINGS),
    "IsoImage": (_COMMON, _SETTINGS),
    "DataImage": (_COMMON,),
}
"""What images carry besides, by their ``virtual_env_type``."""

# --- words ----------------------------------------------------------------------------------------

_ROLES: Final = (
    ("web", "网站"), ("orders", "订单服务"), ("mysql", "数据库"), ("billing", "计费系统"), ("gateway", "网关"),
    ("build", "构建机"), ("search", "搜索"), ("monitor", "监控"), ("crm", "客户系统"), ("jump-host", "跳板机"),
)  # fmt: skip
_STAGES: Final = (("prod", "生产"), ("test", "测试"), ("dev", "开发"), ("staging", "预发布"))
_PRODUCTS: Final = (
    "WordPress", "GitLab", "LAMP", "LNMP", "Jenkins", "Tomcat", "Node.js", "Redis", "PostgreSQL", "Odoo",
)  # fmt: skip


def _worded(*patterns: str) -> tuple[str, ...]:
    """Write every role, stage and product into each pattern, in pairs of English and Chinese."""
    names = []
    for pattern in patterns:
        for (role, role_zh), product in zip(_ROLES, _PRODUCTS, strict=True):
            for stage, stage_zh in _STAGES:
                name = pattern.replace("<role>", role).replace("<角色>", role_zh).replace("<product>", product)
                names.append(name.replace("<stage>", stage).replace("<阶段>", stage_zh))
    return tuple(names)


NAMES: Final = {
    "gold": ("{os}", "{os}", "{os}", "{os} {date}", "{os} {disk}GB", "{os_zh} {disk}GB", "{os_zh} 公共镜像"),
    "market": _worded(
        "<product> on {os}", "<product> {n}.0 {os}", "<product> 运行环境 {os_zh}", "<product> 一键部署 {os_zh}",
    ),
    "private": _worded(
        "<role>-<stage>-{nn}", "<role>_{date}", "<角色>-<阶段>-{date}", "ecs-{hex}-image", "{os} <role>",
        "<角色>模板 {date}", "{os_zh} <角色>",
    ),
    "DataImage": _worded("<role>-data-{date}", "data-disk-{hex}", "<角色>数据盘-{date}"),
    "IsoImage": ("{os} install {date}", "{os} DVD", "{os_zh} 安装盘"),
}  # fmt: skip
"""Patterns by ``__imagetype`` or, where it says more, by ``virtual_env_type``; ``nn`` is ``n`` with two digits."""

OPEN_DESCRIPTIONS: Final = (
    "{os} with the updates of month {n}", "{os} as released, default settings", "{os_zh} 基础镜像,含第{n}批安全补丁",
    "Outdated, choose the next release for new servers",
)  # fmt: skip
OWN_DESCRIPTIONS: Final = (
    "Hardened {os}, built by the nightly pipeline", "Base of the web servers, build {n}", "{os_zh} 加固版 {n}",
    "业务系统模板,勿删", "测试环境专用",
)  # fmt: skip

TAGS: Final = (
    ("team=a", "team=b", "team=platform", "team=支付"),
    ("env=prod", "env=prod", "env=test", "env=dev", "env.prod"),
    ("app=web", "app=orders", "app=billing", "app=search"),
    ("owner=liwei", "owner=zhangmin", "owner=anna"),
    ("cost-center=1001", "cost-center=2040", "cost-center=3300"),
    ("部门=研发", "部门=测试", "部门=运维"),
    ("release=2022-06", "release=2023-10", "release.stable"),
    ("backup=daily", "backup=weekly", "backup=none"),
    ("golden", "legacy", "do-not-delete"),
)
"""Tags by their key: mostly ``key=value``, a few in the old form ``key.value``, a few bare."""

REGION_NAMES: Final = ("cn-north-4", "cn-north-1", "cn-east-3", "cn-south-1", "ap-southeast-1")
