"""`python -m bench.import_csv [--rows N] [--small]`: CSV (`;`, decimal commas, dd/mm/yyyy), live in the archive."""

# ruff: noqa: S608 (the file is ours)

import argparse
import resource
import time
from pathlib import Path

import duckdb
from deltalake import write_deltalake

from bench import home, machine


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--small", action="store_true", help="1,000,000 rows.")
    arguments = parser.parse_args()
    rows = 1_000_000 if arguments.small else arguments.rows
    with home.temporary():
        from django.conf import settings

        folder = Path(settings.MITOYEN_HOME)
        long, wide = folder / "long.csv", folder / "wide.csv"
        _write_long(long, rows)
        _write_wide(wide, rows // 10)
        results = [
            _import(long, rows, "a column names the meter"),
            _import(wide, rows // 10 * 10, "one column a meter, 10 of them"),
        ]
        bare = _bare(long, folder / "bare")
        table = [
            (f"observations/s live, {name}", f"{count / live:,.0f}", "1,500,000") for name, count, live, _all in results
        ]
        table += [(f"s until rollups are up too, {name}", f"{whole:.1f}", "") for name, _n, _live, whole in results]
        table += [
            ("observations/s, bare DuckDB to Delta", f"{rows / bare:,.0f}", "4,000,000"),
            ("most memory of the process", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB", ""),
        ]
        machine.show(f"Import of CSV, {rows:,} observations ({long.stat().st_size / 1e6:,.0f} MB)", table)


def _write_long(path: Path, rows: int) -> None:
    """100,000 quarters of an hour a meter."""
    value = "replace(printf('%.2f', 20 + 10 * sin(i / 50.0) + (i % 7) / 7.0), '.', ',')"
    time = "strftime(TIMESTAMP '2021-01-01' + INTERVAL (i % 100000 * 15) MINUTE, '%d/%m/%Y %H:%M')"
    rows_sql = (
        f"'Compteur ' || (i // 100000) AS compteur, {time} AS horodate, {value} AS valeur FROM range({rows}) t(i)"
    )
    duckdb.sql(f"COPY (SELECT {rows_sql} ORDER BY i) TO '{path}' (DELIMITER ';', HEADER)")


def _write_wide(path: Path, rows: int) -> None:
    """Ten meters, one reading a minute."""
    cells = ", ".join(
        f"replace(printf('%.2f', 20 + 10 * sin((i + {n}) / 50.0)), '.', ',') AS \"meter {n}\"" for n in range(10)
    )
    duckdb.sql(
        "COPY (SELECT strftime(TIMESTAMP '2022-01-01' + INTERVAL (i) MINUTE, '%d/%m/%Y %H:%M') AS horodate,"
        f" {cells} FROM range({rows}) t(i) ORDER BY i) TO '{path}' (DELIMITER ';', HEADER)"
    )


def _import(path: Path, count: int, name: str) -> tuple[str, int, float, float]:
    """(what, observations, seconds until the batch is live, seconds until the daily rollups are up too)."""
    from mitoyen.connect.imports import run
    from mitoyen.connect.options import Options
    from mitoyen.history import rollups

    options = Options(observed_property="electricity", unit="kWh", kind="delta", tz="UTC", stamps="end")
    refresh, live = rollups.refresh, [0.0]

    def noted() -> None:
        live[0] = time.perf_counter()
        refresh()

    rollups.refresh = noted
    began = time.perf_counter()
    try:
        report = run(path, options, "bench")
    finally:
        rollups.refresh = refresh
    ended = time.perf_counter()
    assert report.accepted == count, report.message
    return name, count, live[0] - began, ended - began


def _bare(path: Path, target: Path) -> float:
    """Seconds for DuckDB's reader and the Delta writer alone: nothing is checked."""
    began = time.perf_counter()
    relation = duckdb.sql(
        f"SELECT compteur, horodate AS time, valeur AS value FROM read_csv('{path}', delim = ';', header = true,"
        " auto_detect = false, decimal_separator = ',', timestampformat = '%d/%m/%Y %H:%M', columns = {'compteur':"
        " 'VARCHAR', 'horodate': 'TIMESTAMP', 'valeur': 'DOUBLE'})"
    )
    assert relation is not None
    write_deltalake(str(target), relation)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
