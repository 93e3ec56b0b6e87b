// Protects an Express route with express-oauth2-jwt-bearer, told of one issuer and one audience as its README does it.
import { createServer } from 'node:http';

import express from 'express';
import bearer from 'express-oauth2-jwt-bearer';

import { serve } from './browser.mjs';

const VARIANTS = {
  default: {},
  strict: { strict: true },
  dpop_required: { dpop: { enabled: true, required: true } },
  dpop_disabled: { dpop: { enabled: false } },
};

await serve(async (job, issuer) => {
  const app = express();
  app.use(express.urlencoded());
  const guards = [
    bearer.auth({ issuer, jwksUri: job.jwks, audience: job.url, tokenSigningAlg: job.algorithm ?? 'ES256', ...VARIANTS[job.variant] }),
    bearer.requiredScopes(job.scope),
  ];
  app.all([job.path, `${job.path}/below`], ...guards, (request, response) => response.json({ data: 'protected' }));
  return { issuer, listener: app };
}, createServer);
