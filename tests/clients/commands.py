"""Command-line clients, run in a home directory and an environment of their own."""

import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shell:
    """A command with its home directory and its environment variables; no others are inherited."""

    command: str
    home: Path
    environment: Mapping[str, str]

    def __call__(self, *words: str) -> list[str]:
        """Run the command, assert that it succeeds without a warning, and return the lines it prints."""
        done = self._run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.splitlines()

    def failure(self, *words: str) -> str:
        """Run the command, assert that it fails, and return what it writes to standard error."""
        done = self._run(*words)
        assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False), done
        return done.stderr

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        scripts = sysconfig.get_path("scripts")
        usual = {"HOME": str(self.home), "PATH": scripts, "PYTHONUTF8": "1"}
        usual["XDG_CACHE_HOME"] = str(self.home.parent / "cache")  # shared, because filling it takes long
        return subprocess.run(
            [str(Path(scripts) / self.command), *words],
            cwd=self.home,
            env={**usual, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def password_environment(url: str) -> dict[str, str]:
    """Return the environment variables of a password login to project A."""
    return {
        "OS_AUTH_URL": f"{url}/v3",
        "OS_IDENTITY_API_VERSION": "3",
        "OS_USERNAME": "ann",
        "OS_PASSWORD": "secret",
        "OS_USER_DOMAIN_NAME": "team",
        "OS_PROJECT_NAME": "cn-north-4",
        "OS_PROJECT_DOMAIN_NAME": "team",
        "OS_REGION_NAME": "cn-north-4",
    }
