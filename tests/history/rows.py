"""Rows as a query on a DuckDB connection."""

from collections.abc import Sequence

import duckdb
import numpy as np


def as_sql(con: duckdb.DuckDBPyConnection, rows: Sequence[tuple[int, int, int, float, int]]) -> str:
    """Rows (datastream, time in µs, length, value, quality) as the query that `stage` takes."""
    names = {"datastream": np.int32, "time": np.int64, "length": np.int32, "value": np.float64, "quality": np.int8}
    columns = zip(*rows, strict=True) if rows else ((),) * 5
    given = {name: np.array(column, kind) for (name, kind), column in zip(names.items(), columns, strict=True)}
    con.register("given", given)
    return "SELECT datastream, make_timestamp(time) AS time, length, value, quality FROM given"
