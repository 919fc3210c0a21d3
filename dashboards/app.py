"""The dashboard: what is in a store of wsobserve, in a browser. `wsobserve dashboard` starts it.

The store's URL comes in the environment variable `WSOBSERVE_STORE`. The pages show what the store's read side answers
and work nothing out themselves. Nothing is loaded from outside: no icon font, no map, no telemetry of Streamlit's.
"""

from __future__ import annotations

from pathlib import Path

import selection
import streamlit as st

_LOGO = str(Path(__file__).with_name("logo.svg"))

st.set_page_config(page_title="wsobserve", page_icon=_LOGO, layout="wide")
st.logo(_LOGO)
page = st.navigation(
    [
        st.Page("overview.py", title="Overview", default=True),
        st.Page("channels.py", title="Channels"),
        st.Page("schemas.py", title="Schemas"),
        st.Page("history.py", title="Schema history"),
        st.Page("drift.py", title="Drift"),
    ]
)
selection.choose_run()
page.run()
