"""`dataops-admin`: creates, lists and revokes the tokens of a service with AUTH=token.

    dataops-admin create --scope read --days 90 --note "Ada, training of the CuZr model"
    dataops-admin list
    dataops-admin revoke ID

Requires AWS credentials for the run table. `--stack` is the CloudFormation stack of the service,
`--table` (or RUN_TABLE) its run table. AWS_ENDPOINT_URL_DYNAMODB selects another store.
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
        table = arguments.table or _get_table_name(arguments.stack)
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
    parser.add_argument("--stack", help="CloudFormation stack of the service")
    parser.add_argument(
        "--table",
        default=os.environ.get("RUN_TABLE"),
        help="run table of the service; default: RUN_TABLE",
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
    arguments = parser.parse_args()
    if not arguments.table and not arguments.stack:
        parser.error("--stack or --table (or RUN_TABLE) is required")
    return arguments


def _get_table_name(stack: str) -> str:
    (description,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs: dict[str, str] = {
        output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])
    }
    return outputs["RunTableName"]


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


_COMMANDS = {"create": _create, "list": _list, "revoke": _revoke}

if __name__ == "__main__":
    main()
