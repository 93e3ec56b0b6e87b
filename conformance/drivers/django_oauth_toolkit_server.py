"""Serves an authorization server made with django-oauth-toolkit, its settings at their defaults.

Registration is switched on, since the client brings no registration; the user is logged in and has consented.
"""

import json
import os
import sys
import tempfile
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from browser import die_with_parent


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def logged_in(get_response):
    """The user's session, without its cookies."""
    from django.contrib.auth import get_user_model

    def middleware(request):
        request.user = get_user_model().objects.get(username="user")
        return get_response(request)

    return middleware


def application(folder):
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="loopback only",
        ALLOWED_HOSTS=["127.0.0.1"],
        DEBUG=False,
        USE_TZ=True,
        ROOT_URLCONF="routes",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", f"{__name__}.logged_in"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(folder, "db"),
                "OPTIONS": {"timeout": 20},
            }
        },
        OAUTH2_PROVIDER={
            "DCR_ENABLED": True,
            "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING_CONFIG=None,
    )
    django.setup()
    import types

    from django.core.management import call_command
    from django.urls import include, path

    routes = types.ModuleType("routes")
    routes.urlpatterns = [path("", include("oauth2_provider.urls"))]
    sys.modules["routes"] = routes
    call_command("migrate", verbosity=0)

    from django.contrib.auth import get_user_model
    from django.core.wsgi import get_wsgi_application
    from django.db.models.signals import pre_save
    from oauth2_provider.models import get_application_model

    get_user_model().objects.create_user("user")

    def consented(sender, instance, **_):
        instance.skip_authorization = True

    pre_save.connect(consented, sender=get_application_model(), weak=False)
    return get_wsgi_application()


def main():
    job = json.loads(sys.stdin.readline())
    die_with_parent()
    os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        served = make_server("127.0.0.1", 0, application(folder), Server, Quiet)
        # It takes its issuer from the host that a request names.
        issuer = job.get("issuer") or f"http://127.0.0.1:{served.server_port}"
        print(json.dumps({"ready": True, "port": served.server_port, "issuer": issuer}), flush=True)
        served.serve_forever()


if __name__ == "__main__":
    main()
