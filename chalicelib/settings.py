"""What the operator decides. The only reader of the environment; read at the first request, not at import."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .domain.errors import InvalidInput
from .domain.soap import PUBLISHED, SoapDescriptor

AddressingStyle = Literal["auto", "path", "virtual"]
AuthMode = Literal["none", "token", "iam"]


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message names it and its value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting by the name of its environment variable, in lower case; an empty variable counts as unset.

    An endpoint that is None means AWS's own. `s3_public_endpoint` is the address that callers reach the bucket under: presigned
    URLs are signed for it, because the signature covers the host. Archives of more than `build_inline_max_bytes` (unpacked) are
    built by the Lambda function `builder_function`, or in the background of the process if there is none; a process builds at most
    `build_concurrency` archives at a time. `soap_descriptor` is what the stored SOAP
    vectors were computed with, as quippy writes it; metadata tell it.
    """

    run_table: str
    data_bucket: str
    data_prefix: str
    region: str
    s3_endpoint: str | None
    s3_public_endpoint: str | None
    s3_addressing_style: AddressingStyle
    dynamodb_endpoint: str | None
    lambda_endpoint: str | None
    job_run_time_seconds: float
    url_ttl_seconds: int
    build_inline_max_bytes: int
    build_concurrency: int
    builder_function: str | None
    soap_descriptor: SoapDescriptor

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Settings:
        """SettingsError for a missing table or bucket name, and for values out of their range."""

        def text(name: str) -> str | None:
            return environment.get(name, "").strip() or None

        def required(name: str) -> str:
            value = text(name)
            if value is None:
                raise SettingsError(f"{name} is not set")
            return value

        def number(name: str, default: float, low: float, high: float) -> float:
            value = text(name)
            try:
                result = default if value is None else float(value)
            except ValueError:
                raise SettingsError(f"{name}={value!r} is not a number") from None
            if not low <= result <= high:
                raise SettingsError(
                    f"{name}={value!r} is out of range: expected {low:g} to {high:g}"
                )
            return result

        def soap(name: str) -> SoapDescriptor:
            value = text(name)
            try:
                return PUBLISHED if value is None else SoapDescriptor.parse(value)
            except InvalidInput as error:
                raise SettingsError(f"{name}: {error}") from None

        styles: dict[str, AddressingStyle] = {"auto": "auto", "path": "path", "virtual": "virtual"}
        style = text("S3_ADDRESSING_STYLE") or "auto"
        if style not in styles:
            raise SettingsError(f"S3_ADDRESSING_STYLE={style!r} is not one of {', '.join(styles)}")
        s3_endpoint = text("AWS_ENDPOINT_URL_S3") or text("AWS_ENDPOINT_URL")
        prefix = (text("DATA_PREFIX") or "").strip("/")
        return cls(
            run_table=required("RUN_TABLE"),
            data_bucket=required("DATA_BUCKET"),
            data_prefix=f"{prefix}/" if prefix else "",
            region=text("AWS_REGION") or text("AWS_DEFAULT_REGION") or "us-east-1",
            s3_endpoint=s3_endpoint,
            s3_public_endpoint=text("S3_PUBLIC_ENDPOINT") or s3_endpoint,
            s3_addressing_style=styles[style],
            dynamodb_endpoint=text("AWS_ENDPOINT_URL_DYNAMODB") or text("AWS_ENDPOINT_URL"),
            lambda_endpoint=text("AWS_ENDPOINT_URL_LAMBDA") or text("AWS_ENDPOINT_URL"),
            job_run_time_seconds=number("JOB_RUN_TIME_SECONDS", 300, 0, 31_536_000),
            url_ttl_seconds=int(number("URL_TTL_SECONDS", 900, 1, 604_800)),
            build_inline_max_bytes=int(number("BUILD_INLINE_MAX_BYTES", 256 * 1024**2, 0, 2**40)),
            build_concurrency=int(number("BUILD_CONCURRENCY", 4, 1, 256)),
            builder_function=text("BUILDER_FUNCTION"),
            soap_descriptor=soap("SOAP_DESCRIPTOR"),
        )

    @classmethod
    def from_environment(cls) -> Settings:
        return cls.of(os.environ)


def auth_mode(environment: Mapping[str, str] = os.environ) -> AuthMode:
    """How callers are let in: AUTH, or, where it is not set, `none` on one's own machine and `token` on Lambda. SettingsError for others.

    Read at import, unlike the rest: the routes that Chalice packages say who may call them.
    """
    modes: dict[str, AuthMode] = {"none": "none", "token": "token", "iam": "iam"}
    default = "token" if environment.get("AWS_LAMBDA_FUNCTION_NAME") else "none"
    value = environment.get("AUTH", "").strip() or default
    if value not in modes:
        raise SettingsError(f"AUTH={value!r} is not one of {', '.join(modes)}")
    return modes[value]
