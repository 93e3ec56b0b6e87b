// Drives Codex (npm @openai/codex) by its app server, which an editor talks to over standard input and output: it
// logs in to the MCP server, and lists the server's tools with the token that it has stored.
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { deliver, main } from './browser.mjs';

const COMMAND = fileURLToPath(new URL('./node_modules/@openai/codex/bin/codex.js', import.meta.url));

// What would look for news elsewhere is off.
const configuration = (job) => `
mcp_oauth_credentials_store = "file"
mcp_oauth_callback_port = ${new URL(job.callback).port}
mcp_oauth_callback_url = ${JSON.stringify(job.callback)}
check_for_update_on_startup = false
analytics.enabled = false
features.plugins = false
features.apps = false
[mcp_servers.played]
url = ${JSON.stringify(job.url)}
`;

// A conversation in JSON-RPC: `ask` resolves to the result of a request, `told` to the next notification of a kind.
function connect(process) {
  const waiting = new Map();
  let number = 0;
  createInterface({ input: process.stdout }).on('line', (line) => {
    const said = JSON.parse(line);
    const key = said.id ?? said.method;
    waiting.get(key)?.(said);
    waiting.delete(key);
  });
  const answer = (key) => new Promise((resolve) => { waiting.set(key, resolve); });
  const send = (message) => process.stdin.write(`${JSON.stringify(message)}\n`);
  return {
    send,
    told: async (method) => (await answer(method)).params,
    ask: async (method, params) => {
      const id = ++number;
      send({ id, method, params });
      const { error, result } = await answer(id);
      if (error) throw new Error(error.message);
      return result;
    },
  };
}

async function drive(job) {
  const home = join(homedir(), '.codex');
  mkdirSync(home);
  writeFileSync(join(home, 'config.toml'), configuration(job));
  const server = connect(spawn(process.execPath, [COMMAND, 'app-server'], { stdio: ['pipe', 'pipe', 'inherit'] }));
  await server.ask('initialize', { clientInfo: { name: 'openworld', version: '1.0.0' } });
  server.send({ method: 'initialized' });

  const ended = server.told('mcpServer/oauthLogin/completed');
  const login = { name: 'played', timeoutSecs: Math.ceil(job.patience) };
  const { authorizationUrl } = await server.ask('mcpServer/oauth/login', login);
  await deliver(authorizationUrl);
  const { success, error } = await ended;
  if (!success) throw new Error(error);

  for (let call = 0; call < job.calls; call++) {
    const { data: [status] } = await server.ask('mcpServerStatus/list', { detail: 'toolsAndAuthOnly' });
    if (status.toolsError) throw new Error(status.toolsError.replace(/\[codex_rmcp_client.*>\] /, ''));
  }
  return job.calls;
}

await main(drive);
