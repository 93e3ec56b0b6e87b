// Drives the OAuth client of the MCP TypeScript SDK: @modelcontextprotocol/sdk (v1) or @modelcontextprotocol/client.
import { approved, main, Unfit } from './browser.mjs';
import { memory } from './memory.mjs';

async function load() {
  try {
    const sdk = await import('@modelcontextprotocol/client');
    return { ...sdk, takesParameters: true };
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const [{ Client }, { StreamableHTTPClientTransport }, { UnauthorizedError }] = await Promise.all(
      ['index', 'streamableHttp', 'auth'].map((name) => import(`@modelcontextprotocol/sdk/client/${name}.js`)),
    ).catch(() => { throw new Unfit('this release has no client for OAuth over streamable HTTP'); });
    return { Client, StreamableHTTPClientTransport, UnauthorizedError, takesParameters: false };
  }
}

// State is left to the host by the SDK, and this one sends none; so is DPoP, by a session that it has or not.
function provider(job, host, DpopSession) {
  const [made, kept] = memory(job, host);
  made.saveDiscoveryState = (state) => { kept.discovery = state; };
  made.discoveryState = () => kept.discovery;
  if (job.document) made.clientMetadataUrl = job.document;
  if (job.variant === 'dpop') {
    if (!DpopSession) throw new Unfit('this release makes no DPoP proofs');
    const session = DpopSession.create();
    made.dpop = () => session;
  }
  return made;
}

async function drive(job) {
  const { Client, StreamableHTTPClientTransport, UnauthorizedError, DpopSession, takesParameters } = await load();
  const host = { answer: null };
  const authProvider = provider(job, host, DpopSession);
  let transport;

  // Does something that may need authorization, at most twice.
  async function authorized(act) {
    for (let attempt = 0; ; attempt++) {
      try {
        return await act();
      } catch (error) {
        if (!(error instanceof UnauthorizedError) || !host.answer || attempt > 1) throw error;
        const parameters = approved(host.answer);
        host.answer = null;
        await transport.finishAuth(takesParameters ? parameters : parameters.get('code'));
      }
    }
  }

  let client;
  await authorized(async () => {
    transport = new StreamableHTTPClientTransport(new URL(job.url), { authProvider });
    client = new Client({ name: 'openworld', version: '1.0.0' });
    await client.connect(transport);
  });
  for (let call = 1; call < job.calls; call++) await authorized(() => client.listTools());
  return job.calls;
}

await main(drive);
