"""Command `dataops`: one module per group of commands, registered in `app`."""
