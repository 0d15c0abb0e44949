"""``python -m integrations.accuracy``: computes the tables of docs/accuracy.md again."""

from integrations.accuracy.document import DOCUMENT, renewed
from integrations.accuracy.table import tables

DOCUMENT.write_text(renewed(DOCUMENT.read_text(), tables()))
print(f"{DOCUMENT.name} is up to date")
