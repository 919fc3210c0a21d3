"""The group `wsobserve schema`: what its commands are, each from a file of its own."""

from __future__ import annotations

import click

from wsobserve.commands.schema_diff import schema_diff
from wsobserve.commands.schema_drift import schema_drift
from wsobserve.commands.schema_export import schema_export
from wsobserve.commands.schema_overlay import schema_overlay
from wsobserve.commands.schema_registry import schema_history, schema_list, schema_show


@click.group()
def schema() -> None:
    """Infer the schemas of message kinds, keep their versions, compare and publish them."""


for command in (schema_list, schema_show, schema_history, schema_export, schema_overlay, schema_diff, schema_drift):
    schema.add_command(command)
