/** A server of webhooks, for a mirror that follows no live feed. */
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {
  createNodeWebhookListener,
  createWebhookHandler,
  type StoreUpdatedEvent,
} from '../webhook/index.js';
import {UsageError} from './errors.js';

export type ListenOptions = {
  port: number;
  host: string;
  secrets: string[];
  onStoreUpdated(event: StoreUpdatedEvent): Promise<void>;
  onError(error: unknown): void;
  onListening(url: string): void;
};

const createHandler = ({
  secrets,
  onStoreUpdated,
  onError,
}: ListenOptions): ReturnType<typeof createWebhookHandler> => {
  try {
    return createWebhookHandler({
      secret: secrets,
      onStoreUpdated,
      onIgnoredError: onError,
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

/** Resolves when it listens, to how to end that: after the answers under way. */
export const listenForWebhooks = async (
  options: ListenOptions,
): Promise<() => Promise<void>> => {
  const {port, host, onListening} = options;
  const server = createServer(
    createNodeWebhookListener(createHandler(options)),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', options.onError);
  const {address, port: taken, family} = server.address() as AddressInfo;
  onListening(
    `http://${family == 'IPv6' ? `[${address}]` : address}:${taken}/`,
  );
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
};
