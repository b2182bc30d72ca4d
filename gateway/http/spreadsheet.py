"""Rows as CSV (RFC 4180) that a spreadsheet opens without running anything in it."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response

CSV = "text/csv"
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def cell(value: Any) -> str:
    """A value as a cell: text that would be a formula is made plain by an apostrophe, numbers stay
    numbers, None is empty."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def send_rows(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], name: str) -> Response:
    """The rows under a line of column names, to be kept as a file; a value that a row lacks is
    empty."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow([cell(column) for column in columns])
    for row in rows:
        writer.writerow([cell(row.get(column)) for column in columns])
    answer = Response(written.getvalue(), content_type=f"{CSV}; charset=utf-8; header=present")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
