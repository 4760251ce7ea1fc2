"""The data of the generator: weighted choices of attribute values, and the texts in names and descriptions.

The values in a row of a choice are consistent with each other, so every combination that is drawn is plausible.
"""

import itertools
import json
import math
from bisect import bisect
from collections import Counter
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from ims_mock.contract.fields import BY_NAME
from ims_mock.contract.operating_systems import SYSTEMS, System, system_of

Values = dict[str, object]
Random = Callable[[], float]  # random.Random.random, the only method whose sequence Python guarantees
T = TypeVar("T")


class Choices(Generic[T]):
    """Rows to draw from, each with its weight before it."""

    def __init__(self, *weighted: tuple[float, T]) -> None:
        self.weighted, self.rows = weighted, tuple(row for _, row in weighted)
        # accumulate instead of sum, which rounds differently since Python 3.12: a seed must mean the same images
        *_, self.total = ends = tuple(itertools.accumulate(weight for weight, _ in weighted))
        self._ends = tuple(end / self.total for end in ends)

    def draw(self, random: Random) -> T:
        """Return a random row, with a probability in proportion to its weight."""
        return self.weighted[bisect(self._ends, random())][1]


def _combined(*choices: Choices[Values]) -> Choices[Values]:
    """Return every combination of a row of each choice."""
    combinations = []
    for parts in itertools.product(*(choice.weighted for choice in choices)):
        row = {name: value for _, part in parts for name, value in part.items()}
        combinations.append((math.prod(weight for weight, _ in parts), row))
    return Choices(*combinations)


def share_of(name: str) -> float:
    """Return the share of images with an optional attribute among those that may have it, by default one half."""
    share = BY_NAME[name].share
    return 0.5 if share is None else share


def _one_of(*names: str) -> Choices[Values]:
    return Choices(*((1.0, Values({name: value})) for name in names for value in BY_NAME[name].values))


def _optional(name: str, *values: str) -> Choices[Values]:
    """Return one of these values of an optional attribute, by default a documented one, or no value."""
    share, values = share_of(name), values or BY_NAME[name].values
    return Choices((1 - share, Values()), *((share / len(values), Values({name: value})) for value in values))


_NOTHING: Final = Choices((1, Values()))


def _image_type(imagetype: str, *rows: tuple[float, str, bool]) -> Choices[Values]:
    """Return an image type with weighted pairs of visibility and protection."""
    return Choices(*(
        (weight, Values(__imagetype=imagetype, visibility=visibility, protected=is_protected))
        for weight, visibility, is_protected in rows
    ))  # fmt: skip


_IMAGE_TYPES: Final = (
    _image_type("private", (90, "private", False), (6, "private", True), (3.6, "shared", False), (0.4, "shared", True)),
    _image_type("gold", (1, "public", True)),
    _image_type("market", (1, "public", True)),
    # Mitaka has no visibility "shared"
    _image_type("shared", (96, "shared", False), (3, "shared", True), (0.8, "private", False), (0.2, "private", True)),
)


def _environment(env_type: str, **formats: float) -> Choices[Values]:
    return Choices(*((weight, Values(virtual_env_type=env_type, disk_format=name)) for name, weight in formats.items()))


_SERVER: Final = _environment("FusionCompute", zvhd2=78, vhd=9, zvhd=5, qcow2=5, raw=3)
_BARE_METAL: Final = _environment("Ironic", qcow2=40, raw=30, zvhd2=20, vhd=5, zvhd=5)
_DATA_DISK: Final = _environment("DataImage", zvhd2=80, vhd=8, zvhd=4, qcow2=4, raw=4)
_ISO: Final = _environment("IsoImage", iso=1)

# --- hardware

_XEN: Final = share_of("__support_xen")
_INFINIBAND: Final = (1 - _XEN) * share_of("__support_kvm_infiniband")
_NO_HYPERVISOR: Final = _combined(_optional("hw_firmware_type"), _optional("__support_amd"))
_X86: Final = _combined(Choices((97, Values()), (3, Values(__support_arm="false"))), _NO_HYPERVISOR)

