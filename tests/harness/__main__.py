"""`python -m harness`: the harness's command line."""

from harness.cli import main

main()
