"""`python -m bench`: every benchmark in turn, each in a process of its own; `python -m bench.NAME` runs one."""

import subprocess
import sys

NAMES = (
    "import_csv",
    "journal",
    "sealing",
    "history",
    "savings",
    "territory_savings",
    "portal",
    "submissions",
    "scans",
    "bulk_http",
    "webhooks",
    "mqtt",
    "silences",
    "codecs",
    "rules",
    "rounds",
)


def main() -> int:
    failed = [name for name in NAMES if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode]
    if failed:
        print(f"These did not run to their end: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
