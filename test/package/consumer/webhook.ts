import {type Changes, createStore, type Content, type Store} from 'tinybase';
import {
  createNodeWebhookListener,
  createWebhookHandler,
  type SeenIds,
  type StoreCommit,
  type StoreUpdatedEvent,
  type WebhookHandler,
  type WebhookHandlerOptions,
} from 'tinybase-partykit/webhook';

/** A mirror of a room's Store, as far as its webhooks tell. */
export const store: Store = createStore();

const ids = new Set<string>();

const seen: SeenIds = {
  has: (id) => ids.has(id),
  add: async (id) => ids.add(id),
};

const options: WebhookHandlerOptions = {
  secret: ['whsec_', 'whsec_'],
  onStoreUpdated: async ({type, timestamp, data}: StoreUpdatedEvent) => {
    const isUpdate: 'storeUpdated' = type;
    const content: Content | undefined = data.content;
    const commits: StoreCommit[] = data.changes ?? [];
    const changes: Changes[] = commits.flatMap(({changes}) => changes);
    changes.forEach((one) => store.applyChanges(one));
    const offsets: number[] = [data.fromOffset, data.toOffset];
    const texts: string[] = [isUpdate, timestamp, data.room, data.epoch];
    await Promise.resolve([content, offsets, texts]);
  },
  toleranceSeconds: 60,
  maxBodyBytes: 1000,
  seen,
  onIgnoredError: (error: unknown) => void error,
};

export const POST: WebhookHandler = createWebhookHandler(options);

export const answer = async (request: Request): Promise<Response> =>
  await POST(request);

export const inferred = createWebhookHandler({
  secret: 'whsec_',
  onStoreUpdated: ({data}) => {
    store.setValue(data.room, data.toOffset);
    // @ts-expect-error an event has no such data
    void data.author;
  },
});

export const listener = createNodeWebhookListener(inferred);

export const refuseMisuse = (): unknown => [
  // @ts-expect-error a secret is needed
  createWebhookHandler({onStoreUpdated: () => {}}),
  // @ts-expect-error it is the handler that is adapted
  createNodeWebhookListener(options),
];
