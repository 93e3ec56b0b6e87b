"""A Django site with django-oauth-toolkit, its store in a folder: what its AS and its resource server share."""

import os
import sys
import types

import django
from django.conf import settings


def start(folder, *apps, **more):
    """Configure it: these applications beside those that the toolkit needs, and these settings beside the usual."""
    settings.configure(
        SECRET_KEY="loopback only",
        ALLOWED_HOSTS=["127.0.0.1"],
        DEBUG=False,
        USE_TZ=True,
        ROOT_URLCONF="routes",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", *apps, "oauth2_provider"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": os.path.join(folder, "db"),
                "OPTIONS": {"timeout": 20},
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        LOGGING_CONFIG=None,
        **more,
    )
    django.setup()


def site(*paths):
    """The application with these paths and those of the toolkit, its store laid out."""
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.urls import include, path

    routes = types.ModuleType("routes")
    routes.urlpatterns = [*paths, path("", include("oauth2_provider.urls"))]
    sys.modules["routes"] = routes
    call_command("migrate", verbosity=0)
    return get_wsgi_application()
