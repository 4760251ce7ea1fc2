"""The benches measure what they say: the bare route gives the emulator's own bytes, and bars are judged."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from random import Random
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
import requests

from ims_mock.emulator import Emulator
from ims_mock.fields import PARAMETERS
from ims_mock.identity import DEFAULT_PROJECT
from ims_mock.index import ORDERS_KEPT, walked
from ims_mock.loading import load
from ims_mock.query import parse
from ims_mock.tenancy import Caller

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))  # the benches are no part of the package

from bench import guests, loading, servers  # noqa: E402
from bench.bare import bare_server  # noqa: E402
from bench.client import HOST, BenchError, Kept, rate, request  # noqa: E402
from bench.curves import CURVE, curves  # noqa: E402
from bench.emulators import served  # noqa: E402
from bench.options import Options  # noqa: E402
from bench.pages import IN_PROCESS, RATE, SHOWN, SOCKET  # noqa: E402
from bench.questions import KINDS, Facts  # noqa: E402
from bench.report import bar_table, kept, loading_table, peer_table, query_table  # noqa: E402
from bench.rows import Row, tables  # noqa: E402

IMAGES = 60


@pytest.fixture(scope="module")
def port():
    """Serve an emulator."""
    with served(IMAGES) as found:
        yield found


def ran(*arguments):
    """Run the benches."""
    return subprocess.run([sys.executable, "-m", "bench", *arguments], cwd=ROOT, capture_output=True, text=True)


def is_running(group):
    """Whether any process of a group is there."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_bare_route_returns_the_same_bytes_and_as_many_headers(port):
    """What comes back differs in the values of headers alone."""
    with bare_server() as bare:
        for target in ("/v2/images?limit=3", "/v2/cloudimages?limit=2"):
            ours = requests.get(f"http://{HOST}:{port}{target}")
            bare.returns([ours.content])
            other = requests.get(f"http://{HOST}:{bare.port}{target}")
            assert other.content == ours.content
            assert [*map(str.lower, other.headers)] == [*map(str.lower, ours.headers)]
            assert [*map(len, other.headers.values())] == [*map(len, ours.headers.values())]


def test_bodies_come_back_one_after_the_other():
    """The bare route goes round what it was given."""
    with bare_server() as bare:
        bare.returns([b"one", b"two"])
        with Kept(bare.port) as client:
            assert [client.ask("/v2/images") for _ in range(3)] == [b"one", b"two", b"one"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_questions_vary_and_are_answered(kind, port):
    """Few questions of a kind are alike, even in a small catalog, and each is answered with a page."""
    random = Random(1)
    with Kept(port) as client:
        facts = Facts.learned(client.ask)
        targets = [kind.target(random, facts) for _ in range(300)]
        assert len(set(targets)) >= 50
        for target in (*targets[:8], *list(kind.covering(facts))[:2]):
            assert client.ask(target).startswith(b'{"images": [')


def test_all_connections_are_answered(port):
    """So many requests are counted as were sent, by any number of connections."""
    assert rate(port, [request("/v2/images?limit=1")] * 20, 8) > 0


def test_what_is_no_page_is_no_measurement(port):
    """A refusal is not taken for an answer."""
    with Kept(port) as client, pytest.raises(BenchError, match="400"):
        client.ask("/v2/images?limit=many")


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("b", "w", 1, 1.2, bar=1.25), "pass"),
        (Row("b", "w", 1, 1.26, bar=1.25), "FAIL"),
        (Row("b", "w", 1, 0.9, bar=0.8, is_floor=True), "pass"),
        (Row("b", "w", 1, 0.7, bar=0.8, is_floor=True), "FAIL"),
        (Row("b", "w", 1, 0.7), ""),
        (Row("b", "w", 1, None, bar=1.0, note="not installed"), ""),
    ],
)
def test_bars_are_judged(row, verdict):
    """A figure passes on the right side of its bar; without one or the other nothing is said."""
    assert row.verdict == verdict
    assert Row.from_json(json.loads(json.dumps(row.as_json()))) == row
    assert f"| {verdict} |\n" in tables([row])


def test_the_figure_is_the_median_and_its_spread_is_told():
    """One bad round does not count."""
    row = Row.of("bench", "what", 1000, [1.0, 9.0, 2.0])
    assert row.figure == 2
    assert "| what | 1,000 | 2.00 (1.00 to 9.00) times |" in tables([row])


def test_rows_of_guests_are_made_ours(monkeypatch):
    """Whatever has a name, a figure and a unit is a row, with its size and bar when it has them."""
    module = SimpleNamespace(
        measure=lambda options: [
            {"name": "loaded", "size": options.sizes[0], "figure": 3.0, "unit": "s", "bar": 4.0},
            SimpleNamespace(name="stopped", figure=5.0, unit="ms"),
            Row("own", "what", 1, 1.0),
        ]
    )
    monkeypatch.setitem(sys.modules, "bench.loading", module)
    assert guests.measure("loading", Options((7,), 1, 1)) == [
        Row("loading", "loaded", 7, 3.0, "s", bar=4.0),
        Row("loading", "stopped", 0, 5.0, "ms"),
        Row("own", "what", 1, 1.0),
    ]


