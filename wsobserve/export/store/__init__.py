"""The store: what was observed, in an SQL database that people and the dashboard read while it is written.

One writer (`write.py`) and any number of readers (`read.py`) share the tables (`tables.py`). Importing this loads
SQLAlchemy, so the command line does it only when a store is asked for.
"""

from __future__ import annotations

from wsobserve.export.store.read import StoreReader
from wsobserve.export.store.write import StoreExporter

__all__ = ["StoreExporter", "StoreReader"]
