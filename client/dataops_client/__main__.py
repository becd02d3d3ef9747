"""`python -m dataops_client` is the command `dataops`."""

from dataops_client.cli.app import main

main()
