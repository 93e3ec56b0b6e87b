"""The rules of a proxy that is an AS to its own clients and one client to the AS behind it (steps S12 and S14)."""

from model.logic import Condition, any_of, implies, same
from model.rule import rule
from model.switching import Choices


@rule("MCP-proxy", source="MCP security best practices (confused deputy, per-client consent)")
def consent_is_asked_per_client(design: Choices, approved: Condition) -> Condition:
    """The proxy sends a browser on to the AS behind it only once its user has approved this very client."""
    return any_of(same(design.per_client_consent, "off"), approved)


@rule("MCP-proxy", source="MCP security best practices (confused deputy, OAuth state parameter validation)")
def state_is_set_after_consent(design: Choices, passed: Condition) -> Condition:
    """The state of a transaction is good for a callback only once the consent page, if there is one, was passed."""
    return any_of(passed, same(design.state_set, "before_consent"))


@rule("MCP-proxy", source="MCP security best practices (confused deputy, consent cookie security); GHSA-rww4-4w9c-7733")
def callback_browser_passed_consent(design: Choices, other_browser: Condition) -> Condition:
    """The browser that comes back from the AS behind the proxy is the one in which the transaction was begun."""
    return implies(other_browser, same(design.callback_bind, "off"))
