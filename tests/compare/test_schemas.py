"""Every case of the table is what it says, and the laws hold for schemas that nobody thought of."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.compare import generated
from tests.compare.cases import CASES, Case
from wsobserve.compare.changes import BROKEN, certainty_of, severity_of, together, who_breaks
from wsobserve.compare.schemas import compare_schemas
from wsobserve.compare.words import field_path
