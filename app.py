"""The DataOps API as a Chalice app: registers the doors; nothing else."""

from chalice.app import Chalice

from chalicelib.routes import (
    archives,
    authorizer,
    bonds,
    builder,
    compositions,
    dataset_info,
    docs,
    files,
    meta,
    page,
    runs,
)

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
