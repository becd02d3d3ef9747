"""`python -m dataops_client` is the command `dataops`."""

from .cli import main

main()
