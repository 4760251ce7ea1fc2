"""An emulator as an endpoint in this process, for the tests of ``verify``; its answers can be altered."""

import json
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import urlsplit

from helpers import in_process, make_app

from ims_mock.contract.profiles import Profile
from ims_mock.endpoint.credentials import Credentials
from ims_mock.endpoint.endpoint import Endpoint
from ims_mock.endpoint.questions import QUESTIONS, Sample
from ims_mock.endpoint.reading import read
from ims_mock.endpoint.transport import Answer
from ims_mock.endpoint.verify import Asker, Emulation, Verification


class InProcess(Endpoint):
    """An endpoint. ``alter`` gets each answer and its number, and returns the one that is received."""

    def __init__(self, *sources, api_version="", **options):
        app = make_app(*sources, auth="on", **options)
        store = app.extensions["ims_mock"].credentials
        credentials = Credentials(store.default_project, store.tokens[0].token)
        transport = SimpleNamespace(timeout=0, send=self._send)
        super().__init__(urlsplit("http://emulated.example"), credentials, transport, api_version)
        self._ask = in_process(app)
        self.api_version, self.targets, self.alter = api_version, [], lambda answer, _: answer

    def _send(self, url, target, headers):
        response = self._ask(target, {"Host": url.netloc, **headers})
        self.targets.append(target)
        names = {name.lower(): value for name, value in response.headers.items()}
        return self.alter(Answer(target, headers, response.status, names, response.body), self.requests)


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
