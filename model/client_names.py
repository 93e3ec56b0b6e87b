"""What deployed clients are called: one name for each everywhere, and the others that are understood."""

from collections.abc import Mapping

#: Other names of clients: those of packages, and those that earlier versions of this software used.
ALIASES: Mapping[str, str] = {
    "mcp-typescript": "ts-sdk-v1", "@modelcontextprotocol/sdk": "ts-sdk-v1", "mcp-typescript-client": "ts-client-v2",
    "@modelcontextprotocol/client": "ts-client-v2", "fastmcp": "fastmcp-client", "@ai-sdk/mcp": "ai-sdk-mcp",
    "codex": "codex-cli", "@openai/codex": "codex-cli", "mcp": "mcp-python",
    "@google/gemini-cli-core": "gemini-cli-core",
}  # fmt: skip


def canonical(name: str) -> str:
    """The name that is used everywhere for a client, or for a version of one, that somebody names otherwise."""
    implementation, equals, version = name.partition("==")
    return f"{ALIASES.get(implementation, implementation)}{equals}{version}"
