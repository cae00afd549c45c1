/** The handler behind a real server of Node's. */
import {
  createServer,
  type IncomingMessage,
  request,
  type RequestListener,
} from 'node:http';
import {type AddressInfo, connect} from 'node:net';
import {text} from 'node:stream/consumers';
import {describe, expect, onTestFinished, test, vi} from 'vitest';
import {
  createNodeWebhookListener,
  type StoreUpdatedEvent,
  type WebhookHandlerOptions,
} from '../../src/webhook/index.js';
import {createDeferred, createReceiver} from '../support/webhook-receiver.js';
import {
  makeBody,
  makeSecret,
  signHeaders,
} from '../support/webhook-requests.js';

/** Serves until the test ends, and returns the port. */
const serve = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

const startReceiver = async (options?: Partial<WebhookHandlerOptions>) => {
  const receiver = createReceiver(options);
  const handle = vi.fn(receiver.handle);
  const port = await serve(createNodeWebhookListener(handle));
  const url = `http://127.0.0.1:${port}/webhook?any=1`;
  const post = (body: string, headers = signHeaders(body)) =>
    fetch(url, {method: 'POST', body, headers});
  return {...receiver, handle, port, url, post};
};

describe('behind a server of Node', () => {
  test('W5: a webhook is handled', async () => {
    const {post, events, errors} = await startReceiver();
    const body = makeBody({room: 'é😀'.repeat(100_000)});
    const response = await post(body);
    expect([response.status, await response.text()]).toEqual([204, '']);
    expect(events).toEqual([JSON.parse(body) as StoreUpdatedEvent]);
    expect(errors).toEqual([]);
  });

  test('W3: what is not signed is told why', async () => {
    const {post, events} = await startReceiver();
    const body = makeBody();
    const response = await post(
      body,
      signHeaders(body, {secret: makeSecret(2)}),
    );
    expect(response.status).toBe(401);
    expect(response.headers.get('Content-Type')).toBe(
      'application/problem+json',
    );
    expect(await response.json()).toMatchObject({title: 'Signature wrong'});
    expect(events).toEqual([]);
  });

  test('W5: other methods are not allowed', async () => {
    const {url} = await startReceiver();
    for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
      const body = method == 'PUT' ? 'x'.repeat(1_000_000) : undefined;
      const response = await fetch(url, {method, body});
      expect(response.status).toBe(405);
      expect(response.headers.get('Allow')).toBe('POST');
      await response.arrayBuffer();
    }
  });

  test('W5: a method that no Request may have harms nobody', async () => {
    const {url, post} = await startReceiver();
    const answer = await new Promise<IncomingMessage>((resolve) =>
      request(url, {method: 'TRACE'}, resolve).end(),
    );
    answer.resume();
    expect(answer.statusCode).toBe(500);
    expect((await post(makeBody())).status).toBe(204);
  });

  test('W9: a body too large is told so, and its connection goes on', async () => {
    const {port, events} = await startReceiver({maxBodyBytes: 1000});
    const socket = connect(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    let answers = '';
    socket.on('data', (data) => (answers += data));
    const body = 'x'.repeat(10_000_000);
    const head = 'POST / HTTP/1.1\r\nHost: a\r\n';
    const send = (body: string, headers: {[name: string]: string}) =>
      socket.write(
        `${head}Content-Length: ${body.length}\r\n` +
          Object.entries(headers)
            .map(([name, value]) => `${name}: ${value}\r\n`)
            .join('') +
          `\r\n${body}`,
      );
    send(body, {});
    await vi.waitFor(() => expect(answers).toContain('HTTP/1.1 413'), 10_000);
    send(makeBody(), signHeaders(makeBody()));
    await vi.waitFor(() => expect(answers).toContain('HTTP/1.1 204'), 10_000);
    expect(events.length).toBe(1);
  });

  test('W9: who goes away before being told so harms nobody', async () => {
    const {handle} = createReceiver({maxBodyBytes: 1000});
    const [isTooLarge, isClosed] = [createDeferred(), createDeferred()];
    const answered = vi.fn();
    const listener = createNodeWebhookListener(async (request) => {
      const response = await handle(request);
      isTooLarge.resolve();
      await isClosed.promise;
      answered(response.status);
      return response;
    });
    const port = await serve((request, response) => {
      request.once('close', isClosed.resolve);
      listener(request, response);
    });
    const socket = connect(port, '127.0.0.1');
    socket.write(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n' +
        'x'.repeat(2000),
    );
    await isTooLarge.promise;
    socket.destroy();
    // What nobody caught would end the run.
    await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(413));
  });

  test('W9: who goes away while sending is not handled', async () => {
    const {handle, port, post, events, errors} = await startReceiver();
    const socket = connect(port, '127.0.0.1');
    const body = makeBody();
    const headers = Object.entries(signHeaders(body)).map((h) => h.join(': '));
    socket.write(
      [
        ...['POST / HTTP/1.1', 'Host: a', `Content-Length: ${body.length}`],
        ...[...headers, '', body.slice(0, -1)],
      ].join('\r\n'),
    );
    await vi.waitFor(() => expect(handle).toHaveBeenCalled());
    socket.destroy();
    await vi.waitFor(() => expect(errors.length).toBe(1));
    expect(events).toEqual([]);
    expect((await post(body)).status).toBe(204);
  });

  test('W7: who goes away meanwhile is answered the next time', async () => {
    const {promise, resolve} = createDeferred();
    const onStoreUpdated = vi.fn(() => promise);
    const {url, post, errors} = await startReceiver({onStoreUpdated});
    const body = makeBody();
    const controller = new AbortController();
    const {signal} = controller;
    const first = fetch(url, {
      method: 'POST',
      body,
      headers: signHeaders(body),
      signal,
    });
    await vi.waitFor(() => expect(onStoreUpdated).toHaveBeenCalled());
    controller.abort();
    await expect(first).rejects.toThrow('abort');
    expect((await post(body)).status).toBe(503);
    resolve();
    await vi.waitFor(async () => expect((await post(body)).status).toBe(204));
    expect(onStoreUpdated).toHaveBeenCalledOnce();
    expect(errors).toEqual([]);
  });

  test('W5: a body that was read before is an error that says so', async () => {
    const {handle, events, errors} = createReceiver();
    const listener = createNodeWebhookListener(handle);
    const port = await serve((request, response) => {
      void text(request).then(() => listener(request, response));
    });
    const body = makeBody();
    const response = await fetch(`http://127.0.0.1:${port}`, {
      method: 'POST',
      body,
      headers: signHeaders(body),
    });
    expect(response.status).toBe(500);
    expect(String(errors)).toContain('before any body parser');
    expect(events).toEqual([]);
  });

  test('W5: what onIgnoredError throws ends no process', async () => {
    const {post} = await startReceiver({
      onStoreUpdated: () => Promise.reject(new Error('one')),
      onIgnoredError: () => {
        throw new Error('two');
      },
    });
    const response = await post(makeBody());
    expect([response.status, await response.text()]).toEqual([500, '']);
  });

  test('W5: an answer that another has given stays', async () => {
    const isHandling = createDeferred();
    const isTimedOut = createDeferred();
    const {handle} = createReceiver({
      onStoreUpdated: () => {
        isHandling.resolve();
        return isTimedOut.promise;
      },
    });
    const answered = vi.fn();
    const listener = createNodeWebhookListener((request) => {
      const answer = handle(request);
      void answer.then(({status}) => answered(status));
      return answer;
    });
    const port = await serve((request, response) => {
      listener(request, response);
      void isHandling.promise.then(() => {
        response.writeHead(504).end('timed out');
        isTimedOut.resolve();
      });
    });
    const body = makeBody();
    const response = await fetch(`http://127.0.0.1:${port}`, {
      method: 'POST',
      body,
      headers: signHeaders(body),
    });
    expect([response.status, await response.text()]).toEqual([
      504,
      'timed out',
    ]);
    await vi.waitFor(() => expect(answered).toHaveBeenCalledWith(204));
  });
});
