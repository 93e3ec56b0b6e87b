// Drives oauth4webapi (npm) with every check that the library offers. Discovery fallbacks are the host's business:
// this host follows the challenge, or else the one well-known location that RFC 9728 gives the URL.
import * as oauth from 'oauth4webapi';

import { main, Unfit, visit } from './browser.mjs';

const call = (number) => JSON.stringify({ jsonrpc: '2.0', id: number, method: 'tools/list', params: {} });
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

async function resource(url, options) {
  const answer = await fetch(url, { method: 'POST', headers: HEADERS, body: call(0) });
  const challenge = answer.headers.get('www-authenticate') ?? '';
  await answer.body?.cancel();
  const named = /resource_metadata="([^"]*)"/.exec(challenge)?.[1];
  const response = named
    ? await fetch(named, { headers: { accept: 'application/json' }, redirect: 'manual' })
    : await oauth.resourceDiscoveryRequest(new URL(url), options);
  return oauth.processResourceDiscoveryResponse(new URL(url), response);
}

async function server(listed, options) {
  const issuer = new URL(listed);
  for (const algorithm of ['oauth2', 'oidc']) {
    const response = await oauth.discoveryRequest(issuer, { algorithm, ...options });
    if (response.status === 404 && algorithm === 'oauth2') continue;
    return oauth.processDiscoveryResponse(issuer, response);
  }
}

async function client(as, job, options) {
  if (job.document && as.client_id_metadata_document_supported) {
    return { client_id: job.document, token_endpoint_auth_method: 'none' };
  }
  const metadata = {
    client_name: 'openworld', redirect_uris: [job.callback], token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
  };
  const response = await oauth.dynamicClientRegistrationRequest(as, metadata, options);
  return oauth.processDynamicClientRegistrationResponse(response);
}

async function drive(job) {
  for (const name of ['resourceDiscoveryRequest', 'dynamicClientRegistrationRequest']) {
    if (!oauth[name]) throw new Unfit(`this release has no ${name}`);
  }
  const options = { [oauth.allowInsecureRequests]: job.url.startsWith('http:') };
  const described = await resource(job.url, options);
  const listed = described.authorization_servers?.[0];
  if (!listed) throw new Error('the resource lists no authorization server');
  const as = await server(listed, options);
  if (!as.authorization_endpoint) throw new Error('the authorization server has no authorization endpoint');
  const registered = await client(as, job, options);

  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const target = new URL(as.authorization_endpoint);
  const request = {
    client_id: registered.client_id, redirect_uri: job.callback, response_type: 'code', state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    resource: described.resource,
  };
  for (const [name, value] of Object.entries(request)) target.searchParams.set(name, value);
  const answer = await visit(target.href, job.callback);

  const parameters = oauth.validateAuthResponse(as, registered, answer, state);
  const response = await oauth.authorizationCodeGrantRequest(
    as, registered, oauth.None(), parameters, job.callback, verifier,
    { additionalParameters: { resource: described.resource }, ...options },
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, registered, response);
  const served = await oauth.protectedResourceRequest(
    tokens.access_token, 'POST', new URL(job.url), new Headers(HEADERS), call(1), options,
  );
  if (!served.ok) throw new Error(`the call answered ${served.status}`);
  return 1;
}

await main(drive);
