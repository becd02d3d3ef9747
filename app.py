"""The entry point of the API: a Chalice app with its blueprints, access control and middleware.

AUTH and ALLOWED_ORIGINS are read here, at import, because Chalice packages the authorizer and the
methods of each route.
"""

import os

from chalice.app import Chalice

from chalicelib.api import openapi_routes, web_ui
from chalicelib.api.cors import CorsPolicy
from chalicelib.api.middleware import AccessControl, register_middleware
from chalicelib.lambda_handlers import authorizer, build_archive
from chalicelib.settings import allowed_origins, auth_mode

app = Chalice(app_name="dataops-api")
for module in (*openapi_routes.DOCUMENTED, openapi_routes, web_ui, build_archive, authorizer):
    app.register_blueprint(module.blueprint)
cors = CorsPolicy(allowed_origins(os.environ))
cors.register(app)
access = AccessControl(app, authorizer.authorize)
access.configure(auth_mode(os.environ))
register_middleware(app, access)
