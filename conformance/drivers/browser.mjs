// The user's browser, reduced to what a flow needs: it follows redirects, and the user approves.
import { createInterface } from 'node:readline';

const AGENT = 'openworld-user-agent';

// Opens a URL and follows redirects until one leads to the callback; returns its parameters.
export async function visit(url, callback) {
  return new URL(await arrive(url, callback)).searchParams;
}

// The same for a client that listens at its callback, which is opened as well: once the client listens there.
export async function deliver(url, patience = 5000) {
  const answer = await arrive(url, new URL(url).searchParams.get('redirect_uri'));
  for (const until = Date.now() + patience; ;) {
    try {
      return await fetch(answer, { headers: { 'user-agent': AGENT } }); // whatever the page says
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

async function arrive(url, callback, hops = 10) {
  const jar = new Map(); // cookies by origin and name; paths are of no interest here
  for (let hop = 0; hop < hops; hop++) {
    const { origin } = new URL(url);
    const cookie = [...jar].filter(([key]) => key.startsWith(origin)).map(([, pair]) => pair).join('; ');
    const headers = { 'user-agent': AGENT, ...(cookie ? { cookie } : {}) };
    const answer = await fetch(url, { redirect: 'manual', headers });
    await answer.body?.cancel();
    for (const set of answer.headers.getSetCookie()) {
      const [pair] = set.split(';');
      jar.set(`${origin} ${pair.split('=')[0]}`, pair);
    }
    const target = answer.headers.get('location');
    if (!target) throw new Error(`the user sees a page with status ${answer.status}`);
    url = new URL(target, url).href;
    if (url.startsWith(callback)) return url;
  }
  throw new Error('too many redirects');
}

// A release that does not have the client that a driver drives.
export class Unfit extends Error {}

// Runs one job, read from the first line of standard input, and says how it went as the last word.
export async function main(drive) {
  const lines = createInterface({ input: process.stdin });
  const job = JSON.parse(await new Promise((resolve) => lines.once('line', resolve)));
  lines.once('close', () => process.exit(3)); // whoever started us is gone
  let said;
  try {
    said = { done: true, statuses: await drive(job) };
  } catch (error) {
    const name = error?.constructor?.name ?? 'Error';
    const cause = error?.cause ? ` (${error.cause.code ?? error.cause.message ?? error.cause})` : '';
    said = { done: false, error: `${name}: ${error?.message ?? error}${cause}`.slice(0, 2000) };
    if (error instanceof Unfit) Object.assign(said, { unfit: true, error: error.message });
  }
  process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
}

// The parameters of the callback, or the error that they carry.
export function approved(parameters) {
  if (parameters.has('error')) {
    const description = parameters.get('error_description') ?? '';
    throw new Error(`authorization error: ${parameters.get('error')} ${description}`.trim());
  }
  return parameters;
}

// Listens on a free port of loopback and serves what is made for it until whoever started us is gone.
export async function serve(make, createServer) {
  const lines = createInterface({ input: process.stdin });
  const job = JSON.parse(await new Promise((resolve) => lines.once('line', resolve)));
  lines.once('close', () => process.exit(3));
  let listener = null;
  const server = createServer((request, response) => listener(request, response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const made = await make(job, job.issuer ?? `http://127.0.0.1:${server.address().port}`);
  listener = made.listener;
  const port = server.address().port;
  process.stdout.write(`${JSON.stringify({ ready: true, port, issuer: made.issuer })}\n`);
}
