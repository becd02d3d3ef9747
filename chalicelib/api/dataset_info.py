"""The endpoint of the description of the data set."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.bootstrap import services
from chalicelib.domain.errors import Unavailable

from .endpoint import ApiBlueprint, endpoint

blueprint = ApiBlueprint(__name__, tag="data")


class DatasetDescription(Struct):
    """The description of the data set, from `dataset.json` in the data bucket.

    Unknown fields are null.
    """

    name: Annotated[
        str | None,
        Meta(
            description="Name of the data set",
            examples=["Metallic glasses: bonds and SOAP descriptors"],
        ),
    ]
    description: Annotated[str | None, Meta(description="Description of the data")]
    license: Annotated[str | None, Meta(description="SPDX identifier", examples=["CC-BY-4.0"])]
    creators: Annotated[
        list[str] | None, Meta(description="Names", examples=[["A. Author", "B. Author"]])
    ]
    citation: Annotated[
        str | None, Meta(description="DOI or text", examples=["10.1103/PhysRevMaterials.4.113603"])
    ]
    synthetic: Annotated[
        bool | None, Meta(description="True if a program generated the data: not for science")
    ]
    soap_descriptor: Annotated[
        str | None, Meta(description="Parameters of the SOAP vectors, in the syntax of quippy")
    ]


@endpoint(
    blueprint,
    "GET",
    "/v1/dataset-info",
    operation_id="dataset_info",
    response=DatasetDescription,
    errors=(Unavailable,),
)
def get_dataset_info() -> DatasetDescription:
    """Describe the data set.

    Returns name, licence, creators and citation from `dataset.json` in the data bucket, and
    whether the data are synthetic.
    """
    info = services().dataset.get_valid()
    return DatasetDescription(
        name=info.name,
        description=info.description,
        license=info.license,
        creators=list(info.creators) or None,
        citation=info.citation,
        synthetic=info.synthetic,
        soap_descriptor=info.soap.text if info.soap else None,
    )
