"""The table of attributes: everything known about each attribute of an image, one row per attribute.

The schema of catalog files, filters, sort keys, generated values, JSON Schemas, the reference and many tests derive
from these rows. A new attribute is one row here and nothing elsewhere.

Each fact has its evidence. ``doc``: stated by the document. ``seen``: seen in a published real response. ``glance``:
recorded from real Glance. ``assumed``: our choice, because no source says anything.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from ims_mock.contract.values import BOOLEAN, HEADER, INTEGER, LINK, LIST, TEXT, TIME, ValueType

DOC, SEEN, GLANCE, ASSUMED = EVIDENCE = ("doc", "seen", "glance", "assumed")


@dataclass(frozen=True)
class Field:
    """One attribute of an image."""

    name: str
    type: ValueType
    description: str
    present: str = "always"  # which images have it
    values: tuple[str, ...] = ()  # the documented values as the document spells them; empty if any value is legal
    evidence: tuple[str, ...] = (DOC, SEEN)  # for the attribute itself
    filterable: str | None = GLANCE  # the evidence that the list filters by it; None if it does not
    sortable: str | None = None  # the evidence that the list sorts by it; None if it does not
    seen_values: tuple[str, ...] = ()  # values of published real responses that are not documented
    spellings: tuple[tuple[str, str], ...] = ()  # others of documented values, each with what it stands for; lower case
    is_column: bool = False  # whether Glance stores it in a column; all others are free properties there
    has_in_operator: bool = False  # whether its filter accepts the operators "eq:" and "in:" of Glance
    is_nullable: bool = False  # whether it is null if it has no value; others are then absent, lists are empty
    is_null_in_glance: bool = False  # whether it is null if it has no value, but in Glance only
    is_read_only: bool = False  # whether the published schema says that clients cannot set it
    is_set_by_service: bool = False  # whether only the service sets it, though no schema says so (assumed)
    in_images: bool = True  # whether /v2/images and its schema show it
    in_cloudimages: bool = True  # whether the newer list, /v2/cloudimages, shows it
    share: float | None = None
    """The share of the generated images that have it, 0 to 1, among those that can have it. ``None`` means one half,
    unless the generator has rules for it, and 0 that no image of the service has it."""

    @property
    def known_values(self) -> tuple[str, ...]:
        """All values that a document or a published response of the service has; empty if any value is legal."""
        published = PUBLISHED_CONSTRAINTS.get(self.name, {}).get("enum", ())
        return tuple(dict.fromkeys((*self.values, *self.seen_values, *published)))

    @property
    def max_length(self) -> int | None:
        """The length of its longest value in a catalog, if downloads have it as a header."""
        return PUBLISHED_CONSTRAINTS[self.name]["maxLength"] if self.type is HEADER else None

    @property
    def has_typed_filter(self) -> bool:
        """Whether its filter parses values. Free properties of Glance compare as text, unless the document says more."""
        return self.is_column or self.filterable == DOC

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators of its filter."""
        return self.type.operators if self.has_typed_filter else ()

    def fold(self, value: str) -> str:
        """Return what is compared if case and old spellings do not count."""
        folded = value.lower()
        return dict(self.spellings).get(folded, folded) if self.spellings else folded


_TRUE = ("true",)
_TRUE_OR_FALSE = ("true", "false")

