"""All benchmarks, one after another; each asserts that its answers are equal before it shows a time.

python benchmarks
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = ("nsg.py", "hub_spoke.py", "tenants.py", "scale.py", "collect.py", "first_widget.py")


def main() -> int:
    """The number of scripts that failed; each runs in a process of its own, so that none warms up another's memory."""
    failed = 0
    for name in SCRIPTS:
        print(f"\n== {name}", flush=True)
        failed += subprocess.run([sys.executable, str(HERE / name)], check=False).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
