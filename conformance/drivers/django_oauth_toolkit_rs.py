"""Protects a Django view with django-oauth-toolkit as a resource server that asks its AS about tokens (RFC 7662).

Its settings are at their defaults but for those that say who and where that is; ``metadata`` is the view that it has
for RFC 9728.
"""

import json
import os
import sys
import tempfile
from wsgiref.simple_server import make_server

from browser import die_with_parent
from django_oauth_toolkit_server import Quiet, Server


def application(folder, job):
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="loopback only",
        ALLOWED_HOSTS=["127.0.0.1"],
        DEBUG=False,
        USE_TZ=True,
        ROOT_URLCONF="routes",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(folder, "db"),
                "OPTIONS": {"timeout": 20},
            }
        },
        OAUTH2_PROVIDER={
            "RESOURCE_SERVER_INTROSPECTION_URL": job["introspection"],
            "RESOURCE_SERVER_INTROSPECTION_CREDENTIALS": (job["client_id"], job["client_secret"]),
            "OAUTH2_PROTECTED_RESOURCE_IDENTIFIER": job["url"],
            "OAUTH2_PROTECTED_RESOURCE_AUTHORIZATION_SERVERS": [job["issuer"]],
            "SCOPES": {job["scope"]: "Reading"},
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING_CONFIG=None,
    )
    django.setup()
    import types

    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.urls import include, path
    from django.views.decorators.csrf import csrf_exempt
    from oauth2_provider.views.generic import ScopedProtectedResourceView
    from oauth2_provider.views.mixins import ProtectedResourceMetadataMixin

    class Resource(ScopedProtectedResourceView):
        def get_scopes(self):
            return [job["scope"]]

        def get(self, request):
            return JsonResponse({"data": "protected"})

        post = get

    class Advertised(ProtectedResourceMetadataMixin, Resource):
        pass

    view = csrf_exempt((Advertised if job["variant"] == "metadata" else Resource).as_view())
    place = job["path"].lstrip("/")
    routes = types.ModuleType("routes")
    routes.urlpatterns = [
        path(place, view),
        path(f"{place}/below", view),
        path("", include("oauth2_provider.urls")),
    ]
    sys.modules["routes"] = routes
    call_command("migrate", verbosity=0)
    return get_wsgi_application()


def main():
    job = json.loads(sys.stdin.readline())
    die_with_parent()
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        served = make_server("127.0.0.1", 0, application(folder, job), Server, Quiet)
        print(json.dumps({"ready": True, "port": served.server_port}), flush=True)
        served.serve_forever()


if __name__ == "__main__":
    main()