FIELDS: Final = (
    # --- what every image has: Glance's own attributes
    Field("id", TEXT, "UUID of the image.", filterable=DOC, sortable=DOC, is_column=True, has_in_operator=True),
    Field("name", TEXT, "Name, 1 to 128 characters.", filterable=DOC, sortable=DOC, is_column=True, is_null_in_glance=True, has_in_operator=True),
    Field("status", TEXT, "Where the image is in its life.", filterable=DOC, sortable=DOC, is_column=True, has_in_operator=True, values=("queued", "saving", "deleted", "killed", "active"), is_read_only=True),
    Field("visibility", TEXT, "Who may see the image.", filterable=DOC, is_column=True, values=("public", "private", "shared")),
    Field("protected", BOOLEAN, "Whether deleting is refused; true for gold and market images.", filterable=DOC, is_column=True),
    Field("owner", TEXT, "Id of the project that owns the image.", filterable=DOC, is_column=True),
    Field("min_disk", INTEGER, "Smallest system disk in GB, 40 to 1024 in the document.", filterable=DOC, is_column=True),
    Field("min_ram", INTEGER, "Smallest memory in MB, usually 0.", filterable=DOC, is_column=True),
    Field("size", INTEGER, "Bytes of the stored stub, not of the image.", "once data exists", sortable=DOC, is_column=True, is_null_in_glance=True, is_read_only=True),
    Field("virtual_size", INTEGER, "Unused; `null` in the document's sample.", evidence=(DOC,), is_column=True, is_nullable=True, is_read_only=True),
    Field("checksum", HEADER, "MD5 of the stored stub.", "once data exists", is_column=True, is_null_in_glance=True, is_read_only=True),
    Field("container_format", TEXT, "Container around the disk.", filterable=DOC, sortable=DOC, is_column=True, is_null_in_glance=True, has_in_operator=True, values=("bare",)),
    Field("disk_format", TEXT, "Format of the disk.", filterable=DOC, sortable=DOC, is_column=True, is_null_in_glance=True, has_in_operator=True, values=("zvhd2", "vhd", "zvhd", "raw", "qcow2", "iso")),
    Field("created_at", TIME, "When the image was registered, UTC.", filterable=DOC, sortable=DOC, is_column=True, is_read_only=True),
    Field("updated_at", TIME, "When the image last changed, UTC.", filterable=DOC, sortable=GLANCE, is_column=True, is_read_only=True),
    Field("tags", LIST, "Tags, `key=value` or `key`; `[]` when there are none.", filterable=DOC, is_column=True),
    Field("self", LINK, "Path of the image, from its id.", filterable=None, is_read_only=True),
    Field("file", LINK, "Path of its data, from its id.", filterable=None, is_read_only=True),
    Field("schema", LINK, "Path of the schema of an image.", filterable=None, is_read_only=True),
    # --- what the service adds to every image
    Field("__isregistered", TEXT, "Whether the image may be used.", values=_TRUE_OR_FALSE, filterable=DOC, is_set_by_service=True),
    Field("__imagetype", TEXT, "Public, private, shared or marketplace image.", filterable=DOC, values=("gold", "private", "shared", "market"), is_set_by_service=True),
    Field("__image_source_type", TEXT, "Storage behind the image.", values=("uds",)),
    Field("__image_size", TEXT, "Bytes of the image file as text; `0` while queued.", is_set_by_service=True),
    Field("virtual_env_type", TEXT, "Server, bare metal, data disk or ISO image.", values=("FusionCompute", "Ironic", "DataImage", "IsoImage")),
    Field("__os_type", TEXT, "Family of the operating system.", values=("Linux", "Windows", "Other"), filterable=DOC),
    Field("__os_bit", TEXT, "Word size of the operating system.", values=("32", "64"), filterable=DOC),
    Field("__platform", TEXT, "Distribution of the operating system.", "nearly always", filterable=DOC, values=("Windows", "Ubuntu", "Red Hat", "SUSE", "CentOS", "Debian", "OpenSUSE", "Oracle Linux", "Fedora", "Other", "CoreOS", "EulerOS"), seen_values=("openEuler", "RedHat", "OracleLinux"), spellings=(("redhat", "red hat"), ("oraclelinux", "oracle linux"))),
    Field("__os_version", TEXT, "Version as people read it, `CentOS 7.3 64bit`.", "nearly always"),
    # --- what the image runs on
    Field("__support_kvm", TEXT, "Runs on KVM.", "only when true, never on ARM", values=_TRUE, filterable=DOC),
    Field("__support_xen", TEXT, "Runs on Xen.", "only when true", values=_TRUE, filterable=DOC, evidence=(DOC,), share=0.25),
    Field("__support_kvm_gpu_type", TEXT, "GPU under KVM; excludes `__support_kvm` and `__support_xen`.", "GPU images", values=("P4", "M60", "V100_vGPU", "P2V_V100", "P100", "V100"), filterable=DOC, evidence=(DOC,)),
    Field("__support_xen_gpu_type", TEXT, "GPU under Xen; excludes `__support_kvm` and `__support_xen`.", "GPU images", values=("M60_vGPU",), filterable=DOC, evidence=(DOC,)),
    Field("__support_xen_hana", TEXT, "HANA under Xen; excludes `__support_kvm` and `__support_xen`.", "only when true", values=_TRUE, filterable=DOC, evidence=(DOC,)),
    Field("__support_kvm_infiniband", TEXT, "InfiniBand under KVM; excludes `__support_xen`.", "only when true", values=_TRUE, filterable=DOC, evidence=(DOC,), share=0.02),
    Field("__support_largememory", TEXT, "Runs on servers with very large memory.", "only when true", values=_TRUE, filterable=DOC, evidence=(DOC,), share=0.1),
    Field("__support_diskintensive", TEXT, "Runs on disk-intensive servers.", "only when true", values=_TRUE, filterable=DOC, evidence=(DOC,), share=0.1),
    Field("__support_highperformance", TEXT, "Runs on high-performance servers.", "only when true", values=_TRUE, filterable=DOC, evidence=(DOC,), share=0.1),
    Field("__support_arm", TEXT, "Built for ARM.", "`true` on ARM images, else usually absent", values=_TRUE_OR_FALSE),
    Field("__support_amd", TEXT, "Built for AMD.", "optional", values=_TRUE_OR_FALSE, evidence=(DOC,), share=0.02),
    Field("hw_firmware_type", TEXT, "Firmware to boot with.", "optional; absent means bios, ARM is uefi", values=("bios", "uefi"), share=0.1),
    Field("hw_vif_multiqueue_enabled", TEXT, "Whether network cards use several queues.", "usually", values=_TRUE_OR_FALSE, share=0.8),
    Field("max_ram", TEXT, "Largest memory in MB as text, `0` for no bound.", "usually", share=0.7),
    # --- where the image comes from, and what else is known of it
    Field("__description", TEXT, "Description, at most 1024 characters.", "when set", share=0.3),
    Field("__data_origin", TEXT, "How the image came to be: `instance,<server>` or `image,<region>,<image>`.", "private and market images", share=0.6),
    Field("__originalimagename", TEXT, "Id of the image this one was made from.", "private and market images", share=0.5),
    Field("__backup_id", TEXT, "Id of the backup the image was made from.", "images from a backup", evidence=(DOC,), share=0.03),
    Field("__root_origin", TEXT, "`file` when the image was imported.", "imported images", evidence=(DOC,), share=0.15),
    Field("__sequence_num", TEXT, "Slot of the system disk, `0`.", "optional", evidence=(DOC,), share=0.1),
    Field("__image_location", TEXT, "Where the file is stored.", "optional", evidence=(DOC,), in_cloudimages=False, share=0.1),
    Field("__is_config_init", TEXT, "Whether the first configuration is done.", "optional", values=_TRUE_OR_FALSE, evidence=(DOC,), in_cloudimages=False, share=0.3),
    Field("__lazyloading", TEXT, "Whether data is fetched on demand.", "usually", values=("true", "false", "True", "False"), share=0.9),
    Field("__os_feature_list", TEXT, "JSON text of advanced features.", "usually", share=0.8),
    Field("__support_agent_list", TEXT, "Agents the image supports, `hss,ces`.", "optional", share=0.4),
    Field("__support_fc_inject", TEXT, "`true` when cloud-init can not set password or key.", "optional", values=_TRUE_OR_FALSE, evidence=(DOC,), share=0.05),
    Field("__system__cmkid", TEXT, "Key that encrypts the image.", "encrypted images", evidence=(DOC,), share=0.04),
    Field("__productcode", TEXT, "Product in the marketplace, 32 hex digits.", "market images"),
    Field("__is_offshelved", TEXT, "Whether the marketplace withdrew it.", "market images", values=_TRUE_OR_FALSE),
    Field("__account_code", TEXT, "Mark of a charged image; may be empty.", "charged images"),
    Field("enterprise_project_id", TEXT, "Enterprise project, `0` or absent for the default.", "optional", evidence=(DOC,), share=0.2),
    Field("_sys_enterprise_project_id", TEXT, "The same as `enterprise_project_id`.", "optional", evidence=(DOC,), in_cloudimages=False),
    Field("active_at", TIME, "When the image became active, UTC.", "active images", is_set_by_service=True),
    # --- what only one of the lists or another service shows
    Field("__system_support_market", BOOLEAN, "Whether the image can be published in the marketplace.", "optional", in_images=False, is_set_by_service=True, share=0.3),
    Field("os_hidden", BOOLEAN, "Whether lists of Glance, from Rocky on, leave the image out. The emulator lists it.", "images of Glance", evidence=(SEEN,), in_cloudimages=False, share=0),
)
"""The attributes, in the order in which responses show them."""

