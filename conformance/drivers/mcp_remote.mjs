// Drives mcp-remote (npm), the command: a host talks to it over its standard input and output, and it talks to the
// server. It connects once by itself before it passes on what the host asks.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { main } from './browser.mjs';

const PACKAGE = new URL('./node_modules/mcp-remote/', import.meta.url);

function start(job) {
  const { bin } = JSON.parse(readFileSync(new URL('package.json', PACKAGE)));
  const callback = new URL(job.callback);
  const command = [
    '--import', new URL('./open_hook.mjs', import.meta.url).href, fileURLToPath(new URL(bin['mcp-remote'], PACKAGE)),
    job.url, callback.port, '--host', callback.hostname, '--callback-path', callback.pathname, '--allow-http',
    '--transport', 'http-only', '--auth-timeout', String(job.patience),
  ];
  if (job.document) command.push('--client-metadata-url', job.document);
  return spawn(process.execPath, command, { stdio: 'pipe' });
}

const INITIALIZE = {
  jsonrpc: '2.0', id: 1, method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'openworld', version: '1.0.0' } },
};

async function drive(job) {
  const remote = start(job);
  let noise = '';
  remote.stderr.on('data', (piece) => { noise = (noise + piece).slice(-20_000); });
  remote.stdin.on('error', () => {}); // it has ended, which is told below
  remote.stdin.write(`${JSON.stringify(INITIALIZE)}\n`);
  const answer = await new Promise((resolve, reject) => {
    createInterface({ input: remote.stdout }).on('line', (line) => {
      const said = JSON.parse(line);
      if (said.id === INITIALIZE.id) resolve(said);
    });
    remote.on('exit', () => {
      const lines = noise.split('\n').filter((line) => line.trim());
      reject(new Error(lines.findLast((line) => /error:/i.test(line)) ?? lines.at(-1)));
    });
  });
  if (answer.error) throw new Error(answer.error.message);
  return 1;
}

await main(drive);
