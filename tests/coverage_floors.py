"""Holds branch coverage to its floors: 100% of chains and moderation, 95% of the rest."""

import json
import sys
from pathlib import Path

FLOORS = {"chains": 100.0, "moderation": 100.0, "assistant": 95.0, "evals": 95.0}


def percent(files: dict[str, dict[str, dict[str, int]]], package: str) -> float:
    """Lines and branches covered of a package, in percent."""
    summaries = [file["summary"] for name, file in files.items() if name.startswith(f"{package}/")]
    total = sum(summary["num_statements"] + summary["num_branches"] for summary in summaries)
    covered = sum(summary["covered_lines"] + summary["covered_branches"] for summary in summaries)
    return 100.0 * covered / total if total else 0.0


def main() -> int:
    """Print each package's coverage against its floor; 1 where one is below."""
    files = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["files"]
    low = False
    for package, floor in FLOORS.items():
        reached = percent(files, package)
        low |= reached < floor
        sys.stdout.write(f"{package}: {reached:.2f}% of lines and branches (floor {floor:.0f}%)\n")
    return int(low)


if __name__ == "__main__":
    sys.exit(main())