_XEN_OR_INFINIBAND: Final = Choices(
    (1 - _XEN - _INFINIBAND, Values()),
    (_XEN, Values(__support_xen="true")),
    (_INFINIBAND, Values(__support_kvm_infiniband="true")),
)
_KVM: Final = _combined(_one_of("__support_kvm"), _XEN_OR_INFINIBAND, _X86)
_GPU: Final = _combined(_one_of("__support_kvm_gpu_type", "__support_xen_gpu_type"), _X86)
_HANA: Final = _combined(_one_of("__support_xen_hana"), _X86)
_ARM: Final = Choices((1, Values(__support_arm="true", hw_firmware_type="uefi")))

# --- operating systems

_POPULARITY: Final = {"CentOS": 30, "Ubuntu": 22, "Windows": 18, "EulerOS": 8, "Debian": 6, "openEuler": 5}


def system_values(system: System) -> Values:
    """Return the attributes of an operating system, except for its version."""
    return {name: value for name, value in system.attributes.items() if name != "__os_version"}


def _systems(*prefixes: str, bits: tuple[str, ...] = ("64", "32")) -> Choices[Values]:
    """Return the operating systems whose version has one of these prefixes; newer releases are more frequent."""
    rank = Counter[str]()
    weighted = []
    for system in SYSTEMS:
        if system.os_version.startswith(prefixes) and system.os_bit in bits:
            age = (rank[system.platform] + 3) * (1 if system.os_bit == "64" else 3)
            weighted.append((_POPULARITY.get(system.platform, 3) / age, Values(system.attributes)))
            rank[system.platform] += 1
    return Choices(*weighted)


_LINUX: Final = _systems(*(system.os_version for system in SYSTEMS if system.os_type == "Linux"))
_WINDOWS: Final = _systems("Windows")
_ANY_SYSTEM: Final = _systems("", bits=("64",))
_ARM_SYSTEMS: Final = _systems(
    "CentOS 7.6", "CentOS 7.5", "CentOS 8", "Ubuntu 18", "Ubuntu 16.04.6", "EulerOS 2.9", "openEuler",
    "SUSE Linux Enterprise Server 15", "Debian GNU/Linux 10", "Fedora 29", "NeoKylin 7.4", bits=("64",),
)  # fmt: skip
_GPU_SYSTEMS: Final = _systems(
    "CentOS 7", "Ubuntu 18", "Ubuntu 16", "Windows Server 2016", "Windows Server 2019", bits=("64",)
)
_HANA_SYSTEMS: Final = _systems("SUSE Linux Enterprise Server 12", "SUSE Linux Enterprise Server 11", bits=("64",))
_OTHER_SYSTEMS: Final = Choices(
    *((weight, Values(__os_type="Other", __os_bit=bits, __platform="Other")) for weight, bits in ((3, "64"), (1, "32")))
)
_NO_SYSTEM: Final = Choices(
    *((weight, Values(__os_type=name, __os_bit="64")) for weight, name in ((8, "Linux"), (2, "Windows")))
)

# --- what the service stores in place of the data

_STORED_DATA: Final = Choices(
    (60, Values(size=0, checksum="d41d8cd98f00b204e9800998ecf8427e")),  # nothing
    (35, Values(size=2, checksum="99914b932bd37a50b983c5e7c90ae93b")),  # {}
    (5, Values(size=18, checksum="f1984ee0644ee21e4e681af860be3044")),  # {"stub": "stored"}
)

Variant = tuple[Choices[Values], ...]  # of the image type, environment, hardware, operating system and stored data

