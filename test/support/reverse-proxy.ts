import {createServer, request, type IncomingMessage} from 'node:http';
import {connect, type AddressInfo, type Socket} from 'node:net';
import {onTestFinished} from 'vitest';

export interface ReverseProxyOptions {
  /**
   * Which path of the server a request goes to; undefined is 404. Every path
   * goes where it is unless told.
   */
  route?: (path: string) => string | undefined;
  /** Awaited between the server's answer to an HTTP request and its delivery. */
  beforeAnswer?: (request: IncomingMessage) => Promise<void>;
}

/**
 * Starts the HTTP and WebSocket proxy of a deployment in front of
 * `127.0.0.1:port`, and returns its host; it ends with the test.
 */
export const startReverseProxy = async (
  port: number,
  {
    route = (path) => path,
    beforeAnswer = async () => {},
  }: ReverseProxyOptions = {},
): Promise<string> => {
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket.on('error', () => socket.destroy()));
    return socket.once('close', () => sockets.delete(socket));
  };
  const target = ({url = '/'}: IncomingMessage): string | undefined => {
    const {pathname, search} = new URL(url, 'http://proxy');
    const path = route(pathname);
    return path == null ? undefined : path + search;
  };

  const server = createServer((incoming, response) => {
    const path = target(incoming);
    if (path == null) {
      response.writeHead(404).end();
      return;
    }
    const {method, headers} = incoming;
    const outgoing = request({host: '127.0.0.1', port, path, method, headers});
    outgoing.on('response', (answer) => {
      void beforeAnswer(incoming).then(() => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on('connection', track);
  server.on('upgrade', (incoming: IncomingMessage, client: Socket) => {
    const path = target(incoming);
    if (path == null) {
      client.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    const {rawHeaders} = incoming;
    const lines = [`GET ${path} HTTP/1.1`];
    for (let index = 0; index < rawHeaders.length; index += 2) {
      lines.push(`${rawHeaders[index]}: ${rawHeaders[index + 1]}`);
    }
    const upstream = track(connect(port, '127.0.0.1'));
    upstream.write(lines.join('\r\n') + '\r\n\r\n');
    upstream.pipe(client).pipe(upstream);
    upstream.once('close', () => client.destroy());
    client.once('close', () => upstream.destroy());
  });

  await new Promise<void>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve()),
  );
  onTestFinished(async () => {
    sockets.forEach((socket) => socket.destroy());
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};
