"""A report travels in an envelope that says how much it accounts for."""

from __future__ import annotations

import pickle

from wsobserve.records import Accounting
from wsobserve.sidecar.report import Report, enveloped, opened
from wsobserve.stats.connections import ConnectionFold
from wsobserve.stats.routes import RouteFold
from wsobserve.stats.series import SeriesFold


def test_the_envelope_says_what_the_report_accounts_for() -> None:
    report = Report(
        worker=2,
        taken=1 << 40,
        now_ns=5,
        accounting=Accounting(messages=3),
        series=SeriesFold(),
        connections=ConnectionFold(),
        routes=RouteFold(),
    )
    taken, packed = opened(enveloped(report))
    assert taken == 1 << 40
    inside = pickle.loads(packed)
    assert (inside.worker, inside.accounting.messages) == (2, 3)