VARIANTS: Final[Choices[Variant]] = Choices(*(
    (weight, (image_type, environment, hardware, system, _STORED_DATA))
    for environment, hardware, system, weights in (
        # the weights are those of private, gold, market and shared images
        (_SERVER, _KVM, _LINUX, (17, 50, 6, 3.5)),
        (_SERVER, _KVM, _WINDOWS, (4, 9, 1.5, 0.8)),
        (_SERVER, _KVM, _OTHER_SYSTEMS, (0.5, 0.2, 0.1, 0.1)),
        (_SERVER, _ARM, _ARM_SYSTEMS, (1.5, 5, 0.6, 0.3)),
        (_SERVER, _GPU, _GPU_SYSTEMS, (0.7, 2.5, 0.5, 0.1)),
        (_SERVER, _HANA, _HANA_SYSTEMS, (0.2, 0.8, 0.1, 0.1)),
        (_BARE_METAL, _NO_HYPERVISOR, _ANY_SYSTEM, (0.6, 2.5, 0.1, 0.1)),
        (_DATA_DISK, _NOTHING, _NO_SYSTEM, (1.8, 0.1, 0.1, 0.3)),
        (_ISO, _KVM, _ANY_SYSTEM, (1.6, 0.1, 0.1, 0.2)),
    )
    for image_type, weight in zip(_IMAGE_TYPES, weights, strict=True)
))  # fmt: skip
"""The variants of images, as frequent as in a region of the cloud."""

GROUPS: Final = tuple(
    tuple(dict.fromkeys(name for choices in position for row in choices.rows for name in row))
    for position in zip(*VARIANTS.rows, strict=True)
)
"""The attributes that are drawn together, in the order of the choices of a variant."""

IMAGE_TYPE, _, HARDWARE, SYSTEM, STORED_DATA = GROUPS


def matching_rows(wanted: Values, *choices: Choices[Values]) -> list[tuple[float, Values]]:
    """Return the rows of some choices that have all these values, each with its weight."""
    rows = [weighted for choice in choices for weighted in choice.weighted]
    return [(weight, row) for weight, row in rows if weight and wanted.items() <= row.items()]


def _made_row(group: tuple[str, ...], wanted: Values, *choices: Choices[Values]) -> Values:
    """Return a row for values that no row has together, because they are rare, unknown or contradictory."""
    if group == SYSTEM:
        known = wanted.get("__os_version") or wanted.get("__platform") or wanted.get("__os_type") or "Linux"
        return {**system_values(system_of(str(known))), **wanted}
    if group == HARDWARE:
        return {"hw_firmware_type": "uefi", **wanted} if wanted.get("__support_arm") == "true" else wanted
    return max((row for choice in choices for row in choice.rows), key=lambda row: len(row.items() & wanted.items()))


def variants_with(values: Values) -> Choices[Variant]:
    """Return the variants, restricted group by group to rows with these values.

    If no remaining variant has such a row, rows of other variants are used, or else one is made.
    """
    variants = VARIANTS.weighted
    for position, group in enumerate(GROUPS):
        wanted = {name: values[name] for name in sorted(values.keys() & group)}
        if not wanted:
            continue
        restricted = []
        for weight, variant in variants:
            if rows := matching_rows(wanted, variant[position]):
                choices = Choices(*rows)
                restricted.append((weight * (choices.total / variant[position].total), variant, choices))
        if not restricted:
            everywhere = [variant[position] for variant in VARIANTS.rows]
            choices = Choices(*(matching_rows(wanted, *everywhere) or [(1.0, _made_row(group, wanted, *everywhere))]))
            restricted = [(weight, variant, choices) for weight, variant in variants]
        variants = tuple(
            (weight, (*variant[:position], choices, *variant[position + 1 :]))
            for weight, variant, choices in restricted
        )
    return Choices(*variants)


# --- attributes that do not depend on others

_FEATURES: Final = ("nic_hotplug", "disk_hotplug", "user_data", "ssh_key", "hostname_inject", "onekey_resetpasswd")

