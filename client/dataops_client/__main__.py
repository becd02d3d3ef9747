"""`python -m dataops_client`, which runs the command `dataops`."""

from dataops_client.cli.app import main

main()
