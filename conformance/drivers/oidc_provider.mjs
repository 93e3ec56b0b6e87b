// Serves oidc-provider (npm). The variant says what is done about resource indicators; the user is logged in and
// consents to everything.
import { createServer } from 'node:http';

import Provider, { errors } from 'oidc-provider';

import { serve } from './browser.mjs';

function resourceIndicators(variant, resources) {
  if (variant === 'default') return {};
  if (variant === 'disabled') return { resourceIndicators: { enabled: false } };
  return {
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: async (ctx, resource) => {
        if (!resources.includes(resource)) throw new errors.InvalidTarget();
        return { scope: 'read', accessTokenFormat: 'jwt', audience: resource };
      },
    },
  };
}

await serve(async (job, issuer) => {
  const provider = new Provider(issuer, {
    clientDefaults: { token_endpoint_auth_method: 'none' },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      ...resourceIndicators(job.variant, job.resources),
    },
    scopes: ['openid', 'offline_access', 'read'],
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
    loadExistingGrant: async (ctx) => {
      const grant = new provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
      grant.addOIDCScope('openid offline_access read');
      for (const resource of job.resources) grant.addResourceScope(resource, 'read');
      await grant.save();
      return grant;
    },
    cookies: { keys: ['loopback only'] },
  });
  const answer = provider.callback();
  const listener = async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    return provider.interactionFinished(request, response, { login: { accountId: 'user' }, consent: {} });
  };
  return { issuer, listener };
}, createServer);
