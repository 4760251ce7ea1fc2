"""An emulator as an endpoint in this process, for the tests of ``verify``; its answers can be altered."""

import json
from dataclasses import replace
from urllib.parse import urlsplit

from helpers import in_process, make_app

from ims_mock.contract.profiles import Profile
from ims_mock.endpoint.credentials import Credentials
from ims_mock.endpoint.questions import QUESTIONS, Sample
from ims_mock.endpoint.reading import read
from ims_mock.endpoint.transport import Answer
from ims_mock.endpoint.verify import Asker, Emulation, Verification


class InProcess:
    """An endpoint. ``alter`` gets each answer and its number, and returns the one that is received."""

    url = urlsplit("http://emulated.example")

    def __init__(self, *sources, api_version="", **options):
        app = make_app(*sources, auth="on", **options)
        store = app.extensions["ims_mock"].credentials
        self._ask = in_process(app)
        self._headers = {"Accept": "application/json", **({"X-Api-Version": api_version} if api_version else {})}
        self._token = store.tokens[0].token
        self.credentials = Credentials(store.default_project, self._token)
        self.api_version, self.requests, self.targets, self.alter = api_version, 0, [], lambda answer, _: answer

    def get(self, target, headers=None, *, is_authenticated=True):
        sent = {**self._headers, **(headers or {}), "X-Auth-Token": self._token if is_authenticated else None}
        sent = {name: value for name, value in sent.items() if value is not None}
        response = self._ask(target, sent)
        self.requests += 1
        self.targets.append(target)
        names = {name.lower(): value for name, value in response.headers.items()}
        return self.alter(Answer(target, sent, response.status, names, response.body), self.requests)


def with_body(answer, body, status=None):
    """Return an answer with another JSON body."""
    return replace(answer, body=json.dumps(body).encode(), status=status or answer.status)


def verified(endpoint, profile="documented", questions=QUESTIONS, alter=None, foreign="", **asked):
    """Verify an endpoint, and return the rows by name and the verification. Answers are altered after the reading."""
    sample = Sample(read(endpoint, (), lambda *_: None), foreign)
    endpoint.requests, endpoint.targets = 0, []
    endpoint.alter = alter or endpoint.alter
    emulation = Emulation(sample, endpoint.api_version)
    verification = Verification(Asker(endpoint, **asked), emulation, sample, Profile.parse(profile))
    return {row.name: row for row in verification.run(questions)}, verification
