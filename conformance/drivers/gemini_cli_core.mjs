// Drives the MCP client of Gemini CLI (npm @google/gemini-cli-core): what its command `/mcp auth` does, then a
// connection with the token that this has stored. The browser is ours, and the user consents.
import { main } from './browser.mjs';
import { replace } from './replace.mjs';

replace('/secure-browser-launcher.js', `
  import { deliver } from '${new URL('./browser.mjs', import.meta.url)}';
  export const shouldLaunchBrowser = () => true;
  export const openBrowserSecurely = async (url) => {
    deliver(url).catch((error) => process.stderr.write(\`browser: \${error.message}\\n\`));
  };`);
// Consent is asked of a terminal.
process.stdin.isTTY = process.stdout.isTTY = true;

const CONFIGURATION = {
  emitMcpDiagnostic: () => {}, isTrustedFolder: () => true, sanitizationConfig: {},
};

async function drive(job) {
  const core = await import('@google/gemini-cli-core');
  core.coreEvents.on(core.CoreEvent.ConsentRequest, ({ onConfirm }) => onConfirm(true));
  await new core.MCPOAuthProvider(new core.MCPOAuthTokenStorage()).authenticate('played', { enabled: true }, job.url);
  const server = { httpUrl: job.url, oauth: { enabled: true } };
  const workspace = new core.WorkspaceContext(process.cwd());
  const client = await core.connectToMcpServer('0', 'played', server, false, workspace, CONFIGURATION);
  for (let call = 1; call < job.calls; call++) await client.listTools();
  return job.calls;
}

await main(drive);
