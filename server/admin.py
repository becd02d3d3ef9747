"""`dataops-admin`: manages tokens, the index of sub-runs, and stored datasets.

    dataops-admin create --scope read --days 90 --note "Ada, CuZr model"
    dataops-admin list
    dataops-admin revoke ID
    dataops-admin index
    dataops-admin purge-datasets --delete

Requires AWS credentials for the run table; the last two commands also for
the data bucket. `--stack` is the CloudFormation stack of the service; without
it, RUN_TABLE and DATA_BUCKET are used. DATA_PREFIX and AWS_ENDPOINT_URL_* are
those of the service.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime, timedelta

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.adapters.aws.token_repository import DynamoTokenRepository
from chalicelib.adapters.local.clock import SystemClock
from chalicelib.domain.errors import DataOpsError
from chalicelib.domain.tokens import Scope, TokenRecord
from chalicelib.settings import Settings, SettingsError
from chalicelib.usecases.ports import TokenRepository
from chalicelib.usecases.tokens import create_token, revoke_token
from server.dataset_orphans import purge_datasets
from server.index_facts import check, index


def main() -> None:
    arguments = _arguments()
    try:
        if arguments.stack:
            arguments.table, arguments.bucket = _get_names(arguments.stack)
        if arguments.command in _DATA_COMMANDS:
            sys.exit(0 if _DATA_COMMANDS[arguments.command](arguments, _settings(arguments)) else 1)
        _COMMANDS[arguments.command](
            arguments, DynamoTokenRepository(boto3.client("dynamodb"), arguments.table)
        )
    except (DataOpsError, SettingsError, BotoCoreError, ClientError) as error:
        sys.exit(f"dataops-admin: {error}")
    except KeyboardInterrupt:
        sys.exit("dataops-admin: interrupted")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dataops-admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", help="CloudFormation stack of the service")
    parser.add_argument(
        "--table",
        default=os.environ.get("RUN_TABLE"),
        help="run table of the service; default: RUN_TABLE",
    )
    parser.add_argument(
        "--bucket",
        default=os.environ.get("DATA_BUCKET"),
        help="data bucket of the service; default: DATA_BUCKET",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="create a token and print it once")
    create.add_argument(
        "--scope",
        required=True,
        choices=[str(scope) for scope in Scope],
        help="read: GET; schedule: GET and POST; admin: everything",
    )
    create.add_argument("--days", type=float, default=90, help="validity in days (default 90)")
    create.add_argument(
        "--note", required=True, help="owner and purpose, 1-200 printable characters"
    )
    commands.add_parser("list", help="list the tokens, without their secrets")
    revoke = commands.add_parser("revoke", help="revoke a token")
    revoke.add_argument(
        "token_id", metavar="ID", help="the id that `list` prints: the part between the underscores"
    )
    index_parser = commands.add_parser(
        "index",
        help="read the facts of all scheduled sub-runs, for searches",
        description="Read the facts of all scheduled sub-runs, so that searches find them. Repeat "
        "the command after it was interrupted or files changed: facts are read once. Exit code 1: "
        "a sub-run cannot be read or, with --check, is not indexed.",
    )
    index_parser.add_argument("--nc", help="only this composition")
    index_parser.add_argument(
        "--check", action="store_true", help="read no file; print how many are not indexed"
    )
    purge_parser = commands.add_parser(
        "purge-datasets",
        help="list and delete what no version of a dataset needs",
        description="List the archives and documents below datasets/ that no version needs: those "
        "of deleted versions, and of freezes that never ended.",
    )
    purge_parser.add_argument("--delete", action="store_true", help="delete them")
    purge_parser.add_argument(
        "--older-than-days",
        type=float,
        default=7,
        metavar="DAYS",
        help="keep what was stored, or whose version was deleted, in the last DAYS (default 7)",
    )
    arguments = parser.parse_args()
    if arguments.command == "purge-datasets" and arguments.older_than_days < 1:
        parser.error("--older-than-days is less than 1, and would delete what freezes are storing")
    if not arguments.table and not arguments.stack:
        parser.error("--stack or --table (or RUN_TABLE) is required")
    if arguments.command in _DATA_COMMANDS and not arguments.bucket and not arguments.stack:
        parser.error("--stack or --bucket (or DATA_BUCKET) is required")
    return arguments


def _get_names(stack: str) -> tuple[str, str]:
    """Return the run table and the data bucket of a stack."""
    (description,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs: dict[str, str] = {
        output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])
    }
    return outputs["RunTableName"], outputs["DataBucketName"]


def _settings(arguments: argparse.Namespace) -> Settings:
    names = {"RUN_TABLE": arguments.table, "DATA_BUCKET": arguments.bucket}
    return Settings.from_mapping(os.environ | names)


def _index(arguments: argparse.Namespace, settings: Settings) -> bool:
    return (check if arguments.check else index)(settings, arguments.nc)


def _purge(arguments: argparse.Namespace, settings: Settings) -> bool:
    return purge_datasets(settings, arguments.older_than_days, delete=arguments.delete)


def _create(arguments: argparse.Namespace, tokens: TokenRepository) -> None:
    text, record = create_token(
        Scope(arguments.scope),
        arguments.note,
        timedelta(days=arguments.days),
        tokens=tokens,
        clock=SystemClock(),
    )
    print(text)
    print(
        f"{_format_record(record)}\n"
        "The token is not shown again. Set it as DATAOPS_TOKEN, or enter it on /docs (Authorize).",
        file=sys.stderr,
    )


def _list(_: argparse.Namespace, tokens: TokenRepository) -> None:
    records = tokens.list_all()
    heading = f"{'id':12}  {'scope':8}  {'validity':18}  note"
    print(heading if records else "no tokens; create one with `create`", file=sys.stderr)
    for record in records:
        print(_format_record(record))


def _revoke(arguments: argparse.Namespace, tokens: TokenRepository) -> None:
    revoke_token(arguments.token_id, tokens=tokens)
    print(
        f"{arguments.token_id} is revoked; API Gateway may cache its authorization for up to 60 s",
        file=sys.stderr,
    )


def _format_record(record: TokenRecord) -> str:
    state = "expired" if record.expires_at <= datetime.now(UTC) else "until"
    expiry = f"{state} {record.expires_at:%Y-%m-%d}"
    return f"{record.token_id}  {record.scope:8}  {expiry:18}  {record.description}"


_DATA_COMMANDS = {"index": _index, "purge-datasets": _purge}
_COMMANDS = {"create": _create, "list": _list, "revoke": _revoke}

if __name__ == "__main__":
    main()
