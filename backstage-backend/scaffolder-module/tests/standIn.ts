import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { ActionDefinition, RunEvent } from '../src/wire.ts';

const API = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../openapi.json'), 'utf-8'));

/** One call that came in. */
export interface Call {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: any;
  /** Settled when the caller has hung up before the answer was complete. */
  hungUp: Promise<void>;
}

export type Answer = (call: Call, response: ServerResponse) => void | Promise<void>;

export const RENDER: ActionDefinition = {
  id: 'goldenpath:render',
  title: 'Render a request',
  description: 'Renders a request into manifests.',
  supportsDryRun: true,
  schema: {
    input: {
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      required: ['request'],
      additionalProperties: false,
      properties: { request: { type: 'object' }, secret: { type: 'string' } },
    },
    output: { type: 'object', properties: { tenant: { type: 'string' } } },
  },
  examples: [
    {
      description: 'A tenant with one name',
      example:
        'steps:\n  - id: render\n    action: goldenpath:render\n    input:\n      request:\n        name: vision\n',
    },
  ],
};

/** Why the API does not take a call: an address, a method or a field that it does not have, or nobody's token. */
function refusal(call: Call): Answer | undefined {
  const known = Object.keys(API.paths).find(path => new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`).test(call.path));
  const operation = known && API.paths[known][call.method.toLowerCase()];
  if (!operation) {
    return problem(404, { detail: `The API has no ${call.method} ${call.path}` });
  }
  if (operation.security.length > 0 && !call.headers.authorization) {
    return problem(401);
  }
  const body = operation.requestBody?.content['application/json'].schema.$ref.split('/').at(-1);
  const { properties, required } = API.components.schemas[body] ?? { properties: {}, required: [] };
  const sent = Object.keys(call.body ?? {});
  const wrong = [
    ...sent.filter(field => !(field in properties)),
    ...required.filter((field: string) => !sent.includes(field)),
  ];
  return wrong.length > 0 ? problem(422, { detail: `${body} has no, or needs, ${wrong}` }) : undefined;
}

/** A server on loopback that speaks as the goldenpath backend does, as far as it is told to. */
export class StandIn {
  readonly calls: Call[] = [];
  actions: ActionDefinition[] = [RENDER];
  entities: Record<string, unknown[]> = { templates: [], catalog: [] };
  /** Answers to runs, each used once; the last one stays. */
  runs: Answer[] = [events({ type: 'done' })];
  /** Comes before everything, for one call each. */
  faults: Answer[] = [];
  readonly #server = createServer((request, response) => this.#handle(request, response));

  async start(): Promise<this> {
    await new Promise<void>(ready => this.#server.listen(0, '127.0.0.1', ready));
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(done => this.#server.close(done));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  called(path: string): Call[] {
    return this.calls.filter(call => call.path.startsWith(path));
  }

  async #handle(request: IncomingMessage, response: ServerResponse) {
    let text = '';
    for await (const chunk of request) {
      text += chunk;
    }
    const call: Call = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: text ? JSON.parse(text) : undefined,
      hungUp: new Promise(resolve =>
        response.on('close', () => response.writableFinished || resolve()),
      ),
    };
    this.calls.push(call);
    const refused = this.faults.shift() ?? refusal(call);
    if (refused) {
      await refused(call, response);
    } else if (call.path === '/v1/actions') {
      tagged({ actions: this.actions })(call, response);
    } else if (call.method === 'POST') {
      await (this.runs.length > 1 ? this.runs.shift()! : this.runs[0]!)(call, response);
    } else {
      tagged({ entities: this.entities[call.path.slice('/v1/'.length)] })(call, response);
    }
  }
}

export function tagged(value: unknown): Answer {
  return (call, response) => {
    const text = JSON.stringify(value);
    const etag = `"${Buffer.from(text).toString('base64url').slice(-40)}-${text.length}"`;
    if (call.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end();
    } else {
      response.writeHead(200, { etag, 'content-type': 'application/json' }).end(text);
    }
  };
}

export function events(...list: RunEvent[]): Answer {
  return raw(...list.map(event => `${JSON.stringify(event)}\n`));
}

/** Text as it is, each part in a packet of its own. */
export function raw(...parts: (string | Buffer)[]): Answer {
  return async (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const part of parts) {
      await new Promise(sent => response.write(part, sent));
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    response.end();
  };
}

/** Some lines, and then the connection breaks. */
export function brokenOff(...list: RunEvent[]): Answer {
  return async (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const event of list) {
      await new Promise(sent => response.write(`${JSON.stringify(event)}\n`, sent));
    }
    response.destroy();
  };
}

export function problem(status: number, more: object = {}, headers: Record<string, string> = {}): Answer {
  return (_, response) => {
    const body = { type: 'about:blank', title: 'No', status, detail: `No, ${status}`, ...more };
    response
      .writeHead(status, { 'content-type': 'application/problem+json', ...headers })
      .end(JSON.stringify(body));
  };
}
