"""How long femurkit takes to start: `python -m benchmarks.start`. Best of several fresh processes.

Aims: `import femurkit` under 50 ms beyond a bare interpreter, `femurkit --help` under 0.5 s.
"""

from __future__ import annotations

import subprocess
import sys
from time import perf_counter

TRIES = 7


def best_ms(*arguments: str) -> float:
    """Milliseconds of the fastest of TRIES runs of python with these arguments."""
    spent = []
    for _ in range(TRIES):
        start = perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
        spent.append(perf_counter() - start)
    return 1000 * min(spent)


def main() -> None:
    bare = best_ms("-c", "pass")
    print(f"bare interpreter   {bare:6.0f} ms")
    print(f"import femurkit    {best_ms('-c', 'import femurkit') - bare:6.0f} ms more (aim: 50)")
    print(f"femurkit --help    {best_ms('-m', 'femurkit', '--help'):6.0f} ms (aim: 500)")
    print(f"import the pipeline {best_ms('-c', 'import femurkit.pipeline') - bare:5.0f} ms more")


if __name__ == "__main__":
    main()
