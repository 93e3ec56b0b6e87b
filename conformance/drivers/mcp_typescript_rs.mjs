// Protects an Express route with the bearer middleware of MCP's TypeScript SDK; its token verifier is the host's, as the
// SDK has it: signature, issuer and expiry, and the audience as the resource.
// openworld: {"host": ["rs_trust", "issuer_match", "key_lookup", "rs_keys", "typ_check", "rs_cnf", "audience_check"]}
import { createServer } from 'node:http';

import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';

import { serve } from './browser.mjs';

process.env.MCP_DANGEROUSLY_ALLOW_INSECURE_ISSUER_URL = 'true';

function verifier(job) {
  const keys = createRemoteJWKSet(new URL(job.jwks));
  return {
    async verifyAccessToken(token) {
      let claims;
      try {
        claims = (await jwtVerify(token, keys, { issuer: job.issuer, algorithms: [job.algorithm ?? 'ES256'] })).payload;
      } catch (error) {
        throw new InvalidTokenError(error.message);
      }
      const audience = [claims.aud ?? []].flat();
      const resource = audience.find((one) => one === job.url) ?? audience[0];
      return {
        token, clientId: claims.client_id ?? '', scopes: (claims.scope ?? '').split(' '), expiresAt: claims.exp,
        resource: resource && new URL(resource),
      };
    },
  };
}

await serve(async (job, issuer) => {
  const url = new URL(job.url);
  const app = express();
  app.use(express.json());
  app.use(mcpAuthMetadataRouter({
    oauthMetadata: {
      issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`,
      response_types_supported: ['code'],
    },
    resourceServerUrl: url,
  }));
  const guard = requireBearerAuth({
    verifier: verifier(job), requiredScopes: [job.scope], resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url),
    ...(job.variant === 'expected' ? { expectedResource: url } : {}),
  });
  app.post([job.path, `${job.path}/below`], guard, async (request, response) => {
    const server = new McpServer({ name: 'openworld', version: '1' });
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    await server.connect(transport);
    await transport.handleRequest(request, response, request.body);
  });
  return { issuer, listener: app };
}, createServer);
