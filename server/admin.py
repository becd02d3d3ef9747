"""`dataops-admin`: creates, lists and revokes the tokens of a service with AUTH=token. It needs AWS credentials for the run table.

    dataops-admin create --scope read --days 90 --note "Ada, training of the CuZr model"
    dataops-admin list
    dataops-admin revoke ID

`--stack` names the CloudFormation stack of the service, or `--table` (RUN_TABLE) its table; AWS_ENDPOINT_URL_DYNAMODB as everywhere.
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
from chalicelib.usecases.ports import TokenRepository
from chalicelib.usecases.tokens import create_token, revoke_token


def main() -> None:
    arguments = _arguments()
    try:
        table = arguments.table or _table_of(arguments.stack)
        _COMMANDS[arguments.command](
            arguments, DynamoTokenRepository(boto3.client("dynamodb"), table)
        )
    except (DataOpsError, BotoCoreError, ClientError) as error:
        sys.exit(f"dataops-admin: {error}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="dataops-admin",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stack", help="the CloudFormation stack of the service")
    parser.add_argument(
        "--table", default=os.environ.get("RUN_TABLE"), help="its run table; default: RUN_TABLE"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="make a token and print it: it is shown this once")
    create.add_argument(
        "--scope",
        required=True,
        type=Scope,
        choices=list(Scope),
        help="read: GET; schedule: POST too; admin: everything",
    )
    create.add_argument("--days", type=float, default=90, help="how long it is valid (default 90)")
    create.add_argument("--note", required=True, help="whose it is, and what for")
    commands.add_parser("list", help="the tokens that there are, without their secrets")
    revoke = commands.add_parser("revoke", help="end a token at once")
    revoke.add_argument(
        "token_id", metavar="ID", help="as `list` shows it: the part between the underscores"
    )
    arguments = parser.parse_args()
    if not arguments.table and not arguments.stack:
        parser.error("--stack or --table (or RUN_TABLE) is needed")
    return arguments


def _table_of(stack: str) -> str:
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs: dict[str, str] = {
        output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])
    }
    return outputs["RunTableName"]


def _create(arguments: argparse.Namespace, tokens: TokenRepository) -> None:
    text, record = create_token(
        arguments.scope,
        arguments.note,
        timedelta(days=arguments.days),
        tokens=tokens,
        clock=SystemClock(),
    )
    print(text)
    print(
        f"{_line(record)}\nIt is shown this once. Use it as DATAOPS_TOKEN, or behind Authorize on /docs.",
        file=sys.stderr,
    )


def _list(_: argparse.Namespace, tokens: TokenRepository) -> None:
    for record in tokens.list_all():
        print(_line(record))


def _revoke(arguments: argparse.Namespace, tokens: TokenRepository) -> None:
    revoke_token(arguments.token_id, tokens=tokens)
    print(
        f"{arguments.token_id} is revoked; API Gateway may remember it for a minute",
        file=sys.stderr,
    )


def _line(record: TokenRecord) -> str:
    state = "expired" if record.expires_at <= datetime.now(UTC) else "until"
    return f"{record.token_id}  {record.scope:8}  {state} {record.expires_at:%Y-%m-%d}  {record.description}"


_COMMANDS = {"create": _create, "list": _list, "revoke": _revoke}

if __name__ == "__main__":
    main()
