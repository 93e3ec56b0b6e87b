"""The worlds as tests ask about them: which of them each time, and their templates, each made once for all tests."""

from functools import cache

import pytest

from model.world_file import WORLDS
from properties.template import Template

#: The larger worlds, which have the default one's rules for more parties and take longer: asked when there is time.
LARGE = (
    "client_classes",
    "crm_then_billing",
    "mixup",
    "shared_as",
    "trust_domain",
    "two_as",
    "two_clients",
    "two_users_sessions",
)
EACH_TIME = [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in WORLDS]

template_of = cache(Template)
