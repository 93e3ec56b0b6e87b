"""How pip and npm are run: what fetches runs nothing of a package, and what may run something of one has no network.

pip starts whatever a source distribution brings to learn its name, even where it is only to download it; so it fetches
with an interpreter that it cannot start. npm is told to run no scripts, and to take nothing from repositories.
"""

import errno
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from conformance.sandbox import Room, python_folders, room
from conformance.software import SoftwareError

PATIENCE = 900.0
#: pip, except that it can start no other Python.
_FETCHING_ONLY = (
    "import sys; sys.executable = '/nonexistent'; from pip._internal.cli.main import main; sys.exit(main(sys.argv[1:]))"
)
_WHEELS = ("--only-binary", ":all:", "--disable-pip-version-check")
NPM = ("--no-audit", "--no-fund", "--ignore-scripts", "--save-exact", "--allow-git=none")

#: What tells installers where packages are and whom to trust; whatever files these name can be read as well.
_SETTINGS = re.compile(r"(?i)(pip|npm_config)_.*|(https?|all|no)_proxy|ssl_cert_(file|dir)|.*_ca_(bundle|certs)")
_SETTING_FILES = (
    "/etc/pip.conf",
    "/etc/xdg/pip",
    "/etc/npmrc",
    "/usr/etc/npmrc",
    "~/.config/pip",
    "~/.pip",
    "~/.npmrc",
    "~/.netrc",
)


def tools(cache: Path) -> str:
    """A Python that has pip, in which no package is ever installed: ours, or one that is made for that."""
    if find_spec("pip") is not None:
        return sys.executable
    made = cache / "pip"
    if not (made / "bin" / "pip").exists():
        made.mkdir(parents=True, exist_ok=True)
        sealed([sys.executable, "-m", "venv", str(made)], f"cannot make a virtual environment in {made}", made)
    return str(made / "bin" / "python")


def environment(home: Path) -> Path:
    """A virtual environment with nothing in it; returns its Python."""
    home.mkdir(parents=True, exist_ok=True)
    make = [sys.executable, "-m", "venv", "--without-pip", str(home)]
    sealed(make, f"cannot make a virtual environment in {home}", home)
    return home / "bin" / "python"


def fetch(pip: str, wanted: Sequence[str], into: Path, reads: tuple[Path, ...] = ()) -> list[Path]:
    """Download wheels of these requirements, or of arguments of pip that name some, and of all that they need."""
    into.mkdir(parents=True, exist_ok=True)
    command = [pip, "-c", _FETCHING_ONLY, "download", "--quiet", *_WHEELS, "-d", str(into), *wanted]
    outward(command, f"pip could not install {' '.join(wanted)}", into, reads)
    return sorted(into.glob("*.whl"))


def put_in(pip: str, python: Path, wheels: Sequence[Path], home: Path) -> None:
    """Install wheels, which are all there, for this Python."""
    options = ["--quiet", "--no-index", "--no-deps", *_WHEELS]
    command = [pip, "-m", "pip", "--python", str(python), "install", *options, *map(str, wheels)]
    sealed(command, "pip could not install what it has fetched", home, tuple(wheels))


def outward(command: Sequence[str], complaint: str, folder: Path, reads: tuple[Path, ...] = ()) -> str:
    """Run what fetches, with our network and the settings that say from where; it may change ``folder``.

    Returns what it prints.
    """
    settings = {name: value for name, value in os.environ.items() if _SETTINGS.fullmatch(name)}
    named = [path for value in settings.values() for path in re.findall(r"/[^\s:,]+", value)]
    files = [Path(path).expanduser() for path in (*_SETTING_FILES, *named)]
    places = {
        "XDG_CONFIG_HOME": str(Path.home() / ".config"),
        "npm_config_userconfig": str(Path.home() / ".npmrc"),
        "NO_PROXY": "",
    }
    inside = Room((*reads, *python_folders(), *files), (folder,), outward=True)
    return _run(command, complaint, inside, places | settings)


def sealed(command: Sequence[str], complaint: str, folder: Path, reads: tuple[Path, ...] = ()) -> None:
    """Run what may run something of a package, without a network; it may change ``folder``."""
    _run(command, complaint, Room((*reads, *python_folders()), (folder,), sealed=True), {})


def _run(command: Sequence[str], complaint: str, inside: Room, extra: dict[str, str]) -> str:
    with room(command, inside) as start:
        try:
            done = subprocess.run(
                start.command,
                cwd=start.folder,
                env={**start.environment, **extra},
                check=True,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=PATIENCE,
                stdin=subprocess.DEVNULL,
                pass_fds=start.handles,
            )
            return done.stdout
        except subprocess.CalledProcessError as error:
            said = error.stderr or error.stdout or ""
            if os.strerror(errno.ENOSPC) in said:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(inside.writes[0])) from None
            raise SoftwareError(f"{complaint}: {_told(said)}") from None
        except subprocess.TimeoutExpired:
            raise SoftwareError(f"{complaint}: not done after {PATIENCE:.0f} s") from None
        except FileNotFoundError:
            raise SoftwareError(f"{complaint}: {command[0]} is not there") from None


def _told(noise: str) -> str:
    """What an installer says is wrong."""
    lines = [line for line in noise.splitlines() if line.strip()]
    told = [line for line in lines if re.match(r"\s*(error: (?!subprocess)|\w*Error:)", line)]
    named = (
        told[-1]
        if told
        else next((line for line in lines if "ERROR" in line or "npm error" in line), lines[-1] if lines else "")
    )
    return named.strip()[:300]
