"""The DataOps API as a Chalice app: registers the doors; nothing else."""

from chalice.app import Chalice

from chalicelib.api import archives, bonds, compositions, dataset_info, files, runs
from chalicelib.api import health as meta
from chalicelib.api import openapi_routes as docs
from chalicelib.api import web_ui as page
from chalicelib.lambda_handlers import authorizer
from chalicelib.lambda_handlers import build_archive as builder

app = Chalice(app_name="dataops-api")
for module in (
    runs,
    archives,
    bonds,
    files,
    compositions,
    dataset_info,
    builder,
    meta,
    docs,
    page,
    authorizer,
):
    app.register_blueprint(module.door)
authorizer.guard(app)
