"""Run every benchmark, one after the other, each in an interpreter of its own; but for relations, which `make` runs.

python -m benchmarks
"""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import benchmarks


def main() -> int:
    """Run them and return the number of those that failed."""
    failed = 0
    for module in sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__)):
        if module.startswith("_") or module == "relations":
            continue
        print(f"== {module}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
