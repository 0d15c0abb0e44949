"""What makes the credentials of the profile `secure`, killed before any command it runs."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "deploy/secure/credentials.sh"

OF_SERVICE = {"certificate.pem", "key.pem", "keys.toml"}
OF_CALLER = {"authority.pem", "token"}

DEADLY = """\
#!/bin/sh
left=$(($(cat "$COMMANDS") - 1))
echo $left > "$COMMANDS"
[ $left -ne 0 ] || { kill -KILL $PPID; exit; }
"""
"""A command that kills who runs it if that may run no more."""

STAND_INS = {
    "openssl": """
for word; do
    case $word in *.pem) [ -e "$word" ] || echo $MAKING > "$word" ;; esac
done
""",
    "lossgrad": 'echo $MAKING; echo "token: $MAKING" >&2',
    "chown": "",
    **{name: f'exec /usr/bin/env PATH="$USUAL_PATH" {name} "$@"' for name in ("cp", "mv", "rm")},
}
"""What runs in place of commands: keys and certificates tell which making they are of."""


@dataclass
class Making:
    """The script, again and again, on the same two folders."""

    folder: Path
    number: int = 0

    def run(self, commands: int) -> int:
        """Run it until so many commands are begun; return its exit code."""
        self.number += 1
        (self.folder / "commands").write_text(str(commands))
        usual = os.environ["PATH"]
        environment = {
            "PATH": f"{self.folder / 'bin'}:{usual}",
            "USUAL_PATH": usual,
            "TMPDIR": str(self.folder),
            "COMMANDS": str(self.folder / "commands"),
            "MAKING": str(self.number),
        }
        folders = (self.folder / "service", self.folder / "caller")
        return subprocess.run(["sh", SCRIPT, *folders], env=environment, check=False).returncode

    def made(self, of: str) -> dict[str, str]:
        """Return the files of `service` or `caller`, and the making that each is of."""
        return {file.name: file.read_text().strip() for file in (self.folder / of).iterdir()}

    def all_made(self) -> dict[str, str]:
        """Return the files of both, and the making that each is of."""
        return self.made("service") | self.made("caller")

    def lose(self, name: str) -> None:
        """Remove one file of either."""
        (self.folder / ("service" if name in OF_SERVICE else "caller") / name).unlink()


@pytest.fixture
def making(tmp_path: Path) -> Making:
    for name in ("bin", "service", "caller"):
        (tmp_path / name).mkdir()
    for name, what in STAND_INS.items():
        command = tmp_path / "bin" / name
        command.write_text(f"{DEADLY}{what}\n")
        command.chmod(0o755)
    return Making(tmp_path)


ALL = 100
"""More commands than it runs."""


def test_all_is_made_once(making: Making) -> None:
    assert making.run(ALL) == making.run(ALL) == 0
    assert making.made("service") == dict.fromkeys(OF_SERVICE, "1")
    assert making.made("caller") == dict.fromkeys(OF_CALLER, "1")


@pytest.mark.parametrize("lost", sorted(OF_SERVICE | OF_CALLER))
def test_all_is_made_again_where_one_is_lost(making: Making, lost: str) -> None:
    making.run(ALL)
    making.lose(lost)
    assert making.run(ALL) == 0
    assert making.all_made() == dict.fromkeys(OF_SERVICE | OF_CALLER, "2")


def test_killed_before_any_command_it_leaves_no_mixture_that_seems_whole(making: Making) -> None:
    making.run(ALL)
    making.lose("key.pem")
    killed = 0
    while making.run(killed + 1) == -signal.SIGKILL:
        killed += 1
        if making.all_made().keys() >= OF_SERVICE | OF_CALLER:
            assert len(set(making.all_made().values())) == 1
    assert killed > len(OF_SERVICE | OF_CALLER)
    assert making.all_made().keys() == OF_SERVICE | OF_CALLER
