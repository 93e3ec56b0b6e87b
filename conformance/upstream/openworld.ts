import { createHash, randomBytes } from 'crypto';
import http from 'http';
import type { AddressInfo } from 'net';
import type { MockServer, ScenarioContext } from '../../../mock-server';
import type {
  CheckStatus,
  ConformanceCheck,
  Scenario,
  ScenarioUrls,
  SpecReference
} from '../../../types';
import { DRAFT_PROTOCOL_VERSION } from '../../../types';
import table from './openworld.json';

/**
 * Scenarios: openworld's catalogue, one for each row of openworld.json.
 *
 * A row says what a resource server and three authorization servers answer:
 * `rs`, the honest `as1` and `as2`, and `evil`, which is an attacker's. It is
 * a JSON Merge Patch (RFC 7396) to the honest world. The table is generated
 * (`openworld new suite`), required ends included: edit nothing here or there.
 *
 * Expected behavior:
 * - Where a text has the client refuse, it ends there or before. The severity
 *   is that of the keyword.
 * - Elsewhere it gets to the resource. No keyword forbids being stricter than
 *   the texts, so that this is a WARNING.
 *
 * The servers refuse what the specifications have them refuse: unregistered
 * redirect URIs, requests without PKCE, codes that are not the client's or
 * that come twice, tokens for other resources. Proofs (DPoP) are not verified:
 * `auth/dpop` does that.
 */

/** Where a client can end, in this order. */
const ENDS = {
  d: 'it refused during discovery: no authorization request was sent',
  a: 'it refused at the authorization response: no token request was sent',
  t: 'it refused at the token response: no token reached the resource server',
  x: 'it ended at the resource server without success',
  A: 'its token was accepted for every call'
} as const;
type End = keyof typeof ENDS;

const PARTIES = ['rs', 'as1', 'as2', 'evil'] as const;
type Party = (typeof PARTIES)[number];

type Json = Record<string, unknown>;

/** What the parties answer; URLs are whole, lists of AS are by origin. */
interface World {
  url: string;
  challenge: Record<string, string>;
  documents: Record<string, { status: number; location?: string; body?: Json }>;
  endpoints: string[];
  down: string[];
  iss: Record<string, string>;
  identifiers: string[];
  authorization_response: { state: string; error?: string; refuses?: string[] };
  token_response: Json;
  answer: { status: number; error?: string };
}

interface Row {
  about: string;
  world: Json;
  /** What is different once a call was served. */
  later?: Json;
  calls: number;
  required: {
    id: string;
    description: string;
    end: string;
    status: string;
    references: SpecReference[];
  };
}

interface Asked {
  party: Party;
  method: string;
  url: string;
  place: string;
  headers: http.IncomingHttpHeaders;
  body: string;
  form: URLSearchParams;
}

interface Answer {
  /** The message of the protocol that this is; empty where nothing is found. */
  message: string;
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** One request and its answer, as openworld reads it back. */
interface Exchange {
  party: Party;
  message: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string;
  status: number;
  response_headers: Record<string, string>;
  response_body: string;
}

interface Grant {
  party: Party;
  client: string;
  redirect: string;
  challenge: string;
  resources: string[];
  scope: string;
}

const TOOL = { name: 'test-tool', inputSchema: { type: 'object' } };
const SEEN = ['authorization', 'content-type', 'dpop', 'user-agent'];

class OpenWorldScenario implements Scenario {
  readonly source = { introducedIn: DRAFT_PROTOCOL_VERSION } as const;
  readonly name: string;
  readonly description: string;
  allowClientError = true;

  private servers: http.Server[] = [];
  private mcp: MockServer | null = null;
  private origins = {} as Record<Party, string>;
  private first!: World;
  private later: World | null = null;
  private exchanges: Exchange[] = [];
  private clients = new Map<string, string[]>();
  private codes = new Map<string, Grant>();
  private redeemed = new Set<string>();
  private refreshable = new Map<string, Grant>();
  private tokens = new Map<string, { resources: string[]; bound: boolean }>();
  private served = new Set<string>();

  constructor(
    id: string,
    private readonly row: Row
  ) {
    this.name = `auth/openworld/${id}`;
    this.description = `Tests where the client ends if ${row.about}`;
  }

