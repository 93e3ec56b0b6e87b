// Drives opencode (npm opencode-ai) by its command line: it authenticates with the MCP server of its configuration, and
// calls it. What opens the browser is the program itself.
// openworld: {"listens": true, "documents": false, "single_call": true, "name": "opencode"}
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { main } from './browser.mjs';

// Which of the programs that come with it is for this machine would be settled by a script of the package.
const PROGRAM = `./node_modules/opencode-${process.platform}-${process.arch}/bin/opencode`;
const COMMAND = fileURLToPath(new URL(PROGRAM, import.meta.url));

async function drive(job) {
  const played = { type: 'remote', url: job.url, enabled: true, oauth: { redirectUri: job.callback } };
  const env = {
    ...process.env,
    OPENCODE_CONFIG_CONTENT: JSON.stringify({ mcp: { played }, autoupdate: false, share: 'disabled' }),
    OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
  };
  const client = spawn(COMMAND, ['mcp', 'auth', 'played'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  client.stdout.on('data', (piece) => { said += piece; process.stderr.write(piece); });
  const code = await new Promise((resolve) => client.on('close', resolve));
  // What came of it is said behind a mark, between frames and in colours.
  const told = said.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, '').split(/[\n\r]/).filter((line) => /^[■▲◆]/.test(line));
  if (code !== 0 || !/successful/i.test(said)) throw new Error(told.map((line) => line.slice(1).trim()).join(': '));
  return job.calls;
}

await main(drive);
