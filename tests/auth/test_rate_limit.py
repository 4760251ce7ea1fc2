"""The rate limit: ``--throttle REQUESTS/SECONDS``."""

from contextlib import suppress

from helpers import in_process, in_threads, make_app
from login_helpers import NOW, advance

from ims_mock.auth.rate_limit import RateLimit
from ims_mock.clock import Clock
from ims_mock.errors import RequestError


def test_rejected_requests_are_accepted_again_when_the_clock_has_advanced_and_after_a_reset():
    app = make_app({"clock": NOW}, throttle="2/10")
    ask = in_process(app)
    assert [ask("/v2/images").status for _ in range(3)] == [200, 200, 429]
    answer = ask("/v2/images")
    assert answer.json["error_code"] == "APIGW.0308"
    words = "The throttling threshold has been reached: policy ip over ratelimit,limit:2,time:10 second"
    assert answer.json["error_msg"] == words
    assert ask("/_ims/health").status == 200
    assert ask("/v3").json["error"]["code"] == 429
    advance(app, seconds=9)
    assert ask("/v2/images").status == 429
    advance(app, seconds=1)
    assert [ask("/v2/images").status for _ in range(3)] == [200, 200, 429]
    app.extensions["ims_mock"].reset()
    assert ask("/v2/images").status == 200


def test_concurrent_requests_do_not_exceed_the_limit():
    limit, clock = RateLimit("5/1000"), Clock()
    accepted = []

    def send():
        for _ in range(20):
            with suppress(RequestError):
                limit.check("a", clock.now)
                accepted.append(1)

    in_threads(8, send)
    assert len(accepted) == 5


def test_each_client_address_behind_a_trusted_proxy_has_its_own_count():
    ask = in_process(make_app({"clock": NOW}, throttle="1/1", forwarded="on"))
    assert [ask("/v2/images", {"X-Forwarded-For": one}).status for one in ("10.0.0.1", "10.0.0.2")] == [200, 200]
    assert ask("/v2/images", {"X-Forwarded-For": "10.0.0.1"}).status == 429