  async start(ctx: ScenarioContext): Promise<ScenarioUrls> {
    this.exchanges = [];
    for (const kept of [
      this.clients,
      this.codes,
      this.redeemed,
      this.refreshable,
      this.tokens,
      this.served
    ]) {
      kept.clear();
    }
    this.mcp = await ctx.createServer({
      'tools/list': () => ({ tools: [TOOL] }),
      'tools/call': () => ({ content: [{ type: 'text', text: 'test' }] })
    });
    for (const party of PARTIES) {
      const server = http.createServer((req, res) =>
        this.serve(party, req, res)
      );
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const { port } = server.address() as AddressInfo;
      this.origins[party] = `http://127.0.0.1:${port}`;
      this.servers.push(server);
    }
    const { world, later } = this.row;
    const first = patched(table.honest, world);
    this.first = this.filled(first);
    this.later = later ? this.filled(patched(first, later)) : null;
    for (const [place, party] of PARTIES.entries()) {
      // A port that was bound and is not any more takes no connections.
      if (this.first.down.includes(this.origins[party])) {
        await closed(this.servers[place]);
      }
    }
    return { serverUrl: this.first.url, context: { calls: this.row.calls } };
  }

  async stop() {
    await Promise.all(this.servers.map(closed));
    this.servers = [];
    await this.mcp?.close();
    this.mcp = null;
  }

  getChecks(): ConformanceCheck[] {
    const { id, description, end, status, references } = this.row.required;
    const ended = this.end();
    const order = Object.keys(ENDS);
    const kept =
      end === 'A' ? ended === 'A' : order.indexOf(ended) <= order.indexOf(end);
    const asked = this.exchanges.length > 0;
    const failure = asked
      ? `Seen: ${ENDS[ended]}. Required: ${ENDS[end as End]}`
      : 'The client sent no request at all';
    const timestamp = new Date().toISOString();
    return [
      {
        id,
        name: id,
        description: `${description} (${this.row.about})`,
        status: kept && asked ? 'SUCCESS' : (status as CheckStatus),
        timestamp,
        specReferences: references,
        ...(!(kept && asked) && { errorMessage: failure }),
        details: { end: ended, required: end }
      },
      {
        id: 'openworld-exchanges',
        name: 'openworld-exchanges',
        description:
          'Every request of the run, for `openworld conform --checks`',
        status: 'INFO',
        timestamp,
        details: { origins: this.origins, exchanges: this.exchanges }
      }
    ];
  }

  /** Where the client has ended, by what arrived. */
  private end(): End {
    const kinds = this.exchanges.map(kind);
    const carried = this.exchanges.filter((_, at) => kinds[at] === 'call');
    if (carried.length > 0) {
      const asked = carried.filter((one) => one.message !== 'acknowledgement');
      const calls = asked.length > 0 ? asked : carried;
      const taken = calls.filter((one) => one.status < 300);
      const last = calls[calls.length - 1];
      return taken.length >= this.row.calls && last.status < 300 ? 'A' : 'x';
    }
    if (kinds.includes('token')) return 't';
    return kinds.includes('authorize') ? 'a' : 'd';
  }

  private world(): World {
    return this.later && this.served.size > 0 ? this.later : this.first;
  }

  /** A world of the table with the parties at the origins that they have. */
  private filled(world: unknown): World {
    const filled = PARTIES.reduce((text, party) => {
      const origin = this.origins[party];
      const port = origin.slice(origin.lastIndexOf(':') + 1);
      const named = text.split(`{${party}}`).join(origin);
      return named.split(`{${party}_port}`).join(port);
    }, JSON.stringify(world));
    return JSON.parse(filled);
  }

  private async serve(
    party: Party,
    req: http.IncomingMessage,
    res: http.ServerResponse
  ) {
    let body = '';
    for await (const piece of req) body += piece;
    const url = this.origins[party] + req.url;
    const [place, ...query] = url.split('?');
    const form = new URLSearchParams(query.join('?'));
    if (req.headers['content-type']?.includes('x-www-form-urlencoded')) {
      new URLSearchParams(body).forEach((value, key) =>
        form.append(key, value)
      );
    }
    const { method = '', headers } = req;
    const asked = { party, method, url, place, headers, body, form };
    const answer = await this.answer(asked);
    this.exchanges.push({
      party,
      message: answer.message,
      method,
      url,
      headers: Object.fromEntries(
        SEEN.filter((name) => headers[name]).map((name) => [
          name,
          String(headers[name])
        ])
      ),
      body,
      status: answer.status,
      response_headers: answer.headers,
      response_body: answer.body
    });
    res.writeHead(answer.status, answer.headers).end(answer.body);
  }

