// The store of a host of one of the MCP client libraries: it keeps everything in memory until the process ends, and
// leaves every decision to the library.
import { visit } from './browser.mjs';

// `host.answer` is set to the parameters of the callback whenever the library has sent the user to authorize.
export function memory(job, host) {
  const kept = {};
  const made = {
    get redirectUrl() { return job.callback; },
    get clientMetadata() {
      return {
        client_name: 'openworld', redirect_uris: [job.callback], token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
      };
    },
    clientInformation: () => kept.client,
    saveClientInformation: (client) => { kept.client = client; },
    tokens: () => kept.tokens,
    saveTokens: (tokens) => { kept.tokens = tokens; },
    redirectToAuthorization: async (url) => { host.answer = await visit(url.href, job.callback); },
    saveCodeVerifier: (verifier) => { kept.verifier = verifier; },
    codeVerifier: () => kept.verifier,
    invalidateCredentials: (scope) => {
      if (scope === 'all' || scope === 'client') delete kept.client;
      if (scope === 'all' || scope === 'tokens') delete kept.tokens;
      if (scope === 'all' || scope === 'verifier') delete kept.verifier;
      if (scope === 'all' || scope === 'discovery') delete kept.discovery;
    },
  };
  return [made, kept];
}
