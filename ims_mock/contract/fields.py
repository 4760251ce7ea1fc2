"""THE TABLE: every attribute of an image and every parameter of the list, one row each.

Schema, filters, sort keys, indexes, generated values, the README's tables and many tests are made from these rows:
a new filterable field is one row here and nothing elsewhere.

How sure we are is part of the table. ``doc``: the document says so. ``seen``: seen in a published real answer.
``glance``: recorded from real Glance. ``assumed``: our choice where nobody knows.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from ims_mock.contract.values import BOOLEAN, INTEGER, LINK, TAGS, TEXT, TIME, TIME_OPERATORS, Kind

DOC, SEEN, GLANCE, ASSUMED = EVIDENCE = ("doc", "seen", "glance", "assumed")


class Field(NamedTuple):
    """One attribute of an image.

    Attributes:
        name: its name on the wire.
        kind: how its value is written, parsed and compared.
        about: one sentence for people.
        values: the documented values, in their documented casing; empty when it is free text.
        present: when an image carries it.
        evidence: where the field itself is known from, ``doc`` and perhaps ``seen``.
        filters: where filtering by it is known from, ``None`` when the list has no such filter.
        sorts: where sorting by it is known from, ``None`` when it is no sort key.
        seen_values: values that real answers hold beside the documented ones.
        spellings: another spelling of a documented value, to the one it stands for (both lower case).
        column: whether Glance keeps it as a column of its own; all others are free properties there.
        picks: whether a filter understands Glance's ``eq:`` and ``in:`` prefixes.
        nullable: whether it is shown as ``null`` when it has no value; others are then absent.
        is_read_only: whether clients are told that they cannot set it.
        by_service: whether the service alone sets it, though clients are not told so (assumed).
        in_cloudimages: whether the newer listing ``/v2/cloudimages`` shows it as well.
        is_distinct: whether most images that have it have a text of their own there, so that it is not kept twice.
        share: which part of the generated images that may carry it do (0 to 1); ``None``: follows from the rest.
    """

    name: str
    kind: Kind
    about: str
    present: str = "always"
    values: tuple[str, ...] = ()
    evidence: tuple[str, ...] = (DOC, SEEN)
    filters: str | None = GLANCE
    sorts: str | None = None
    seen_values: tuple[str, ...] = ()
    spellings: tuple[tuple[str, str], ...] = ()
    column: bool = False
    picks: bool = False
    nullable: bool = False
    is_read_only: bool = False
    by_service: bool = False
    in_cloudimages: bool = True
    is_distinct: bool = False
    share: float | None = None

    def fold(self, value: str) -> str:
        """Reduce a value to what equality compares when case and old spellings do not count."""
        folded = value.lower()
        return dict(self.spellings).get(folded, folded) if self.spellings else folded


_TRUE = ("true",)
_EITHER = ("true", "false")

FIELDS: Final = (
    # --- what every image has: Glance's own attributes
    Field("id", TEXT, "UUID of the image.", filters=DOC, sorts=DOC, column=True, picks=True),
    Field("name", TEXT, "Name, 1 to 128 characters.", filters=DOC, sorts=DOC, column=True, picks=True, is_distinct=True),
    Field("status", TEXT, "Where the image is in its life.", filters=DOC, sorts=DOC, column=True, picks=True, values=("queued", "saving", "deleted", "killed", "active"), is_read_only=True),
    Field("visibility", TEXT, "Who may see the image.", filters=DOC, column=True, values=("public", "private", "shared")),
    Field("protected", BOOLEAN, "Whether deleting is refused; true for gold and market images.", filters=DOC, column=True),
    Field("owner", TEXT, "Id of the project that owns the image.", filters=DOC, column=True),
    Field("min_disk", INTEGER, "Smallest system disk in GB, 40 to 1024 in the document.", filters=DOC, column=True),
    Field("min_ram", INTEGER, "Smallest memory in MB, usually 0.", filters=DOC, column=True),
    Field("size", INTEGER, "Bytes of the stored stub, not of the image.", "once data exists", sorts=DOC, column=True, is_read_only=True),
    Field("virtual_size", INTEGER, "Unused; `null` in the document's sample.", evidence=(DOC,), column=True, nullable=True, is_read_only=True),
    Field("checksum", TEXT, "MD5 of the stored stub.", "once data exists", column=True, is_read_only=True, is_distinct=True),
    Field("container_format", TEXT, "Container around the disk.", filters=DOC, sorts=DOC, column=True, picks=True, values=("bare",)),
    Field("disk_format", TEXT, "Format of the disk.", filters=DOC, sorts=DOC, column=True, picks=True, values=("zvhd2", "vhd", "zvhd", "raw", "qcow2", "iso")),
    Field("created_at", TIME, "When the image was registered, UTC.", filters=DOC, sorts=DOC, column=True, is_read_only=True),
    Field("updated_at", TIME, "When the image last changed, UTC.", filters=DOC, sorts=GLANCE, column=True, is_read_only=True, is_distinct=True),
    Field("tags", TAGS, "Tags, `key=value` or `key`; `[]` when there are none.", filters=DOC, column=True),
    Field("self", LINK, "Path of the image, from its id.", filters=None, is_read_only=True),
    Field("file", LINK, "Path of its data, from its id.", filters=None, is_read_only=True),
    Field("schema", LINK, "Path of the schema of an image.", filters=None, is_read_only=True),
    # --- what the service adds to every image
    Field("__isregistered", TEXT, "Whether the image may be used.", values=_EITHER, filters=DOC, by_service=True),
    Field("__imagetype", TEXT, "Public, private, shared or marketplace image.", filters=DOC, values=("gold", "private", "shared", "market"), by_service=True),
    Field("__image_source_type", TEXT, "Storage behind the image.", values=("uds",)),
    Field("__image_size", TEXT, "Bytes of the image file as text; `0` while queued.", by_service=True, is_distinct=True),
    Field("virtual_env_type", TEXT, "Server, bare metal, data disk or ISO image.", values=("FusionCompute", "Ironic", "DataImage", "IsoImage")),
    Field("__os_type", TEXT, "Family of the operating system.", values=("Linux", "Windows", "Other"), filters=DOC),
    Field("__os_bit", TEXT, "Word size of the operating system.", values=("32", "64"), filters=DOC),
    Field(
        "__platform",
        TEXT,
        "Distribution of the operating system.",
        "nearly always",
        filters=DOC,
        values=("Windows", "Ubuntu", "Red Hat", "SUSE", "CentOS", "Debian", "OpenSUSE", "Oracle Linux", "Fedora", "Other", "CoreOS", "EulerOS"),
        seen_values=("openEuler", "RedHat", "OracleLinux"),
        spellings=(("redhat", "red hat"), ("oraclelinux", "oracle linux")),
    ),
    Field("__os_version", TEXT, "Version as people read it, `CentOS 7.3 64bit`.", "nearly always"),
    # --- what the image runs on
    Field("__support_kvm", TEXT, "Runs on KVM.", "only when true, never on ARM", values=_TRUE, filters=DOC),
    Field("__support_xen", TEXT, "Runs on Xen.", "only when true", values=_TRUE, filters=DOC, evidence=(DOC,), share=0.25),
    Field(
        "__support_kvm_gpu_type",
        TEXT,
        "GPU under KVM; excludes `__support_kvm` and `__support_xen`.",
        "GPU images",
        values=("P4", "M60", "V100_vGPU", "P2V_V100", "P100", "V100"),
        filters=DOC,
        evidence=(DOC,),
    ),
    Field("__support_xen_gpu_type", TEXT, "GPU under Xen; excludes `__support_kvm` and `__support_xen`.", "GPU images", values=("M60_vGPU",), filters=DOC, evidence=(DOC,)),
    Field("__support_xen_hana", TEXT, "HANA under Xen; excludes `__support_kvm` and `__support_xen`.", "only when true", values=_TRUE, filters=DOC, evidence=(DOC,)),
    Field("__support_kvm_infiniband", TEXT, "InfiniBand under KVM; excludes `__support_xen`.", "only when true", values=_TRUE, filters=DOC, evidence=(DOC,), share=0.02),
    Field("__support_largememory", TEXT, "Runs on servers with very large memory.", "only when true", values=_TRUE, filters=DOC, evidence=(DOC,), share=0.1),
    Field("__support_diskintensive", TEXT, "Runs on disk-intensive servers.", "only when true", values=_TRUE, filters=DOC, evidence=(DOC,), share=0.1),
    Field("__support_highperformance", TEXT, "Runs on high-performance servers.", "only when true", values=_TRUE, filters=DOC, evidence=(DOC,), share=0.1),
    Field("__support_arm", TEXT, "Built for ARM.", "`true` on ARM images, else usually absent", values=_EITHER),
    Field("__support_amd", TEXT, "Built for AMD.", "optional", values=_EITHER, evidence=(DOC,), share=0.02),
    Field("hw_firmware_type", TEXT, "Firmware to boot with.", "optional; absent means bios, ARM is uefi", values=("bios", "uefi"), share=0.1),
    Field("hw_vif_multiqueue_enabled", TEXT, "Whether network cards use several queues.", "usually", values=_EITHER, share=0.8),
    Field("max_ram", TEXT, "Largest memory in MB as text, `0` for no bound.", "usually", share=0.7),
    # --- where the image comes from, and what else is known of it
    Field("__description", TEXT, "Description, at most 1024 characters.", "when set", share=0.3, is_distinct=True),
    Field("__data_origin", TEXT, "How the image came to be: `instance,<server>` or `image,<region>,<image>`.", "private and market images", share=0.6, is_distinct=True),
    Field("__originalimagename", TEXT, "Id of the image this one was made from.", "private and market images", share=0.5, is_distinct=True),
    Field("__backup_id", TEXT, "Id of the backup the image was made from.", "images from a backup", evidence=(DOC,), share=0.03, is_distinct=True),
    Field("__root_origin", TEXT, "`file` when the image was imported.", "imported images", evidence=(DOC,), share=0.15),
    Field("__sequence_num", TEXT, "Slot of the system disk, `0`.", "optional", evidence=(DOC,), share=0.1),
    Field("__image_location", TEXT, "Where the file is stored.", "optional", evidence=(DOC,), in_cloudimages=False, share=0.1, is_distinct=True),
    Field("__is_config_init", TEXT, "Whether the first configuration is done.", "optional", values=_EITHER, evidence=(DOC,), in_cloudimages=False, share=0.3),
    Field("__lazyloading", TEXT, "Whether data is fetched on demand.", "usually", values=("true", "false", "True", "False"), share=0.9),
    Field("__os_feature_list", TEXT, "JSON text of advanced features.", "usually", share=0.8),
    Field("__support_agent_list", TEXT, "Agents the image supports, `hss,ces`.", "optional", share=0.4),
    Field("__support_fc_inject", TEXT, "`true` when cloud-init can not set password or key.", "optional", values=_EITHER, evidence=(DOC,), share=0.05),
    Field("__system__cmkid", TEXT, "Key that encrypts the image.", "encrypted images", evidence=(DOC,), share=0.04, is_distinct=True),
    Field("__productcode", TEXT, "Product in the marketplace, 32 hex digits.", "market images", is_distinct=True),
    Field("__is_offshelved", TEXT, "Whether the marketplace withdrew it.", "market images", values=_EITHER),
    Field("__account_code", TEXT, "Mark of a charged image; may be empty.", "charged images", is_distinct=True),
    Field("enterprise_project_id", TEXT, "Enterprise project, `0` or absent for the default.", "optional", evidence=(DOC,), share=0.2),
    Field("_sys_enterprise_project_id", TEXT, "The same as `enterprise_project_id`.", "optional", evidence=(DOC,), in_cloudimages=False),
    Field("active_at", TIME, "When the image became active, UTC.", "active images", by_service=True, is_distinct=True),
)
"""All 61 attributes the document names."""

BY_NAME: Final = {field.name: field for field in FIELDS}

_NAME: Final = re.compile(r"[\w\-. ]*")
_NO_DESCRIPTION: Final = re.compile(r"[<>\r]")
_NO_LETTERS: Final = r"\x00-\x1f!-,/:-@\[-^`{-\x7f"
_LETTER: Final = rf"[^ {_NO_LETTERS}]"
NAME_PATTERN: Final = rf"^(?:{_LETTER}(?:[^{_NO_LETTERS}]*{_LETTER})?)?$"
"""What :func:`is_name` wants as far as every dialect of regular expressions can say it: of ASCII."""

DESCRIPTION_PATTERN: Final = r"^[^<>\r]*$"
"""How :func:`is_description` looks there."""


class Parameter(NamedTuple):
    """One of the query parameters that the document names.

    Attributes:
        name: its name in the query string.
        json_type: the type the document gives.
        about: one sentence for people.
        values: the documented values.
        default: what counts when it is not sent.
        evidence: where its rule is known from.
        field: the attribute it filters by, ``None`` for paging, order and membership.
        besides: the legal values that the document does not name.
        is_checked: whether a value that is not legal is refused; others match nothing then.
        pattern: what a value that is checked must look like, a regular expression of JavaScript's as well.
        repeats: whether it may be given several times.
    """

    name: str
    json_type: str
    about: str
    values: tuple[str, ...] = ()
    default: str = ""
    evidence: tuple[str, ...] = (DOC,)
    field: Field | None = None
    besides: tuple[str, ...] = ()
    is_checked: bool = False
    pattern: str = ""
    repeats: bool = False


SORT_KEYS: Final = ("name", "status", "container_format", "disk_format", "size", "id", "created_at", "updated_at")
"""The legal sort keys, in the order in which Glance names them."""

NAME_LENGTH: Final = 128
DESCRIPTION_LENGTH: Final = 1024
TAG_LENGTH: Final = 255

SORT_DIRECTIONS: Final = ("asc", "desc")
MEMBER_STATUSES: Final = ("accepted", "rejected", "pending")
VISIBILITIES: Final = BY_NAME["visibility"].values
DEAD_STATUSES: Final = frozenset({"deleted", "killed"})
DEFAULT_LIMIT: Final = 25
LIMIT_CAP: Final = 1000

_RULES = {
    "__isregistered": "Ordinary callers see registered images only; `false` gives them an empty list (assumed).",
    "visibility": "Queens knows `community` as well (glance). Any other value is a 400.",
    "protected": "Any case; anything else is a 400.",
    "min_disk": "Equality; an optional sign and digits, anything else is a 400.",
    "min_ram": "Equality; an optional sign and digits, anything else is a 400.",
    "created_at": "`op:time`; a time without operator means `eq`. Anything else is a 400.",
    "updated_at": "`op:time`; a time without operator means `eq`. Anything else is a 400.",
}


def _filter_rule(field: Field) -> str:
    if field.name in _RULES:
        return _RULES[field.name]
    rule = "Equality in any case." if field.values else "Exact."
    if field.spellings:
        written = {value.lower(): value for value in (*field.values, *field.seen_values)}
        alike = ", ".join(f"`{written[new]}` and `{written[old]}` are one" for old, new in field.spellings)
        rule = f"Equality in any case; {alike}."
    return rule + (" Also `eq:` and `in:a,b` (glance)." if field.picks else "")


_PICK = r'(?:"[^"\\]*"|[^",]*)'
_PICKS = rf"^(?:[^:]*|eq:[\s\S]*|in:{_PICK}(?:,{_PICK})*)$"


def _parameters() -> tuple[Parameter, ...]:
    filters = [
        Parameter(
            field.name,
            field.kind.json_type,
            _filter_rule(field),
            values=tuple(f"{operator}:" for operator in TIME_OPERATORS) if field.kind is TIME else ("true", "false") if field.kind is BOOLEAN else _TRUE if field.name == "__isregistered" else field.values,
            evidence=tuple(dict.fromkeys((DOC, *((SEEN,) if field.name == "__isregistered" else ()), *((GLANCE,) if field.picks else ())))),
            field=field,
            is_checked=field.picks or field.name == "visibility" or field.kind in (INTEGER, BOOLEAN, TIME),
            pattern=_PICKS if field.picks else "",
        )
        for field in FIELDS
        if field.filters == DOC and field.kind is not TAGS
    ]
    return (
        *filters,
        Parameter("tag", "string", "One tag, `key=value` or `key`; repeated, all must be present (glance).", evidence=(DOC, GLANCE), field=BY_NAME["tags"], repeats=True),
        Parameter("member_status", "string", "Which shared images are listed; `all` for any (glance). Any other value is a 400.", MEMBER_STATUSES, "accepted", (DOC, GLANCE), besides=("all",), is_checked=True),
        Parameter("limit", "integer", f"Images on a page, 0 to {LIMIT_CAP}; more counts as {LIMIT_CAP} (glance).", (), str(DEFAULT_LIMIT), (DOC, GLANCE), is_checked=True),
        Parameter("marker", "string", "Id of the last image of the page before.", evidence=(DOC, GLANCE), is_checked=True),
        Parameter("sort_key", "string", "What to sort by, repeatable; `updated_at` too (glance).", tuple(key for key in SORT_KEYS if BY_NAME[key].sorts == DOC), "created_at", (DOC, GLANCE), besides=tuple(key for key in SORT_KEYS if BY_NAME[key].sorts != DOC), is_checked=True, repeats=True),
        Parameter("sort_dir", "string", "In which direction; one for all keys, or one a key (glance).", SORT_DIRECTIONS, "desc", (DOC, GLANCE), is_checked=True),
    )


PARAMETERS: Final = _parameters()
"""All 32 query parameters the document names."""


def is_name(text: str) -> bool:
    """Whether a text is made as the names of images are: letters of any script, digits, ``-._`` and inner spaces."""
    return bool(_NAME.fullmatch(text)) and text == text.strip()


def is_description(text: str) -> bool:
    """Whether a text is made as descriptions are: without ``<``, ``>`` and carriage returns."""
    return not _NO_DESCRIPTION.search(text)


def nearest(name: str, among: Iterable[str] = BY_NAME) -> str | None:
    """Name the field, or whatever else, that a misspelt key most likely stands for; ``None`` when nothing is near."""
    near = difflib.get_close_matches(name, tuple(among), 1, cutoff=0.8)
    return near[0] if near else None
