"""``make bench``: run every benchmark, one after another, each in a process of its own.

``python -m benchmarks digits pool`` runs those named.  Real data is found through ``SPIN_DATA_DIR``.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main(words: list[str]) -> int:
    """Run the benchmarks named, or all.

    The exit status counts those that failed.
    """
    names = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    if unknown := set(words) - set(names):
        print(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
        return 2
    n_failures = 0
    for word in words or names:
        print(f"\n== benchmarks/{word}.py\n", flush=True)
        start = time.monotonic()
        status = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{word}"], check=False, cwd=HERE.parent
        ).returncode
        n_failures += status != 0
        print(f"\n{'failed' if status else 'done'} after {time.monotonic() - start:.0f} s", flush=True)
    return n_failures


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
