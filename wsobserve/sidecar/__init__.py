"""The sidecar: a live capture observed for months, by worker processes whose findings the parent joins and hands on."""
