"""All rows, by group and name, and the calls that they stand for."""

from __future__ import annotations

from tests.security.cases import compression, fields, json, shapes, streams, types, values
from tests.security.rows import Row

GROUPS = {
    "shapes": shapes.ROWS,
    "types": types.ROWS,
    "values": values.ROWS,
    "fields": fields.ROWS,
    "compression": compression.ROWS,
    "JSON": json.ROWS,
    "streams": streams.ROWS,
}

TABLE: dict[str, Row] = {
    f"{group}: {name}": row for group, rows in GROUPS.items() for name, row in rows.items()
}

CALLS = [(name, endpoint) for name, row in TABLE.items() for endpoint in row.sent]
