"""The route of the description of the data set."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.bootstrap import services
from chalicelib.domain.errors import Unavailable

from .endpoint import Door, endpoint

door = Door(__name__, tag="dataset_info")


class DatasetDescription(Struct):
    """The description of the data set, from `dataset.json` beside the compositions. Fields are null if they are not known."""

    name: Annotated[
        str | None,
        Meta(
            description="Name of the data set",
            examples=["Metallic glasses: bonds and SOAP descriptors"],
        ),
    ]
    description: Annotated[str | None, Meta(description="What the data are")]
    license: Annotated[str | None, Meta(description="SPDX identifier", examples=["CC-BY-4.0"])]
    creators: Annotated[
        list[str] | None, Meta(description="Names", examples=[["A. Author", "B. Author"]])
    ]
    citation: Annotated[
        str | None, Meta(description="DOI or text", examples=["10.1103/PhysRevMaterials.4.113603"])
    ]
    synthetic: Annotated[
        bool | None, Meta(description="True if the data were made up by a program: not for science")
    ]
    soap_descriptor: Annotated[
        str | None, Meta(description="The descriptor of the SOAP vectors, as quippy writes it")
    ]


@endpoint(
    door,
    "GET",
    "/v1/dataset-info",
    operation_id="dataset_info",
    returns=DatasetDescription,
    fails=(Unavailable,),
)
def dataset_info() -> DatasetDescription:
    """Get the description of the data set: name, licence, creators, citation, and whether it is synthetic."""
    info = services().dataset.checked()
    return DatasetDescription(
        name=info.name,
        description=info.description,
        license=info.license,
        creators=list(info.creators) or None,
        citation=info.citation,
        synthetic=info.synthetic,
        soap_descriptor=info.soap.text if info.soap else None,
    )
