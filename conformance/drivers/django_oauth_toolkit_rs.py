"""Protects a Django view with django-oauth-toolkit as a resource server that asks its AS about tokens (RFC 7662).

Its settings are at their defaults but for those that say who and where that is; ``metadata`` is the view that it has
for RFC 9728.
"""

import django_site
from wsgi import serve


def application(job, issuer, folder):
    django_site.start(
        folder,
        OAUTH2_PROVIDER={
            "RESOURCE_SERVER_INTROSPECTION_URL": job["introspection"],
            "RESOURCE_SERVER_INTROSPECTION_CREDENTIALS": (job["client_id"], job["client_secret"]),
            "OAUTH2_PROTECTED_RESOURCE_IDENTIFIER": job["url"],
            "OAUTH2_PROTECTED_RESOURCE_AUTHORIZATION_SERVERS": [issuer],
            "SCOPES": {job["scope"]: "Reading"},
        },
    )

    from django.http import JsonResponse
    from django.urls import path
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
    return django_site.site(path(place, view), path(f"{place}/below", view))


if __name__ == "__main__":
    serve(application)
