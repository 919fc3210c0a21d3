"""The progress bar: there is one where it is wanted, and nothing else otherwise."""

from __future__ import annotations

from wsobserve.progress import progress_bar


def test_no_progress_bar_where_none_is_wanted() -> None:
    with progress_bar(wanted=False) as show:
        assert show is None
    with progress_bar(wanted=True) as show:
        assert show is not None
        show(1, 2)
