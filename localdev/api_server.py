"""The API server as a child process that exits when its parent exits; arguments as `server.run`."""

from __future__ import annotations

from server import run

from .child_process import exit_with_parent


def main() -> None:
    exit_with_parent()
    run.main()


if __name__ == "__main__":
    main()
