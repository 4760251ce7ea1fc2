"""Everything alive in one object, its state above all, with ``reset()``; it holds, it does not compute."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ims_mock.auth.authentication import Verdict
from ims_mock.auth.credentials import Credentials, Pass
from ims_mock.catalog.visibility import Caller, View, is_queens
from ims_mock.contract.profiles import DOCUMENTED, Profile
from ims_mock.journal.gathering import Exercised
from ims_mock.journal.journal import Journal
from ims_mock.journal.treatment import LENIENTLY, Treatment
from ims_mock.loading.loader import Loaded
from ims_mock.options import JOURNAL_ENTRIES, KEPT_BYTES
from ims_mock.state import State

if TYPE_CHECKING:
    from ims_mock.auth.rate_limit import Throttle
    from ims_mock.faults.rules import FaultRules


def throttle_of(policy: str) -> Throttle | None:
    """Make the throttle of an emulator.

    Args:
        policy: requests and seconds that one address may send, ``5/10``; empty for none.

    Raises:
        ValueError: it is written otherwise; the message says what is legal.
    """
    if not policy:
        return None
    from ims_mock.auth.rate_limit import Throttle  # most emulators do without

    return Throttle(policy)


class Emulator(State):
    """One emulated service.

    Args:
        loaded: the catalogs it begins with.
        profile: how it answers.
        needs_credentials: whether requests without usable credentials are refused.
        throttle: counts the requests of each address, where they are limited.
        kept_bytes: how many bytes of the data of one image are kept.
        kept_requests: how many requests the journal keeps.
        treatment: what becomes of findings.
        own: what opens it besides, whatever catalog it has.
        exercised: knows what was exercised of the contract; a reset forgets nothing of that.

    Attributes:
        journal: the latest requests.
    """

    def __init__(
        self,
        loaded: Loaded,
        profile: Profile = DOCUMENTED,
        *,
        needs_credentials: bool = False,
        throttle: Throttle | None = None,
        kept_bytes: int = KEPT_BYTES,
        kept_requests: int = JOURNAL_ENTRIES,
        treatment: Treatment = LENIENTLY,
        own: Pass | None = None,
        exercised: Exercised | None = None,
    ) -> None:
        super().__init__(loaded, own)
        self.exercised = exercised or Exercised()
        self.journal = Journal(kept_requests, treatment.ignored, self.exercised.note)
        self.treatment = treatment
        self._faults: FaultRules | None = None
        self.kept_requests = kept_requests
        self.kept_bytes = kept_bytes
        self.throttle = throttle
        self.profile = profile
        self.needs_credentials = needs_credentials

    def begin(
        self, loaded: Loaded, profile: Profile, *, needs_credentials: bool, treatment: Treatment = LENIENTLY
    ) -> None:
        """Begin anew, without snapshots; a reset leads back to here.

        Args:
            loaded: the catalogs.
            profile: how it answers from now on.
            needs_credentials: whether requests without usable credentials are refused from now on.
            treatment: what becomes of findings from now on.
        """
        for name in self.snapshots:
            self.forget(name)
        self.loaded = self._opened(loaded)
        self.profile, self.needs_credentials = profile, needs_credentials
        self.treatment, self.journal.ignored = treatment, treatment.ignored
        self._faults = None  # their chances come from another seed
        self.reset()

    def sandbox(
        self,
        own: Pass,
        loaded: Loaded | None = None,
        profile: Profile | None = None,
        *,
        needs_credentials: bool | None = None,
        treatment: Treatment | None = None,
        exercised: Exercised | None = None,
    ) -> Emulator:
        """Make another emulator with the same settings, except for those that are given.

        Args:
            own: what opens it.
            loaded: what it begins with; the same as this one when absent, without being copied.
            profile: how it answers.
            needs_credentials: whether requests without usable credentials are refused.
            treatment: what becomes of findings.
            exercised: knows what was exercised of the contract there before.
        """
        return Emulator(
            loaded or self.loaded,
            profile or self.profile,
            needs_credentials=self.needs_credentials if needs_credentials is None else needs_credentials,
            throttle=throttle_of(self.throttle.policy) if self.throttle else None,
            kept_bytes=self.kept_bytes,
            kept_requests=self.kept_requests,
            treatment=treatment or self.treatment,
            own=own,
            exercised=exercised or Exercised(self.exercised),
        )

    def reset(self) -> None:
        """Go back to the loaded catalog, with an empty journal and no faults."""
        self.go_back(self.loaded)
        self.journal.clear()
        if self._faults:
            self._faults.clear()
        if self.throttle:
            self.throttle.forget()

    @property
    def faults(self) -> FaultRules:
        """What goes wrong on purpose."""
        with self._lock:
            if self._faults is None:
                from ims_mock.faults.rules import FaultRules  # most emulators do without

                self._faults = FaultRules(self.seed)
            return self._faults

    @property
    def has_faults(self) -> bool:
        """Whether anything may go wrong on purpose."""
        return self._faults is not None and bool(self._faults.all())

    def verdict(self, sent: Credentials) -> Verdict:
        """Tell what the credentials of a request are worth, without refusing anything."""
        return self.identity.judged(sent, self.clock.now(), is_explained=self.needs_credentials)

    def admitted(self, verdict: Verdict, *, needs_project: bool = True, writes: bool = False) -> Caller:
        """Let a request in.

        Args:
            verdict: what its credentials are worth.
            needs_project: whether it is about the images of a project.
            writes: whether it changes something.

        Raises:
            RequestError: credentials are needed, and these are no use for this.
        """
        if self.needs_credentials:
            refusal = verdict.refused(needs_project=needs_project, writes=writes)
            if refusal:
                raise refusal
        return verdict.caller

    def view(self, caller: Caller, api_version: str) -> View:
        """Tell how the catalog looks to a caller.

        Args:
            caller: who is asking.
            api_version: the header ``X-Api-Version``.
        """
        return View(caller, self.profile, is_queens(api_version))
