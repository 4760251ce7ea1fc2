"""Everything alive in one object, its state above all, with ``reset()``; it holds, it does not compute."""

from __future__ import annotations

from ims_mock.auth.authentication import Authentication, RequestCredentials, authenticate
from ims_mock.auth.credentials import SandboxCredentials
from ims_mock.auth.rate_limit import RateLimit
from ims_mock.catalog.visibility import Caller, View, is_queens
from ims_mock.contract.profiles import Profile
from ims_mock.faults.rules import FaultRules
from ims_mock.journal.findings import parse_ignored
from ims_mock.journal.gathering import Exercised
from ims_mock.journal.journal import Journal
from ims_mock.loading.dump import Masks
from ims_mock.loading.loader import LoadedCatalog, Progress, load
from ims_mock.options import AppOptions, EmulatorOptions
from ims_mock.state import State


def check_options(options: AppOptions) -> None:
    """Check the options whose legal values other packages define.

    Raises:
        ValueError: If a value is invalid.
    """
    Profile.parse(options.profile)
    parse_ignored(options.findings_ignore)
    if options.throttle:
        RateLimit(options.throttle)


def load_options(
    options: EmulatorOptions,
    *,
    base: LoadedCatalog | None = None,
    masks: Masks | None = None,
    progress: Progress | None = None,
) -> LoadedCatalog:
    """Load the catalogs and generate the images that options ask for.

    Args:
        options: The options ``catalog``, ``generate``, ``seed`` and ``project`` are used.
        base: As for :func:`ims_mock.loading.loader.load`.
        masks: As for that.
        progress: As for that.

    Raises:
        CatalogError: If a catalog is invalid.
    """
    return load(
        options.sources,
        generate=options.generate,
        seed=options.seed,
        project=options.project,
        base=base,
        masks=masks,
        progress=progress,
    )


class Emulator(State):
    """One emulated service.

    Args:
        loaded: The catalogs it starts with.
        options: How it answers.
        own: Additional credentials that are valid with every catalog.
        exercised: Coverage recorder; a reset does not clear it.

    Attributes:
        journal: The latest requests.

    Raises:
        ValueError: If the value of an option is invalid.
    """

    def __init__(
        self,
        loaded: LoadedCatalog,
        options: AppOptions = AppOptions(),  # noqa: B008 - frozen
        *,
        own: SandboxCredentials | None = None,
        exercised: Exercised | None = None,
    ) -> None:
        super().__init__(loaded, own)
        self.exercised = exercised or Exercised()
        self.journal = Journal(options.journal, tell=self.exercised.note)
        self.throttle = RateLimit(options.throttle) if options.throttle else None
        self._faults: FaultRules | None = None
        self._apply(options)

    def restart(self, loaded: LoadedCatalog, options: AppOptions) -> None:
        """Start again with other catalogs and options, and without snapshots.

        Args:
            loaded: The catalogs.
            options: The options; the sizes of throttle and journal stay as they are.
        """
        for name in self.snapshots:
            self.forget(name)
        self.loaded = self._opened(loaded)
        self._apply(options)
        self._faults = None  # their probabilities depend on the seed
        self.reset()

    def _apply(self, options: AppOptions) -> None:
        self.options = options
        self.profile = Profile.parse(options.profile)
        self.needs_credentials = options.auth == "on"
        self.ignored_findings = self.journal.ignored = parse_ignored(options.findings_ignore)

    def reset(self) -> None:
        """Go back to the loaded catalog, with an empty journal and no faults."""
        self.go_back(self.loaded)
        self.journal.clear()
        if self._faults:
            self._faults.clear()
        if self.throttle:
            self.throttle.clear()

    @property
    def faults(self) -> FaultRules:
        """What goes wrong on purpose."""
        with self._lock:
            if self._faults is None:
                self._faults = FaultRules(self.seed)
            return self._faults

    @property
    def has_faults(self) -> bool:
        """Whether anything may go wrong on purpose."""
        return self._faults is not None and bool(self._faults.all())

    def authenticate(self, sent: RequestCredentials) -> Authentication:
        """Evaluate the credentials of a request; a failure is returned, not raised."""
        return authenticate(self.credentials, sent, self.clock.now(), explains_signatures=self.needs_credentials)

    def authorize(self, authentication: Authentication, *, needs_project: bool = True, writes: bool = False) -> Caller:
        """Return the caller of a request.

        Args:
            authentication: the result of :meth:`authenticate`.
            needs_project: whether it is about the images of a project.
            writes: whether it changes something.

        Raises:
            RequestError: credentials are needed, and these are no use for this.
        """
        if self.needs_credentials:
            authentication.check(needs_project=needs_project, writes=writes)
        return authentication.caller

    def view(self, caller: Caller, api_version: str) -> View:
        """Tell how the catalog looks to a caller.

        Args:
            caller: who is asking.
            api_version: the header ``X-Api-Version``.
        """
        return View(caller, self.profile, is_queens(api_version))
