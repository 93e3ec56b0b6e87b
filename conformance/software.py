"""The real software that can be driven, and how its name and version are written."""

import re
from dataclasses import dataclass
from typing import Literal

from model.client_names import canonical
from model.errors import InputError, hint

_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]*")


#: Where software comes from; ``path`` and ``git`` are on this machine, and ``deb`` is the distribution's.
Registry = Literal["pypi", "npm", "path", "git", "deb"]


#: How packages are named, by where they are from.
FORMS = {
    "pypi": "pypi:NAME==VERSION", "npm": "npm:NAME@VERSION", "path": "path:FILE-OR-FOLDER", "git": "git:FOLDER",
    "deb": "deb:NAME",
}  # fmt: skip


class SoftwareError(InputError):
    """Software that is not known, or that cannot be installed or started here."""


@dataclass(frozen=True, slots=True)
class Software:
    """One piece of real software.

    Attributes:
        name: how users name it.
        registry: where it comes from.
        driver: the program in ``conformance/drivers`` that runs it.
        tested: the version that the project is tested with.
        package: its name where it comes from, if that is another.
        known_as: of a server, its product among those of the population, if that is another; clients have one name.
        beside: packages that the driver needs beside it.
        node: the oldest Node that runs it, for npm packages.
        single_call: it makes one call only, so scenarios with more do not apply.
        documents: it can be given a client metadata document.
        own_document: the URL of the document that it names where it has a choice; nobody fetches it.
        listens: it answers at the callback itself.
        variants: the configurations of a server that are tried; of a client, the one that it is driven in.
    """

    name: str
    registry: Registry
    driver: str
    tested: str
    package: str = ""
    known_as: str = ""
    beside: tuple[str, ...] = ()
    node: int = 20
    single_call: bool = False
    documents: bool = True
    own_document: str = ""
    listens: bool = False
    variants: tuple[str, ...] = ("default",)

    def __post_init__(self) -> None:
        for other in ("package", "known_as"):
            object.__setattr__(self, other, getattr(self, other) or self.name)


@dataclass(frozen=True, slots=True)
class Release:
    """A piece of software in one exact version."""

    software: Software
    version: str

    def __str__(self) -> str:
        return f"{self.software.name}=={self.version}"

    @property
    def slug(self) -> str:
        """The same as a file name."""
        return slug(str(self))


def slug(name: str) -> str:
    """Return a name as that of a file."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-")


def _named(*known: Software) -> dict[str, Software]:
    return {software.name: software for software in known}


_TYPESCRIPT = "mcp_typescript.mjs"

CLIENTS = _named(
    # Older releases (1.16, say) do not start with a newer pydantic.
    Software("mcp-python", "pypi", "mcp_python.py", "2.3.0", "mcp", beside=("pydantic<2.14",)),
    Software("fastmcp-client", "pypi", "fastmcp_client.py", "4.2.3", "fastmcp", listens=True),
    Software("ts-sdk-v1", "npm", _TYPESCRIPT, "1.32.2", "@modelcontextprotocol/sdk"),
    Software("ts-client-v2", "npm", _TYPESCRIPT, "2.4.0", "@modelcontextprotocol/client"),
    Software("ts-client-v2-dpop", "npm", _TYPESCRIPT, "2.4.0", "@modelcontextprotocol/client", variants=("dpop",)),
    Software("oauth4webapi", "npm", "oauth4webapi.mjs", "3.8.8", single_call=True),
    Software("ai-sdk-mcp", "npm", "ai_sdk.mjs", "2.0.99", "@ai-sdk/mcp", node=22, documents=False),
    Software("mcp-remote", "npm", "mcp_remote.mjs", "0.15.1", listens=True, documents=False),
    Software("gemini-cli-core", "npm", "gemini_cli_core.mjs", "0.61.0", "@google/gemini-cli-core", listens=True,
             documents=False),
    Software("codex-cli", "npm", "codex.mjs", "0.169.0", "@openai/codex", listens=True,
             own_document="https://chatgpt.com/oauth/codex/client.json"),
)  # fmt: skip

SERVERS = _named(
    Software("authlib", "pypi", "authlib_server.py", "1.9.10", known_as="Authlib", beside=("flask",)),
    Software("django-oauth-toolkit", "pypi", "django_oauth_toolkit_server.py", "3.4.1"),
    Software("oidc-provider", "npm", "oidc_provider.mjs", "9.13.3", node=22,
             variants=("default", "configured", "disabled")),
    Software("@cloudflare/workers-oauth-provider", "npm", "workers_oauth_provider.mjs", "1.2.3",
             known_as="workers-oauth-provider", node=22, variants=("one", "several")),
    Software("fastmcp", "pypi", "fastmcp_server.py", "4.2.3", known_as="FastMCP"),
)  # fmt: skip

#: What is protected with them is of the driver's making: an MCP server for those of MCP, else a route.
RESOURCE_SERVERS = _named(
    Software("authlib", "pypi", "authlib_rs.py", "1.9.10", known_as="Authlib", beside=("flask",)),
    Software("mcp-python", "pypi", "mcp_python_rs.py", "2.3.0", "mcp", "MCP Python SDK", beside=("pydantic<2.14",),
             variants=("default", "validated")),
    Software("ts-sdk-v1", "npm", "mcp_typescript_rs.mjs", "1.32.2", "@modelcontextprotocol/sdk", "MCP TypeScript SDK",
             variants=("default", "expected")),
    Software("express-oauth2-jwt-bearer", "npm", "express_oauth2_jwt_bearer.mjs", "1.10.0", beside=("express",),
             variants=("default", "strict", "dpop_required", "dpop_disabled")),
    Software("oidc-provider", "npm", "oidc_provider_rs.mjs", "9.13.3", node=22, variants=("default", "nonce")),
    Software("fastmcp", "pypi", "fastmcp_rs.py", "4.2.3", known_as="FastMCP", variants=("default", "audience")),
    Software("django-oauth-toolkit", "pypi", "django_oauth_toolkit_rs.py", "3.4.1", variants=("default", "metadata")),
    Software("mod-oauth2", "deb", "mod_oauth2.py", "4.0.0-1", "libapache2-mod-oauth2", "mod_oauth2",
             variants=("default", "dpop", "mtls", "introspection", "unasked")),
    Software("mod-auth-openidc", "deb", "mod_auth_openidc.py", "2.4.17-1+deb13u1", "libapache2-mod-auth-openidc",
             "mod_auth_openidc", variants=("default", "introspection", "unasked")),
)  # fmt: skip


def release(text: str, known: dict[str, Software], role: str) -> Release:
    """The release that a text such as ``mcp-python==2.3.0`` names.

    Raises:
        SoftwareError: unknown software, or no exact version.
    """
    name, equals, version = text.partition("==")
    name = name if name in known else canonical(name)
    if name not in known:
        raise SoftwareError(f"unknown {role} {name!r}{hint(name, known)}")
    if not equals or not _VERSION.fullmatch(version):
        example = f"{name}=={known[name].tested}"
        raise SoftwareError(f"{role} {text!r} does not name an exact version; write for example {example}")
    return Release(known[name], version)
