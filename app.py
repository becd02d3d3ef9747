"""The DataOps API as a Chalice app: registers the doors; nothing else."""

from chalice.app import Chalice

from chalicelib.routes import archives, builder, meta, runs

app = Chalice(app_name="dataops-api")
for module in (runs, archives, builder, meta):
    app.register_blueprint(module.door)