def test_curves_compare_full_pages_with_the_smallest_size():
    """A size whose pages are half empty is left out; the worst of the others counts."""
    name = KINDS[0].name
    found = [(100, 1.0, 3), (1_000, 2.0, 25), (10_000, 2.6, 25), (100_000, 2.5, 24)]
    rows = [Row(IN_PROCESS, name, images, ratio, beside={SHOWN: shown}) for images, ratio, shown in found]
    (curve,) = curves(rows)
    assert (curve.bench, curve.images, curve.verdict) == (CURVE, 100_000, "FAIL")
    assert curve.figure == pytest.approx(1.3)


@pytest.mark.slow
def test_a_run_is_a_table_and_json(tmp_path):
    """One command measures every kind through both doors, and says where peers are missing."""
    file = tmp_path / "figures.json"
    few = ("--sizes", "30", "--rounds", "1", "--requests", "25", "--json", str(file))
    done = ran("process", "socket", "peers", *few, "--peers", str(tmp_path))
    assert done.returncode == 0, done.stderr
    rows = kept(file)
    names = [kind.name for kind in KINDS]
    for bench in (IN_PROCESS, SOCKET):
        found = [row for row in rows if row.bench == bench]
        assert [row.what for row in found] == names
        assert all(row.figure > 0 for row in found)
    assert [row.unit for row in rows if row.bench == RATE] == ["times"]
    assert all("not installed" in row.note for row in rows if row.what in ("moto", "Glance"))
    assert done.stdout.count("\n") == tables(sorted(rows, key=lambda row: row.bench)).count("\n")
    assert len(query_table(rows)) == len(names) + 1
    assert len(peer_table(rows)) == 6
    assert {line[1] for line in bar_table(rows)[1:]} == {"≤ 1.25 times", "≤ 1.60 times", "≥ 0.80 times"}


@pytest.mark.slow
def test_an_interrupted_run_tells_what_it_has_and_leaves_nothing_running():
    """Ctrl-C ends every process of it; the table of what was measured is printed."""
    command = [sys.executable, "-m", "bench", "start", "walk", "--sizes", "100000", "--rounds", "1"]
    heeds_interrupts = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # which a shell's background job does not
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heeds_interrupts,
    ) as run:
        for line in run.stderr:
            if line.startswith("walk"):
                break
        os.killpg(run.pid, signal.SIGINT)
        table, said = run.communicate(timeout=60)
    assert "interrupted" in said, table
    assert "resident memory then" in table
    until = time.monotonic() + 10
    while is_running(run.pid) and time.monotonic() < until:  # what keeps the processes' books ends a little later
        time.sleep(0.05)
    assert not is_running(run.pid)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("fast",), "fast is no bench; legal are process"), (("--sizes", "few"), "--sizes: invalid int value: 'few'")],
)
def test_a_wrong_call_is_one_line(arguments, words):
    """What is legal is said."""
    done = ran(*arguments)
    assert done.returncode == 2
    assert words in done.stderr.splitlines()[-1]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_servers_are_measured_and_missing_ones_are_named(monkeypatch):
    """A row each: what it does in figures and words, or why there is none."""
    monkeypatch.setitem(servers.SERVERS, "other", servers.Server(("no-such-server",)))
    measured, skipped = servers.rows(["ims-mock on waitress", "other"], rounds=1, requests=100, seconds=0.1)
    assert skipped == {"server": "other", "skipped": "no-such-server not installed"}
    assert measured["ims: p50, ms"] > 0
    assert measured["bare: 8 connections, requests/s"] > 0
    assert measured["exit status"] == "0"
    said = [measured[probe] for probe in servers.PROBES]
    assert said == ["yes"] * len(said)
    assert "other was skipped" in servers.table([measured, skipped])


def test_memory_is_measured_with_as_many_orders_as_are_kept():
    """Of the orders asked for none is another one backwards, and each is asked for by every parameter."""
    emulator = Emulator(load(["default"]))
    view = emulator.view(Caller(DEFAULT_PROJECT), "")
    sorts = {walked(parse(urlencode(order), view).sort)[0] for order in loading.orders()}
    assert len(sorts) == ORDERS_KEPT
    names = {name for name, _ in loading.held(next(iter(emulator.catalog)))}
    assert names == {one.name for one in PARAMETERS if one.field}
    assert loading.every_index(emulator) == len(sorts) * (1 + len(names))


def test_what_was_loaded_is_told():
    """A figure that there is none of stands in no table."""
    rows = [
        Row("loading", "seconds", 1_000, 0.25, "s", bar=0.5),
        Row("loading", "more", 9, None),
        Row("other", "x", 9, 1.0),
    ]
    assert loading_table(rows)[1:] == [["seconds", "1,000", "0.25 s", "≤ 0.50"]]


def test_memory_is_told_for_each_image():
    """More is taken once there are indexes."""
    before, indexed = loading.alone(partial(loading.memory, 2_000, 7))
    assert 0.5 < before < indexed < 20
