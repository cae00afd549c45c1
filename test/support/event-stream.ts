/** What a live feed sends, as its readers see it. */
import {createParser} from 'eventsource-parser';

export type FeedEvent = {
  name: string;
  id: string;
  /** Its JSON, parsed. */
  data: any;
};

export interface EventStream {
  /** All events until now. */
  readonly events: FeedEvent[];
  readonly commentCount: number;
  readonly retryMs: number | undefined;
  /** How it has ended, if it has: by its end, or in the midst of it. */
  readonly ended: 'closed' | 'cut' | undefined;
  /** Resolves when it has ended. */
  readonly end: Promise<void>;
  /** The events since this was called last. */
  take(): FeedEvent[];
  /** The reader goes away. */
  leave(): Promise<void>;
}

/** Reads a response as it comes. */
export const readEvents = (response: Response): EventStream => {
  const events: FeedEvent[] = [];
  let commentCount = 0;
  let retryMs: number | undefined;
  let ended: EventStream['ended'];
  let taken = 0;
  const parser = createParser({
    onEvent: ({event = '', id = '', data}) =>
      events.push({name: event, id, data: JSON.parse(data)}),
    onComment: () => commentCount++,
    onRetry: (ms) => {
      retryMs = ms;
    },
  });
  const decoder = new TextDecoder();
  const reader = response.body!.getReader();

  const read = async (): Promise<void> => {
    try {
      for (;;) {
        const {done, value} = await reader.read();
        if (done) {
          ended = 'closed';
          return;
        }
        parser.feed(decoder.decode(value, {stream: true}));
      }
    } catch {
      ended = 'cut';
    }
  };

  const end = read();
  return {
    events,
    get commentCount() {
      return commentCount;
    },
    get retryMs() {
      return retryMs;
    },
    get ended() {
      return ended;
    },
    end,
    take: () => {
      const news = events.slice(taken);
      taken = events.length;
      return news;
    },
    // It may have been cut off before.
    leave: () => reader.cancel().catch(() => {}),
  };
};

/** Opens the live feed at a URL. */
export const openFeed = async (
  url: string,
  headers: Record<string, string> = {},
): Promise<EventStream> => {
  const response = await fetch(url, {
    headers: {Accept: 'text/event-stream', ...headers},
  });
  if (response.status != 200) {
    throw new Error(`${url}: ${response.status} ${await response.text()}`);
  }
  return readEvents(response);
};
