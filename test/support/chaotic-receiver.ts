/** A server that receives webhooks, as well or badly as its seed says. */
import {
  createServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import {findFreePort} from './free-port.js';
import type {RandomInteger} from './random-edits.js';
import {createNodeWebhookListener} from '../../src/webhook/index.js';
import {createReceiver} from './webhook-receiver.js';

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export const startChaoticReceiver = async (random: RandomInteger) => {
  const receivers = new Map<string, ReturnType<typeof createReceiver>>();
  const getReceiver = (path: string) => {
    const receiver = receivers.get(path) ?? createReceiver();
    receivers.set(path, receiver);
    return receiver;
  };
  const port = await findFreePort();
  /** How often each behaviour was chosen. */
  const counts: {[name: string]: number} = {};
  let isChaotic = true;
  let override: Behaviour | undefined;

  const receive: Behaviour = (request, response) =>
    createNodeWebhookListener(getReceiver(request.url!).handle)(
      request,
      response,
    );
  const behaviours: {[name: string]: Behaviour} = {
    fails: (request, response) => {
      request.resume();
      response.writeHead(500 + random(5)).end();
    },
    hangs: (request) => void request.resume(),
    redirects: (request, response) => {
      request.resume();
      response.writeHead(307, {Location: '/elsewhere'}).end();
    },
    dies: (request) => void request.socket.destroy(),
    losesAnswer: (request) =>
      createNodeWebhookListener(getReceiver(request.url!).handle)(request, {
        headersSent: false,
        writeHead: () => {},
        end: () => request.socket.destroy(),
      }),
  };
  const names = Object.keys(behaviours);

  const server = createServer((request, response) => {
    const choice = isChaotic ? random(2 * names.length) : names.length;
    const name =
      request.url == '/elsewhere' ? 'elsewhere' : (names[choice] ?? 'works');
    counts[name] = (counts[name] ?? 0) + 1;
    (override ?? behaviours[name] ?? receive)(request, response);
  });
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
  const stop = async (): Promise<void> => {
    if (server.listening) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
  };
  await listen();

  return {
    url: `http://127.0.0.1:${port}`,
    counts,
    getReceiver,
    listen,
    stop,
    /** From now on it does what it should. */
    calmDown: () => {
      isChaotic = false;
    },
    /** Does this with each request until told otherwise. */
    behave: (behaviour: Behaviour | undefined) => {
      override = behaviour;
    },
  };
};