BY_NAME: Final = {field.name: field for field in FIELDS}

OTHER_PROPERTIES: Final = {
    **dict.fromkeys(("__whole_image", "__image_displayname", "__support_kvm_hi1822_hisriov", "__support_kvm_hi1822_hivirtionet", "os_shutdown_timeout"), DOC),
    **dict.fromkeys(("__support_kvm_fpga_type", "__support_kvm_hi1822_hiovs", "__support_kvm_nvme_spdk", "__support_kvm_ascend_310", "__support_nvme_highio", "__support_live_resize", "__system_support_export", "__source_owner", "__source_image_id", "__is_support_kvm", "__quick_start"), SEEN),
}  # fmt: skip
"""The names of further properties of real images, each with its evidence: the document of the newer list, or responses.

For the emulator they are properties like any other, but catalogs may have them without a warning.
"""

KNOWN_NAMES: Final = frozenset({*BY_NAME, *OTHER_PROPERTIES})

VISIBILITIES: Final = BY_NAME["visibility"].values
QUEENS_VISIBILITIES: Final = frozenset({"shared", "community"})  # that an image cannot have in Mitaka
DEAD_STATUSES: Final = frozenset({"deleted", "killed"})
MEMBER_STATUSES: Final = ("accepted", "rejected", "pending")

