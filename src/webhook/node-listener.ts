/** The edge to Node's `http`; its types are named by what is used of them. */
import {createBodyUsedError} from './read-body.js';
import type {WebhookHandler} from './webhook-handler.js';

/** What is used of an `IncomingMessage`. */
export type NodeRequest = AsyncIterable<Uint8Array> & {
  method?: string;
  headers: {[name: string]: string | string[] | undefined};
  readableDidRead?: boolean;
};

/** What is used of a `ServerResponse`. */
export type NodeResponse = {
  headersSent: boolean;
  writeHead(status: number, headers: {[name: string]: string}): unknown;
  end(body: Uint8Array): unknown;
};

/** Reads what is left, for nobody. */
const drain = async (chunks: AsyncIterator<Uint8Array>): Promise<void> => {
  try {
    while (!(await chunks.next()).done);
  } catch {
    // The sender has gone.
  }
};

const createBody = (request: NodeRequest): ReadableStream<Uint8Array> => {
  const isUsed = request.readableDidRead;
  const chunks = request[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        if (isUsed) {
          throw createBodyUsedError();
        }
        const {done, value} = await chunks.next();
        done ? controller.close() : controller.enqueue(value);
      },
      // To end the iterator would close the connection, and lose the answer.
      cancel: () => void drain(chunks),
    },
    {highWaterMark: 0},
  );
};

const createRequest = (request: NodeRequest): Request => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) {
      headers.set(name, [value].flat().join(', '));
    }
  }
  const {method} = request;
  const init = {
    method,
    headers,
    // Only a webhook's is read.
    body: method == 'POST' ? createBody(request) : null,
    duplex: 'half',
  };
  // A webhook says nothing by its URL, which Node may give malformed.
  return new Request('http://localhost/', init);
};

const respond = async (
  handler: WebhookHandler,
  request: NodeRequest,
  response: NodeResponse,
): Promise<void> => {
  let answer: Response;
  try {
    answer = await handler(createRequest(request));
  } catch {
    // A method that no Request may have, or what `onIgnoredError` has thrown.
    answer = new Response(null, {status: 500});
  }
  const body = new Uint8Array(await answer.arrayBuffer());
  if (!response.headersSent) {
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(body);
  }
};

/**
 * A listener for Node's `http` (and Express) that has a webhook handler answer.
 * It must get the request before any body parser.
 *
 * @example
 * ```ts
 * import {createServer} from 'node:http';
 * import {
 *   createNodeWebhookListener,
 *   createWebhookHandler,
 * } from 'tinybase-partykit/webhook';
 *
 * const handler = createWebhookHandler({
 *   secret: process.env.WEBHOOK_SECRET!,
 *   onStoreUpdated: ({data}) => console.log(data.room, data.toOffset),
 * });
 * createServer(createNodeWebhookListener(handler)).listen(3000);
 * ```
 */
export const createNodeWebhookListener =
  (handler: WebhookHandler) =>
  (request: NodeRequest, response: NodeResponse): void => {
    void respond(handler, request, response);
  };
