"""The OpenAPI 3.1 document, generated from the declarations of the endpoints.

Pure: no I/O, no web framework.
"""

from .document import build_openapi_document
from .operations import OpenApiContext, Operation

__all__ = ["OpenApiContext", "Operation", "build_openapi_document"]
