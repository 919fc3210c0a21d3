"""Run as `python -m wsobserve`."""

from wsobserve.cli import main

main()