  private answer(asked: Asked): Answer | Promise<Answer> {
    const world = this.world();
    if (world.endpoints.includes(asked.place)) {
      const path = asked.place.slice(asked.place.lastIndexOf('/') + 1);
      if (path === 'authorize') return this.authorize(asked, world);
      return path === 'token' ? this.token(asked, world) : this.register(asked);
    }
    const found = world.documents[asked.url] ?? world.documents[asked.place];
    if (found) {
      const { status, location, body = {} } = found;
      const message =
        'issuer' in body ? 'server_metadata' : 'resource_metadata';
      return json(message, body, status, location && { Location: location });
    }
    if (plain(asked.place) === plain(world.url)) {
      return this.resource(asked, world);
    }
    return json('', { error: 'no_such_path' }, 404);
  }

  /** Dynamic registration, open to all (RFC 7591 3). */
  private register(asked: Asked): Answer {
    const wanted = parsed(asked.body);
    const redirects = wanted.redirect_uris;
    if (!Array.isArray(redirects) || redirects.length === 0) {
      return json(
        'registration_response',
        { error: 'invalid_redirect_uri' },
        400
      );
    }
    const id = `client-${random()}`;
    this.clients.set(id, redirects.map(String));
    const made = { client_id: id, token_endpoint_auth_method: 'none' };
    return json('registration_response', { ...wanted, ...made }, 201);
  }

  /** The response to a request that the user approves (RFC 6749 4.1.2). */
  private authorize(asked: Asked, world: World): Answer {
    const { party, form } = asked;
    const client = form.get('client_id') ?? '';
    const redirect = form.get('redirect_uri') ?? '';
    // An attacker's takes anybody; metadata documents are not fetched.
    const open = party === 'evil' || client.startsWith('https://');
    const known = this.clients.get(client)?.includes(redirect) ?? open;
    if (!known || !URL.canParse(redirect)) {
      return json('authorization_response', { error: 'invalid_request' }, 400);
    }
    const { state, error, refuses = [] } = world.authorization_response;
    const fields: Record<string, string> = {};
    if (error && refuses.every((name) => form.get(name))) {
      fields.error = error;
    } else if (
      !form.get('code_challenge') ||
      (party !== 'evil' && !form.get('response_type'))
    ) {
      fields.error = 'invalid_request';
    } else {
      fields.code = random();
      this.codes.set(fields.code, {
        party,
        client,
        redirect,
        challenge: form.get('code_challenge') ?? '',
        resources: form.getAll('resource'),
        scope: form.get('scope') || 'read'
      });
    }
    const own = form.get('state');
    if (state === 'returned' && own) fields.state = own;
    if (state === 'other') fields.state = random();
    const iss = world.iss[this.origins[party]];
    if (iss) fields.iss = iss;
    const target = new URL(redirect);
    for (const [name, value] of Object.entries(fields)) {
      target.searchParams.append(name, value);
    }
    return {
      message: 'authorization_response',
      status: 302,
      headers: { Location: target.href },
      body: ''
    };
  }

  /** The token response (RFC 6749 5). */
  private token(asked: Asked, world: World): Answer {
    const { error, refresh_token, ...stated } = world.token_response;
    const grant = this.redeem(asked);
    if (error || !grant) {
      const said = { error: error ?? 'invalid_grant' };
      return json('token_response', said, 400);
    }
    const wanted = asked.form.getAll('resource');
    const token = random();
    this.tokens.set(token, {
      resources: wanted.length > 0 ? wanted : grant.resources,
      bound: stated.token_type === 'DPoP' && 'dpop' in asked.headers
    });
    const renewal = refresh_token ? { refresh_token: random() } : {};
    if (renewal.refresh_token) {
      this.refreshable.set(renewal.refresh_token, grant);
    }
    const own = { access_token: token, expires_in: 3600, scope: grant.scope };
    return json('token_response', { ...own, ...stated, ...renewal });
  }

  /** The grant that a token request redeems, if it may. */
  private redeem({ party, form }: Asked): Grant | undefined {
    if (form.get('grant_type') === 'refresh_token') {
      return this.refreshable.get(form.get('refresh_token') ?? '');
    }
    const code = form.get('code') ?? '';
    const grant = this.codes.get(code);
    const verifier = form.get('code_verifier') ?? '';
    const fits =
      grant &&
      // The attacker's AS redeems at the honest one the codes that it is sent.
      (grant.party === party || (party === 'evil' && grant.party === 'as1')) &&
      !this.redeemed.has(code) &&
      (form.get('client_id') ?? grant.client) === grant.client &&
      form.get('redirect_uri') === grant.redirect &&
      createHash('sha256').update(verifier).digest('base64url') ===
        grant.challenge;
    this.redeemed.add(code);
    return fits ? grant : undefined;
  }

