// Drives openid-client (npm, 6 and newer). The library knows authorization servers only: which one a resource is at,
// and for which resource a token is asked, this host decides, by the challenge or the well-known place of RFC 9728.
// openworld: {"single_call": true, "documents": false, "name": "openid-client"}
// openworld: {"host": ["prm", "prm_unchallenged", "prm_retry", "prm_redirect", "prm_malformed", "prm_mismatch"]}
// openworld: {"host": ["prm_elsewhere", "as_choice", "as_failover", "legacy_as", "reg", "registration_kinds"]}
// openworld: {"host": ["resource_indicator", "resource_value", "resource_fragment", "resource_spelling"]}
// openworld: {"host": ["scope_request"]}
import * as client from 'openid-client';

import { main, Unfit, visit } from './browser.mjs';

const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const call = (number) => JSON.stringify({ jsonrpc: '2.0', id: number, method: 'tools/list', params: {} });

async function described(url) {
  const answer = await fetch(url, { method: 'POST', headers: HEADERS, body: call(0) });
  await answer.body?.cancel();
  const named = /resource_metadata="([^"]*)"/.exec(answer.headers.get('www-authenticate') ?? '')?.[1];
  const { origin, pathname } = new URL(url);
  const place = named ?? `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
  const response = await fetch(place, { headers: { accept: 'application/json' }, redirect: 'manual' });
  if (response.status !== 200) throw new Error(`resource metadata answered ${response.status}`);
  const document = await response.json();
  if (document.resource !== url) throw new Error(`the document is about ${document.resource}`);
  return document;
}

async function configured(issuer, job) {
  const options = { algorithm: 'oauth2', execute: job.url.startsWith('http:') ? [client.allowInsecureRequests] : [] };
  const metadata = {
    client_name: 'openworld', redirect_uris: [job.callback], token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
  };
  return client.dynamicClientRegistration(new URL(issuer), metadata, client.None(), options);
}

async function drive(job) {
  if (!client.dynamicClientRegistration) throw new Unfit('this release has no dynamicClientRegistration');
  const { resource, authorization_servers: [issuer] = [] } = await described(job.url);
  if (!issuer) throw new Error('the resource lists no authorization server');
  const config = await configured(issuer, job);
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const target = client.buildAuthorizationUrl(config, {
    redirect_uri: job.callback, resource, state,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
  });
  const answer = new URL(`${job.callback}?${await visit(target.href, job.callback)}`);
  const checks = { pkceCodeVerifier: verifier, expectedState: state };
  const tokens = await client.authorizationCodeGrant(config, answer, checks, { resource });
  const served = await client.fetchProtectedResource(
    config, tokens.access_token, new URL(job.url), 'POST', call(1), new Headers(HEADERS),
  );
  if (!served.ok) throw new Error(`the call answered ${served.status}`);
  return 1;
}

await main(drive);
