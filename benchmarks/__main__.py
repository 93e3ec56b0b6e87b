"""Run every benchmark, one after the other, each in an interpreter of its own.

python -m benchmarks
"""

import pkgutil
import subprocess
import sys

import benchmarks

#: What goes on for as long as it is let, and what writes pages.
ASIDE = ("relations", "disclosure")


def main() -> int:
    """Run them and return the number of those that failed."""
    failed = 0
    for module in sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__)):
        if module.startswith("_") or module in ASIDE:
            continue
        print(f"== {module}", flush=True)
        failed += subprocess.run([sys.executable, "-m", f"benchmarks.{module}"], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