_COMMON: Final = _combined(
    Choices((1, Values(virtual_size=None, container_format="bare", __image_source_type="uds"))),
    Choices((99.5, Values(__isregistered="true")), (0.5, Values(__isregistered="false"))),
    Choices(*((weight, Values(min_disk=size)) for size, weight in (
        (40, 53), (50, 5), (60, 10), (80, 5), (100, 11), (200, 6), (500, 5), (1024, 5),
    ))),
    Choices(*((weight, Values(min_ram=size)) for size, weight in ((0, 76), (512, 6), (1024, 6), (2048, 6), (4096, 6)))),
    _optional("__lazyloading", "true", "true", "true", "True", "True", "false", "False"),
)  # fmt: skip
_SETTINGS: Final = _combined(
    _optional("__is_config_init", "true", "true", "false"),
    _optional("__os_feature_list", *(json.dumps(dict.fromkeys(_FEATURES[:count], "true")) for count in (6, 6, 4, 2))),
    _optional("hw_vif_multiqueue_enabled", "true", "true", "true", "false"),
    _optional("max_ram", "0", "0", "0", "65536", "262144"),
)
_CAPABILITIES: Final = _combined(
    _optional("__support_largememory"),
    _optional("__support_diskintensive"),
    _optional("__support_highperformance"),
    _optional("__support_fc_inject", "true", "true", "false"),
    _optional("__support_agent_list", "hss,ces", "hss,ces", "ces", "hss"),
)

INDEPENDENT: Final = {
    "FusionCompute": (_COMMON, _SETTINGS, _CAPABILITIES),
    "Ironic": (_COMMON, _SETTINGS),
    "IsoImage": (_COMMON, _SETTINGS),
    "DataImage": (_COMMON,),
}
"""The choices of further attributes, by ``virtual_env_type``."""

_ROLES: Final = (
    ("web", "网站", "WordPress"), ("orders", "订单服务", "GitLab"), ("mysql", "数据库", "LAMP"),
    ("billing", "计费系统", "LNMP"), ("gateway", "网关", "Jenkins"), ("build", "构建机", "Tomcat"),
    ("search", "搜索", "Node.js"), ("monitor", "监控", "Redis"), ("crm", "客户系统", "PostgreSQL"),
    ("jump-host", "跳板机", "Odoo"),
)  # fmt: skip
"""What servers are for, in English and in Chinese, with a product."""

_STAGES: Final = (("prod", "生产"), ("test", "测试"), ("dev", "开发"), ("staging", "预发布"))


def _expanded(*patterns: str) -> tuple[str, ...]:
    """Return each pattern for every role with its product and every stage, in English or Chinese."""
    names = []
    for pattern, (role, role_zh, product), (stage, stage_zh) in itertools.product(patterns, _ROLES, _STAGES):
        name = pattern.replace("<role>", role).replace("<角色>", role_zh).replace("<product>", product)
        names.append(name.replace("<stage>", stage).replace("<阶段>", stage_zh))
    return tuple(names)


NAMES: Final = {
    "gold": ("{os}", "{os}", "{os}", "{os} {date}", "{os} {disk}GB", "{os_zh} {disk}GB", "{os_zh} 公共镜像"),
    "market": _expanded(
        "<product> on {os}", "<product> {n}.0 {os}", "<product> 运行环境 {os_zh}", "<product> 一键部署 {os_zh}",
    ),
    "private": _expanded(
        "<role>-<stage>-{n:02}", "<role>_{date}", "<角色>-<阶段>-{date}", "ecs-{number:04x}-image", "{os} <role>",
        "<角色>模板 {date}", "{os_zh} <角色>",
    ),
    "DataImage": _expanded("<role>-data-{date}", "data-disk-{number:04x}", "<角色>数据盘-{date}"),
    "IsoImage": ("{os} install {date}", "{os} DVD", "{os_zh} 安装盘"),
}  # fmt: skip
"""Patterns of image names by ``virtual_env_type`` or, for all others, by ``__imagetype``."""

PUBLIC_DESCRIPTIONS: Final = (
    "{os} with the updates of month {n}", "{os} as released, default settings", "{os_zh} 基础镜像,含第{n}批安全补丁",
    "Outdated, choose the next release for new servers",
)  # fmt: skip
PRIVATE_DESCRIPTIONS: Final = (
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
"""Tags by their key; an image has at most one of each group. A few have the old form ``key.value`` or no value."""

REGION_NAMES: Final = ("cn-north-4", "cn-north-1", "cn-east-3", "cn-south-1", "ap-southeast-1")
