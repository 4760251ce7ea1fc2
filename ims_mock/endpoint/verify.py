"""The verification: asks an endpoint and the emulator the same questions, and explains where the answers differ.

The emulator has the images of the endpoint. It is also asked with departures switched: a question about a departure
can tell something only if that changes the emulator's own answer, and a difference is explained by the fewest switches
with which the emulator answers as the endpoint did.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from time import sleep
from typing import Any, Final
from urllib.parse import quote

from ims_mock.catalog.image import IMAGES_PATH
from ims_mock.contract.profiles import DEPARTURES, Profile
from ims_mock.emulator import Emulator
from ims_mock.endpoint.comparison import View, differing, images_of, is_object, view
from ims_mock.endpoint.endpoint import RETRIED, RETRIES, Endpoint
from ims_mock.endpoint.questions import QUESTIONS, CannotTellError, Question, Request, Sample
from ims_mock.endpoint.transport import Answer, EndpointError
from ims_mock.loading.loader import load
from ims_mock.options import AppOptions
from ims_mock.web.app import app_for

AGREES, DIFFERS, CANNOT_TELL = OUTCOMES = ("agrees", "differs", "cannot tell")

MAX_REQUESTS: Final = 120
MAX_SWITCHES: Final = 3
MAX_FAILURES: Final = 3
MAX_BODY: Final = 4 * 2**20  # bytes of an answer to a question; a page of 1,000 images has about 2 MB
MAX_VALUES: Final = 100_000  # in it; such a page has about 50,000
MAX_KEPT: Final = 6 * 2**20  # bytes of answers kept for later questions; what several questions ask comes first

_TOKEN: Final = "ims-mock-verify"


@dataclass(frozen=True)
class Row:
    """The result of a question: one of :data:`OUTCOMES`, and the reason if it cannot tell.

    If the answers differ it has both, the departures that explain the difference, and the explanation as text.
    """

    name: str
    outcome: str
    departures: tuple[str, ...] = ()
    there: Any = None
    here: Any = None
    why: str = ""


def _with_walks(ask: Callable[[Request], Answer], requests: Iterable[Request]) -> list[Answer]:
    """Return the answer to each request; that to a walk has the ids of the images of all its pages."""
    answers = []
    for request in requests:
        answer = last = ask(request)
        images = [{"id": image.get("id")} for image in images_of(answer) or ()]
        for _ in range(1, request.pages):
            if not images_of(last) or "next" not in last.json:
                break
            last = ask(replace(request, target=f"{request.target}&marker={quote(str(images[-1]['id']))}"))
            images += ({"id": image.get("id")} for image in images_of(last) or ())
        answers.append(answer if last is answer else replace(last, body=json.dumps({"images": images}).encode()))
    return answers


@dataclass(frozen=True, eq=False)
class _Observed(Profile):
    """A profile that remembers which departures were asked for; no cache takes it for another one."""

    asked: set[str] = field(default_factory=set)

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


class Emulation:
    """The emulator with the images of an endpoint, which answers the same caller in any profile."""

    def __init__(self, sample: Sample, api_version: str = "") -> None:
        catalog = sample.reading.catalog()
        catalog["credentials"] = {"tokens": [{"token": _TOKEN, "project": sample.reading.project}]}
        if sample.foreign:
            catalog["images"].append({"id": sample.foreign, "owner": "another project", "visibility": "private"})
        self._sample = sample
        self._known: list[tuple[_Observed, View]] = []  # of the latest question
        self._latest: object = None
        self._emulator = Emulator(load([catalog]), AppOptions(auth="on", journal=0))
        self._client = app_for(self._emulator, has_control=False).test_client()
        self._headers = {"Accept": "application/json", **({"X-Api-Version": api_version} if api_version else {})}

    def view(
        self, question: Question, requests: Iterable[Request], departures: frozenset[str], *, is_tied: bool
    ) -> View:
        """Return what a question compares of the answers in the profile with these departures.

        It is the same in two profiles that differ only in departures that did not matter for the first.
        """
        if self._latest != (question, is_tied):
            self._known, self._latest = [], (question, is_tied)
        for profile, known in self._known:
            if not (profile.departures ^ departures) & profile.asked:
                return known
        self._emulator.profile = profile = _Observed("", departures)
        found = view(question, _with_walks(self._ask, requests), self._sample, is_tied=is_tied)
        found = next((known for _, known in self._known if known == found), found)  # those of many images are large
        self._known.append((profile, found))
        return found

    def _ask(self, request: Request) -> Answer:
        path, _, query = request.target.partition("?")
        headers = {**self._headers, **dict(request.headers), "X-Auth-Token": None if request.is_anonymous else _TOKEN}
        sent = {name: value for name, value in headers.items() if value is not None}
        response = self._client.open(path, headers=sent, environ_overrides={"QUERY_STRING": query})
        names = {name.lower(): value for name, value in response.headers}
        return Answer(request.target, sent, response.status_code, names, response.get_data())


class Asker:
    """Asks an endpoint at a pace, with a limit of requests; an answer that is known is not asked again."""

    def __init__(self, endpoint: Endpoint, pace: float = 0, limit: int = MAX_REQUESTS) -> None:
        self._endpoint, self._pace, self._before, self.limit = endpoint, pace, endpoint.requests, limit
        self._known: dict[Request, Answer] = {}
        self.has_answers = False  # whether there was any answer that counts
        self._failures = 0
        self._end = ""  # why nothing more is asked

    @property
    def requests(self) -> int:
        """The number of requests that were sent, repetitions included."""
        return self._endpoint.requests - self._before

    def answers(self, requests: Iterable[Request], *, again: bool = False) -> list[Answer]:
        """Return the answers to requests; raise :class:`CannotTellError` if there are none that count."""
        return _with_walks(lambda request: self._ask(request, again=again), requests)

    def _ask(self, request: Request, *, again: bool) -> Answer:
        if again or request not in self._known:
            answer = self._send(request)
            if answer.status == 401 and not request.is_anonymous:
                if self._send(Request(f"{IMAGES_PATH}?limit=1")).status == 401:
                    self._end = "the credentials are not accepted any more"
                    raise CannotTellError(self._end)
                if self._endpoint.credentials.access:
                    raise CannotTellError("the signature of this request is rejected")
            if sum(len(one.body) for one in self._known.values()) < MAX_KEPT:
                self._known[request] = replace(answer)  # without its JSON, which takes much more memory
        else:
            answer = replace(self._known[request])
        if len(answer.body) > MAX_BODY or answer.values > MAX_VALUES:
            raise CannotTellError(f"the answer has more than {MAX_BODY // 2**20} MB or {MAX_VALUES} JSON values")
        if not (answer.status == 200 and is_object(answer)) and not 400 <= answer.status < 500:
            found = "no JSON object" if answer.status == 200 else f"the status {answer.status}"
            raise CannotTellError(f"the endpoint answers with {found}")
        if answer.status < 400 and request.is_anonymous:
            raise CannotTellError("the endpoint asks for no credentials")
        self.has_answers = True
        return answer

    def _send(self, request: Request) -> Answer:
        if self._end:
            raise CannotTellError(self._end)
        if self.requests + RETRIES >= self.limit:
            raise CannotTellError(f"the limit of {self.limit} requests is reached")
        if self.requests:
            sleep(self._pace)
        failure = ""
        try:
            answer = self._endpoint.get(
                request.target, dict(request.headers), is_authenticated=not request.is_anonymous
            )
            if answer.status in RETRIED:
                failure = f"the endpoint answers with status {answer.status} again and again"
        except EndpointError as error:
            failure = str(error)
        self._failures = self._failures + 1 if failure else 0
        if self._failures == MAX_FAILURES:
            self._end = f"{MAX_FAILURES} requests in a row failed: {failure}"
        if failure:
            raise CannotTellError(failure)
        return answer


class Verification:
    """A run of questions."""

    def __init__(self, asker: Asker, emulation: Emulation, sample: Sample, profile: Profile) -> None:
        self._asker, self._emulation, self._sample, self._profile = asker, emulation, sample, profile
        self._switched: frozenset[str] = frozenset()  # by rows of their own
        self._named: frozenset[str] = frozenset()  # by the only explanation of any row
        self._different: set[str] = set()

    def plan(self, questions: Iterable[Question]) -> int:
        """Return the largest number of requests that the questions need."""
        planned: set[Request] = set()
        for question in questions:
            try:
                planned.update(self._decidable(question)[0])
            except CannotTellError:
                continue
        return min(2 * sum(request.pages for request in planned) + RETRIES, MAX_REQUESTS)

    def run(self, questions: Iterable[Question] = QUESTIONS) -> Iterator[Row]:
        """Ask the questions one after the other, and yield the results."""
        for question in questions:
            try:
                yield self._row(question)
            except CannotTellError as error:
                yield Row(question.name, CANNOT_TELL, why=str(error))

    @property
    def matching_profile(self) -> str:
        """The profile in which the emulator answers as the endpoint does, as far as differences are explained."""
        switched = sorted(self._switched | self._named)
        return ",".join([self._profile.label, *(f"{'-' if one in self._profile else '+'}{one}" for one in switched)])

    def _decidable(self, question: Question) -> tuple[tuple[Request, ...], frozenset[str], View]:
        """Return the requests of a question, the switches that it takes for granted, and the emulator's view.

        It cannot tell if the images lack what the requests need, or the departure makes no difference to the emulator.
        """
        if question.after in self._different:
            raise CannotTellError(f"the answers to {question.after} differ")
        needed = {one.departure for one in QUESTIONS if one.name == question.after} - {""}
        if needed - (self._profile.departures ^ self._switched):
            raise CannotTellError(f"the rule is part of the departure {', '.join(needed)}")
        requests = question.filled(self._sample)
        known = self._switched - {question.departure}
        here = self._emulated(question, requests, known)
        if question.departure and here == self._emulated(question, requests, known | {question.departure}):
            raise CannotTellError(f"these images look alike with and without {question.departure}")
        return requests, known, here

    def _row(self, question: Question) -> Row:
        requests, known, here = self._decidable(question)
        answers = self._asker.answers(requests)
        is_foreign = not all(map(is_object, answers))
        if is_foreign:  # it is compared as a whole, lest a firewall with the right status agrees
            question = replace(question, compare=(*question.compare, "shape"))
            here = self._emulated(question, requests, known)
        there = self._view(question, answers)
        if question.alike and len({answer.status for answer in answers}) == 1:
            raise CannotTellError(question.alike)
        del answers  # which may be large, as may be those of the next time
        if there == here:
            return Row(question.name, CANNOT_TELL if question.only_refutes else AGREES, why=question.only_refutes)
        explanations, own = self._explanations(question, requests, known, there), (question.departure,)
        is_known = own in explanations and question.departure in self._switched
        if not is_known and self._view(question, self._asker.answers(requests, again=True)) != there:
            raise CannotTellError("the answer changed when it was asked again")
        if not explanations and is_foreign:
            raise CannotTellError(
                "the body of the error is not JSON; a server in front of the service may have sent it"
            )
        self._different.add(question.name)
        names = own if own in explanations else tuple(dict.fromkeys(name for one in explanations for name in one))
        if own in explanations or all(question.departure in one for one in explanations or [()]):
            self._switched |= {question.departure}
        if own in explanations or len(explanations) == 1:
            self._named |= {*names}
        why = f"no {MAX_SWITCHES} departures or fewer explain it"
        if explanations:
            why = f"explained by the departure {', or by '.join(map(' with '.join, explanations))}"
        return Row(question.name, DIFFERS, names, *differing(there, here), why)

    def _explanations(
        self, question: Question, requests: tuple[Request, ...], known: frozenset[str], there: View
    ) -> list[tuple[str, ...]]:
        """Return all smallest sets of switches with which the emulator answers as the endpoint did."""
        names = [one.name for one in DEPARTURES if one.name not in known]
        is_same: dict[int, bool] = {}  # by the identity of views, most of which are those of other profiles too

        def explains(names: tuple[str, ...]) -> bool:
            here = self._emulated(question, requests, known.union(names))
            if id(here) not in is_same:
                is_same[id(here)] = here == there
            return is_same[id(here)]

        sizes = ([*filter(explains, combinations(names, size))] for size in range(1, MAX_SWITCHES + 1))
        return next(filter(None, sizes), [])

    def _emulated(self, question: Question, requests: tuple[Request, ...], switched: frozenset[str]) -> View:
        departures = self._profile.departures ^ switched
        return self._emulation.view(question, requests, departures, is_tied=self._is_tied)

    def _view(self, question: Question, answers: Sequence[Answer]) -> View:
        return view(question, answers, self._sample, is_tied=self._is_tied)

    @property
    def _is_tied(self) -> bool:
        return "whole-seconds" in self._different
