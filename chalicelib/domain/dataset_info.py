"""The description of the data set: `dataset.json` next to the compositions.

    {"name": "...", "description": "...", "license": "CC-BY-4.0", "creators": ["..."],
     "citation": "10.1103/...", "synthetic": false, "soap_descriptor": "soap cutoff=3.75 ..."}

Every field may be missing or null. Unknown fields are ignored.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .errors import InvalidInput
from .soap import SoapDescriptor

FILE_NAME = "dataset.json"
MAX_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """Description of the data set. `license` is an SPDX identifier, `citation` a DOI or a text."""

    name: str | None = None
    description: str | None = None
    license: str | None = None
    creators: tuple[str, ...] = ()
    citation: str | None = None
    synthetic: bool | None = None
    soap: SoapDescriptor | None = None

    @classmethod
    def parse(cls, content: bytes) -> DatasetInfo:
        """Return the content of a `dataset.json`.

        InvalidInput if it is too large, not a JSON object, or a field has the wrong type.
        """
        if len(content) > MAX_BYTES:
            raise InvalidInput(f"{FILE_NAME} has more than {MAX_BYTES} bytes")
        try:
            fields = json.loads(content)
            # Escapes can produce surrogates, which no response can contain.
            json.dumps(fields, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"{FILE_NAME} is not JSON: {error}") from None
        if not isinstance(fields, dict):
            raise InvalidInput(f"{FILE_NAME} is not a JSON object")
        creators = _field(fields, "creators", list) or []
        if not all(isinstance(creator, str) for creator in creators):
            raise InvalidInput(f"{FILE_NAME}: 'creators' is {creators!r}; expected a list of names")
        soap = _field(fields, "soap_descriptor", str)
        try:
            described = SoapDescriptor.parse(soap) if soap else None
        except InvalidInput as error:
            raise InvalidInput(f"{FILE_NAME}: 'soap_descriptor': {error}") from None
        return cls(
            name=_field(fields, "name", str),
            description=_field(fields, "description", str),
            license=_field(fields, "license", str),
            creators=tuple(creators),
            citation=_field(fields, "citation", str),
            synthetic=_field(fields, "synthetic", bool),
            soap=described,
        )

    @property
    def fingerprint(self) -> str:
        """Return the text of all fields that the metadata of archives contain, except SOAP.

        Empty if all fields are unknown.
        """
        described = (
            self.name,
            self.description,
            self.license,
            self.creators,
            self.citation,
            self.synthetic,
        )
        return json.dumps(described) if any(field not in (None, ()) for field in described) else ""


def _field(fields: dict[str, Any], name: str, expected: type) -> Any:
    value = fields.get(name)
    if value is not None and type(value) is not expected:
        raise InvalidInput(f"{FILE_NAME}: {name!r} is {value!r}; expected {expected.__name__}")
    return value
