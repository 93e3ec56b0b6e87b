// Protects with oidc-provider (npm) the one resource that it serves itself, its UserInfo endpoint. Its store is that of
// the AS, asked about a token: one for this place has no audience there, and the scope `openid`. TLS ends before it, in
// a front that tells of the certificate of who asks (RFC 9440).
import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

import { serve } from './browser.mjs';

const VARIANTS = {
  default: {},
  nonce: { nonceSecret: Buffer.alloc(32), requireNonce: () => true },
};

await serve(async (job) => {
  const granted = { accountId: 'user', clientId: 'https://client.example/oauth.json' };
  const login = Buffer.from(`${job.client_id}:${job.client_secret}`).toString('base64');
  const kept = {
    AccessToken: async (token) => {
      const headers = { authorization: `Basic ${login}` };
      const answer = await fetch(job.introspection, { method: 'POST', headers, body: new URLSearchParams({ token }) });
      const { active, aud, cnf, scope, exp, iat } = await answer.json();
      if (!active) return undefined;
      const for_this = aud === undefined || [aud].flat().includes(job.url);
      return {
        ...granted, ...cnf, kind: 'AccessToken', jti: token, grantId: 'granted', exp, iat,
        scope: scope === job.scope ? 'openid' : scope, ...(for_this ? {} : { aud }),
      };
    },
    Grant: async (id) => ({ ...granted, kind: 'Grant', jti: id, openid: { scope: 'openid' } }),
  };
  const stored = new Map();
  class Adapter {
    constructor(model) { this.model = model; }
    async find(id) { return stored.get(`${this.model} ${id}`) ?? kept[this.model]?.(id); }
    async upsert(id, payload) { stored.set(`${this.model} ${id}`, payload); }
  }
  const provider = new Provider(job.origin, {
    adapter: Adapter,
    clients: [{ client_id: granted.clientId, token_endpoint_auth_method: 'none', redirect_uris: ['https://client.example/'] }],
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, ...VARIANTS[job.variant] },
      mTLS: {
        enabled: true, certificateBoundAccessTokens: true,
        getCertificate: (ctx) => {
          const told = ctx.get('client-cert').replaceAll(':', '');
          return told ? new X509Certificate(Buffer.from(told, 'base64')) : undefined;
        },
      },
    },
    routes: { userinfo: job.path },
    findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    cookies: { keys: ['loopback only'] },
  });
  return { listener: provider.callback() };
}, createServer);
