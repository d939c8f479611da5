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
    """Run the benchmarks named, or all of them; the exit status counts those that failed."""
    known = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    if unknown := set(words) - set(known):
        print(f"no benchmark is called {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
        return 2
    failed = 0
    for word in words or known:
        print(f"\n== benchmarks/{word}.py\n", flush=True)
        start = time.monotonic()
        status = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{word}"], check=False, cwd=HERE.parent
        ).returncode
        failed += status != 0
        print(f"\n{'failed' if status else 'done'} after {time.monotonic() - start:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
