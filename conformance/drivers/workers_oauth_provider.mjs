// Serves @cloudflare/workers-oauth-provider in Node: its store is a map, and its one import of the platform is
// answered by a class without content. The user is logged in and has consented.
import { createServer } from 'node:http';

import { serve } from './browser.mjs';
import { replace } from './replace.mjs';

replace('cloudflare:workers', 'export class WorkerEntrypoint {}');
const { AuthorizationError, OAuthAuthorizationServer } = await import('@cloudflare/workers-oauth-provider');

function store() {
  const kept = new Map();
  return {
    get: async (key, options) => {
      const value = kept.get(key) ?? null;
      return value !== null && (options === 'json' || options?.type === 'json') ? JSON.parse(value) : value;
    },
    put: async (key, value) => { kept.set(key, value); },
    delete: async (key) => { kept.delete(key); },
    list: async ({ prefix = '' } = {}) => ({
      keys: [...kept.keys()].filter((name) => name.startsWith(prefix)).map((name) => ({ name })), list_complete: true,
    }),
  };
}

async function authorize(server, env, request) {
  const oauth = server.getOAuthApi(env);
  try {
    const asked = await oauth.parseAuthRequest(request);
    const { redirectTo } = await oauth.completeAuthorization({
      request: asked, userId: 'user', metadata: {}, scope: asked.scope, props: { userId: 'user' },
    });
    return Response.redirect(redirectTo, 302);
  } catch (error) {
    if (!(error instanceof AuthorizationError)) throw error;
    if (error.redirectTo) return Response.redirect(error.redirectTo, 302);
    return new Response(error.code ?? error.message, { status: 400 });
  }
}

await serve(async (job, issuer) => {
  const resources = job.variant === 'several' ? [...job.resources, 'https://second.example/mcp'] : job.resources;
  const server = new OAuthAuthorizationServer({
    issuer, resources, scopesSupported: ['read', 'offline_access'], authorizeEndpoint: '/authorize',
    tokenEndpoint: '/token', clientRegistrationEndpoint: '/register',
  });
  const env = { OAUTH_KV: store() };
  const context = { waitUntil: () => {}, passThroughOnException: () => {}, props: {} };
  const listener = async (incoming, outgoing) => {
    const pieces = [];
    for await (const piece of incoming) pieces.push(piece);
    const request = new Request(new URL(incoming.url, issuer), {
      method: incoming.method, headers: incoming.headers,
      body: ['GET', 'HEAD'].includes(incoming.method) ? undefined : Buffer.concat(pieces),
    });
    let answer;
    try {
      const asksUser = new URL(request.url).pathname === '/authorize';
      answer = asksUser ? await authorize(server, env, request) : await server.fetch(request, env, context);
    } catch (error) {
      process.stderr.write(`${error.stack}\n`);
      answer = new Response('error', { status: 500 });
    }
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
    outgoing.end(Buffer.from(await answer.arrayBuffer()));
  };
  return { issuer, listener };
}, createServer);
