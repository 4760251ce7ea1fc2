"""The commands of clients, run as people run them: in a shell of their own, with a home of their own."""

import subprocess
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shell:
    """Where somebody runs one command; nothing stands in its environment but what is said here."""

    command: str
    home: Path
    environment: Mapping[str, str]

    def __call__(self, *words: str) -> list[str]:
        """Run the command, which succeeds without a word of complaint, and give the lines it prints."""
        done = self._run(*words)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout.splitlines()

    def refused(self, *words: str) -> str:
        """Run the command, which fails, and give its complaint."""
        done = self._run(*words)
        assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (1, "", False), done
        return done.stderr

    def _run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        scripts = sysconfig.get_path("scripts")
        usual = {"HOME": str(self.home), "PATH": scripts, "PYTHONUTF8": "1"}
        usual["XDG_CACHE_HOME"] = str(self.home.parent / "cache")  # what one found at its start, the next one knows
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


def logged_in(url: str) -> dict[str, str]:
    """Give the environment of a member of project A who has a password."""
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
