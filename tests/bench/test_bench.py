"""The benchmarks run, with minimal sizes."""

import pytest

from bench.__main__ import main
from bench.bare import app
from bench.client import LIST

pytestmark = pytest.mark.bench


@pytest.mark.parametrize("name", ["pages", "loading", "start", "peers"])
def test_every_benchmark_prints_a_table(name, capsys, tmp_path):
    main([name, "--sizes", "60", "--requests", "3", "--peers", str(tmp_path)])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["benchmark", "images", "ims-mock", "other", "ratio", "target", "note"]
    assert rows


def test_bare_route_returns_the_bytes_that_were_stored():
    client = app.test_client()
    for query in ("", "limit=1"):
        client.put(f"{LIST}?{query}", data=f"body of {query!r}")
    assert client.get(f"{LIST}?limit=1").text == "body of 'limit=1'"
    assert client.get(LIST).text == "body of ''"