NAME_LENGTH: Final = 128
DESCRIPTION_LENGTH: Final = 1024
TAG_LENGTH: Final = 255

UUID_PATTERN: Final = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"

PUBLISHED_CONSTRAINTS: Final[dict[str, dict[str, Any]]] = {
    "id": {"pattern": UUID_PATTERN},
    "name": {"maxLength": 255},
    "status": {"enum": ["queued", "saving", "active", "killed", "deleted", "pending_delete"]},
    "visibility": {"enum": ["public", "private"]},
    "owner": {"maxLength": 255},
    "checksum": {"maxLength": 32},
    "container_format": {"enum": ["ami", "ari", "aki", "bare", "ovf", "ova"]},
    "disk_format": {"enum": ["ami", "ari", "aki", "vhd", "vmdk", "raw", "qcow2", "vdi", "iso"]},
}
"""JSON Schema keywords of attributes in the schema that the service publishes for images, in addition to the type.

They are copied from the document, although some are narrower than the service itself (``disk_format`` has no
``zvhd2``): clients get the same schema from the real service. Every value in them is legal (``Field.known_values``).
"""

_NAME: Final = re.compile(r"[\w\-. ]*")
_NO_LETTERS: Final = r"\x00-\x1f!-,/:-@\[-^`{-\x7f"
_LETTER: Final = rf"[^ {_NO_LETTERS}]"
NAME_PATTERN: Final = rf"^(?:{_LETTER}(?:[^{_NO_LETTERS}]*{_LETTER})?)?$"
"""What :func:`is_name` accepts, as far as a portable regular expression can say it: exact for ASCII only."""

DESCRIPTION_PATTERN: Final = r"^[^<>\r]*$"  # text that is legal in a description


def is_name(text: str) -> bool:
    """Return whether text is legal in a name: letters of any script, digits, ``-``, ``.``, ``_`` and inner spaces."""
    return bool(_NAME.fullmatch(text)) and text == text.strip()


def nearest(name: str, among: Iterable[str] = KNOWN_NAMES, *, cutoff: float = 0.8) -> str | None:
    """Return the known property, or the other given name, that a misspelled name most likely means.

    Names that differ only in case or underscores are the same; ``cutoff`` is how similar others must be, 0 to 1.
    """
    same = {known.replace("_", ""): known for known in sorted(among)}
    near = difflib.get_close_matches(name.lower(), tuple(same.values()), 1, cutoff=cutoff)
    return same.get(name.replace("_", "").lower()) or (near[0] if near else None)
