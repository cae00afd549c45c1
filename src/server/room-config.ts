/** What an app may set of its room, on any platform. */
import type {RoomLimits} from '../protocol/limits.js';
import type {MoveConfig, MoveFromConfig} from './move/move-config.js';
import type {WebhookConfig} from './webhooks/webhook-config.js';

/** How a room is reached, and where it keeps what it holds. */
export type RoomConfig = {
  /** The path of the content below the room's URL; defaults to `/store`. */
  storePath?: string;
  /**
   * What the room's WebSocket messages begin with, to tell them from an app's
   * own; defaults to an empty string.
   */
  messagePrefix?: string;
  /**
   * What the room's keys in durable storage begin with, to tell them from an
   * app's own; defaults to an empty string.
   */
  storagePrefix?: string;
  /**
   * Headers of every response. Defaults to `Access-Control-Allow-Origin`,
   * `-Methods` and `-Headers` of `*`; what is set here replaces all of them.
   */
  responseHeaders?: HeadersInit;
  /**
   * Whether `PATCH` at `storePath` may change the content: for back ends, which
   * have no WebSocket. It asks the hooks as a push does, with the request in
   * place of the connection. Defaults, on PartyKit, to whether it lets in nobody
   * new: the class has `onBeforeRequest`, or nothing of its own that may turn a
   * connection down (`onBeforeConnect`, `onConnect`, `onMessage`). On partyserver
   * it defaults to false: who is let in is up to the Worker, of which the class
   * knows nothing.
   */
  allowPatch?: boolean;
  /** Bounds other than the defaults. */
  limits?: Partial<RoomLimits>;
  /**
   * Whether who may `GET` the content may also follow it live, by server-sent
   * events; defaults to true. A room stays awake while somebody does.
   */
  feed?: boolean;
  /**
   * How much of the log is kept for history, in bytes, if that is more than
   * `limits.maxCatchUpBytes`. Who may `GET` the content may ask for each commit of
   * the past (`?since=`) and for the content as it was (`?at=`), as far as the log
   * reaches, with what has been overwritten and deleted since. Defaults to what
   * the log has anyhow; 0 tells nothing of the past.
   */
  historyLimit?: number;
  /**
   * Who is told, by signed webhooks, that the Store was updated; defaults to
   * nobody. See docs/webhooks.md for what the room does with its alarm then.
   */
  webhooks?: WebhookConfig | WebhookConfig[];
  /**
   * Who may take the room to another deployment; defaults to nobody. See
   * docs/moving.md.
   */
  move?: MoveConfig;
  /**
   * From which deployment the room comes: when it is first visited it is fetched
   * from there, before it answers anybody. See docs/moving.md.
   */
  moveFrom?: MoveFromConfig;
};

export const RESPONSE_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Allow-Headers': '*',
};

/** Sets what is not set of what TinyBase's own half sets, too. */
export const setConfigDefaults = (config: RoomConfig): void => {
  config.storePath ??= '/store';
  config.messagePrefix ??= '';
  config.storagePrefix ??= '';
  config.responseHeaders ??= RESPONSE_HEADERS;
};
