"""A bug of the command line is one line, and a traceback only for who asks."""

import pytest

from ims_mock.cli import main as cli


@pytest.fixture
def broken(monkeypatch):
    """Break the command ``fields``."""
    monkeypatch.setattr("sys.argv", ["ims-mock", "fields"])
    monkeypatch.setattr("ims_mock.openapi.tables.fields_reference", lambda _: 1 / 0)


@pytest.mark.usefixtures("broken")
def test_a_bug_is_one_line(capsys):
    """It names the failure, and how to see more."""
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ims-mock: failed: ZeroDivisionError: ")


@pytest.mark.usefixtures("broken")
def test_a_bug_shows_its_traceback_when_asked(monkeypatch):
    """With the log level debug the error comes through."""
    monkeypatch.setenv("IMS_MOCK_LOG_LEVEL", "debug")
    with pytest.raises(ZeroDivisionError):
        cli.main()
