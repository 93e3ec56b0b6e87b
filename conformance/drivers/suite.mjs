// The command line of MCP's published conformance suite.
import '@modelcontextprotocol/conformance/dist/index.js';
