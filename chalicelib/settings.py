"""Configuration, read from environment variables.

`bootstrap` reads it at the first request. AUTH and ALLOWED_ORIGINS are read at import, by `app`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .domain.errors import InvalidInput
from .domain.soap import PUBLISHED, SoapDescriptor

AddressingStyle = Literal["auto", "path", "virtual"]
AuthMode = Literal["none", "token", "iam"]
_ORIGIN = re.compile(
    r"\*|https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9A-Fa-f:]+\](:[0-9]{1,5})?"
)


class SettingsError(Exception):
    """A setting is missing or invalid; the message contains its name and value."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, named like their environment variables in lower case.

    `app`, the log and the self-hosted server read further ones: AUTH, ALLOWED_ORIGINS,
    METRICS_NAMESPACE, WEB_WORKERS, WEB_THREADS and METRICS_PORT.

    An empty variable is treated as unset.

    An endpoint is None for AWS itself. `s3_public_endpoint` is the endpoint under which callers
    reach the bucket: presigned URLs are signed for it, because the signature covers the host.
    Archives larger than `build_inline_max_bytes` (uncompressed) are built by the Lambda function
    `builder_function`, or in the background of the process if it is None. A process builds at most
    `build_concurrency` archives concurrently. `soap_descriptor` contains the parameters of the
    stored SOAP vectors, for the metadata of archives. Up to `max_held_requests` requests of a
    process wait for a change; by default a quarter of its threads, so that the others serve
    requests.
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
    max_held_requests: int

    @classmethod
    def from_mapping(cls, environment: Mapping[str, str]) -> Settings:
        """Return the settings of environment variables.

        SettingsError if a required one is missing or a value is invalid.
        """

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
                raise SettingsError(f"invalid {name}={value!r}; expected a number") from None
            if not low <= result <= high:
                raise SettingsError(f"invalid {name}={value!r}; expected {low:g} to {high:g}")
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
            raise SettingsError(
                f"invalid S3_ADDRESSING_STYLE={style!r}; expected one of {', '.join(styles)}"
            )
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
            max_held_requests=int(
                number("MAX_HELD_REQUESTS", number("WEB_THREADS", 64, 1, 100_000) // 4, 0, 100_000)
            ),
        )


def allowed_origins(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the origins of ALLOWED_ORIGINS, separated by commas; none by default.

    SettingsError unless each is `*`, or scheme and host without a path.
    """
    origins = tuple(filter(None, re.split(r"[\s,]+", environment.get("ALLOWED_ORIGINS", ""))))
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"invalid ALLOWED_ORIGINS entry {origin!r}; expected an origin such as "
                "'https://app.example.org', without a path"
            )
    return origins


def auth_mode(environment: Mapping[str, str]) -> AuthMode:
    """Return the access control mode AUTH; the default is `token` on Lambda and `none` elsewhere.

    SettingsError if it is invalid.
    """
    modes: dict[str, AuthMode] = {"none": "none", "token": "token", "iam": "iam"}
    default = "token" if environment.get("AWS_LAMBDA_FUNCTION_NAME") else "none"
    value = environment.get("AUTH", "").strip() or default
    if value not in modes:
        raise SettingsError(f"invalid AUTH={value!r}; expected one of {', '.join(modes)}")
    return modes[value]
