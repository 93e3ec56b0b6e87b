"""Serves an authorization server made with django-oauth-toolkit, its settings at their defaults.

Registration is switched on, since the client brings no registration; the user is logged in and has consented.
"""

import django_site
from wsgi import serve


def logged_in(get_response):
    """The user's session, without its cookies."""
    from django.contrib.auth import get_user_model

    def middleware(request):
        request.user = get_user_model().objects.get(username="user")
        return get_response(request)

    return middleware


def application(job, issuer, folder):
    """It takes its issuer from the host that a request names."""
    django_site.start(
        folder,
        "django.contrib.sessions",
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", f"{__name__}.logged_in"],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        OAUTH2_PROVIDER={
            "DCR_ENABLED": True,
            "DCR_REGISTRATION_PERMISSION_CLASSES": ("oauth2_provider.dcr.AllowAllDCRPermission",),
        },
    )
    served = django_site.site()

    from django.contrib.auth import get_user_model
    from django.db.models.signals import pre_save
    from oauth2_provider.models import get_application_model

    get_user_model().objects.create_user("user")

    def consented(sender, instance, **_):
        instance.skip_authorization = True

    pre_save.connect(consented, sender=get_application_model(), weak=False)
    return served


if __name__ == "__main__":
    serve(application)