  /** The answer to a request for the resource (RFC 9728 5.1, RFC 6750 3). */
  private async resource(asked: Asked, world: World): Promise<Answer> {
    const [scheme, token = ''] = (asked.headers.authorization ?? '').split(' ');
    if (!token) return challenge(world, 401);
    const call = 'id' in parsed(asked.body);
    const { status, error } = world.answer;
    if (
      call &&
      status >= 400 &&
      (this.served.has(token) || this.served.size === 0)
    ) {
      return challenge(world, status, error);
    }
    const known = this.tokens.get(token);
    const proven = scheme.toLowerCase() === 'dpop' && 'dpop' in asked.headers;
    if (!known || (known.bound && !proven)) {
      return challenge(world, 401, 'invalid_token');
    }
    const { resources } = known;
    if (
      resources.length > 0 &&
      !resources.some((one) => world.identifiers.includes(one))
    ) {
      return challenge(world, 403, 'insufficient_audience');
    }
    if (asked.method !== 'POST') return json('acknowledgement', {}, 405);
    const answer = await this.forward(asked, call);
    if (call && answer.status < 300 && answer.body.includes('"result"')) {
      this.served.add(token);
    }
    return answer;
  }

  /** What the suite's own MCP server says, of whichever version is asked for. */
  private async forward(asked: Asked, call: boolean): Promise<Answer> {
    const headers = Object.entries(asked.headers).filter(([name]) =>
      /^(accept|content-type|mcp-.*)$/.test(name)
    );
    const answer = await fetch(this.mcp!.url, {
      method: 'POST',
      headers: headers.map(([name, value]): [string, string] => [
        name,
        String(value)
      ]),
      body: asked.body
    });
    const type = answer.headers.get('content-type');
    return {
      message: call ? 'resource_response' : 'acknowledgement',
      status: answer.status,
      headers: type ? { 'Content-Type': type } : {},
      body: await answer.text()
    };
  }
}

/** What a request is, by what it says and not by how it was answered. */
function kind(seen: Exchange): string {
  const query = seen.url.split('?').slice(1).join('?');
  const form = seen.headers['content-type']?.includes('form') ? seen.body : '';
  const given = new URLSearchParams(`${query}&${form}`);
  if (seen.method === 'POST' && seen.body.includes('"redirect_uris"')) {
    return 'register';
  }
  if (form && given.get('grant_type')) return 'token';
  const asks = ['response_type', 'client_id', 'redirect_uri'];
  if (asks.filter((name) => given.get(name)).length >= 2) return 'authorize';
  return seen.headers.authorization?.includes(' ') ? 'call' : '';
}

function challenge(world: World, status: number, error?: string): Answer {
  const { scheme, ...stated } = world.challenge;
  const fields = { ...stated, ...(error && { error }) };
  const said = Object.entries(fields).map(
    ([name, value]) => `${name}="${value}"`
  );
  const header = { 'WWW-Authenticate': `${scheme} ${said.join(', ')}`.trim() };
  return json('challenge', error ? { error } : {}, status, header);
}

function json(
  message: string,
  body: Json,
  status = 200,
  headers: Record<string, string> | '' = {}
): Answer {
  const type = { 'Content-Type': 'application/json' };
  return {
    message,
    status,
    headers: { ...type, ...(headers || {}) },
    body: JSON.stringify(body)
  };
}

function parsed(text: string): Json {
  try {
    const found = JSON.parse(text);
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    return {};
  }
}

/** A URL as parsers write it, without its query. */
function plain(url: string): string {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

function random(): string {
  return randomBytes(18).toString('hex');
}

/** A JSON Merge Patch applied (RFC 7396 2). */
function patched(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) {
    return patch;
  }
  const whole = typeof target === 'object' && !Array.isArray(target);
  const made: Json = { ...(whole ? (target as Json) : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete made[name];
    else made[name] = patched(made[name], value);
  }
  return made;
}

function closed(server: http.Server): Promise<void> {
  return new Promise((done) => {
    server.closeAllConnections();
    server.close(() => done());
  });
}

export const openWorldScenarios: Scenario[] = Object.entries(
  table.scenarios as unknown as Record<string, Row>
).map(([name, row]) => new OpenWorldScenario(name, row));
