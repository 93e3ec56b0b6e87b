// Drives the MCP client of the Vercel AI SDK (npm @ai-sdk/mcp). The host hands over every parameter of the callback
// that the library asks for; versions differ in which these are.
import { randomBytes } from 'node:crypto';

import { auth, createMCPClient, UnauthorizedError } from '@ai-sdk/mcp';

import { approved, main } from './browser.mjs';
import { memory } from './memory.mjs';

function provider(job, host) {
  const [made, kept] = memory(job, host);
  return Object.assign(made, {
    state: () => randomBytes(16).toString('hex'),
    saveState: (state) => { kept.state = state; },
    storedState: () => kept.state,
    isClientInformationDynamicallyRegistered: () => true,
    authorizationServerInformation: () => kept.server,
    saveAuthorizationServerInformation: (server) => { kept.server = server; },
  });
}

async function drive(job) {
  const host = { answer: null };
  const authProvider = provider(job, host);

  // Does something that may need authorization, at most twice.
  async function authorized(act) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        const refused = error instanceof UnauthorizedError || error?.cause instanceof UnauthorizedError;
        if (!refused || !host.answer || attempt > 1) throw error;
        const answer = approved(host.answer);
        host.answer = null;
        await auth(authProvider, {
          serverUrl: job.url, authorizationCode: answer.get('code'), callbackState: answer.get('state') ?? undefined,
          callbackIssuer: answer.get('iss') ?? undefined,
        });
      }
    }
  }

  const transport = { type: 'http', url: job.url, authProvider };
  const client = await authorized(() => createMCPClient({ transport }));
  for (let call = 1; call < job.calls; call++) await authorized(() => client.tools());
  return job.calls;
}

await main(drive);
