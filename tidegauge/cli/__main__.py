"""`python -m tidegauge.cli`."""

from tidegauge.cli import main

main()
