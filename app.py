"""The entry point of the API: a Chalice app with its blueprints, access control and middleware.

AUTH is read here, at import, because Chalice packages the authorizer of each route.
"""

import os

from chalice.app import Chalice

from chalicelib.api import openapi_routes, web_ui
from chalicelib.api.middleware import AccessControl, register_middleware
from chalicelib.lambda_handlers import authorizer, build_archive
from chalicelib.settings import auth_mode

app = Chalice(app_name="dataops-api")
for module in (*openapi_routes.DOCUMENTED, openapi_routes, web_ui, build_archive, authorizer):
    app.register_blueprint(module.blueprint)
access = AccessControl(app, authorizer.authorize)
access.configure(auth_mode(os.environ))
register_middleware(app, access)
