/** HTTP between clients and the room: slow, failing, or losing the response. */
import type {Ledger} from './ledger.js';
import type {SimRoom} from './sim-room.js';
import type {World} from './world.js';

/** As much of a Response as both halves use; the real one takes its time. */
class LightResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly #body: string;

  constructor(
    body: string | null,
    {status = 200, headers}: {status?: number; headers?: HeadersInit} = {},
  ) {
    this.#body = body ?? '';
    this.status = status;
    this.headers = new Headers(headers);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  text(): Promise<string> {
    return Promise.resolve(this.#body);
  }
}

class LightRequest {
  readonly headers = new Headers();

  constructor(
    readonly url: string,
    readonly method: string,
    readonly body: string,
  ) {}

  text(): Promise<string> {
    return Promise.resolve(this.body);
  }
}

const real = {Response: globalThis.Response};

/** Makes the room answer with light responses; answers how to undo that. */
export const lightenResponses = (): (() => void) => {
  globalThis.Response = LightResponse as any;
  return () => {
    globalThis.Response = real.Response;
  };
};

export class FakeHttp {
  requests = 0;

  constructor(
    readonly world: World,
    readonly room: SimRoom,
    readonly ledger: Ledger,
  ) {}

  fetch(
    client: string,
    url: string,
    init: RequestInit = {},
  ): Promise<Response> {
    const {world} = this;
    const {clock, random, profile} = world;
    const {method = 'GET', body} = init;
    const id = ++this.requests;
    world.note(client, method, `#${id}`, (body as string) ?? '');
    return new Promise((resolve, reject) => {
      const fail = () => {
        world.note(client, method, `#${id} fails`);
        reject(new TypeError('fetch failed'));
      };
      const later = (run: () => void) =>
        void clock.after(random.delay(profile.networkMs), run);
      if (world.fault(profile.httpFailures / 2)) {
        later(fail);
        return;
      }
      later(() => {
        if (world.fault(profile.httpFailures / 4)) {
          later(() => resolve(new LightResponse('', {status: 503}) as any));
          return;
        }
        this.room
          .request(new LightRequest(url, method, (body as string) ?? '') as any)
          .then((response) => {
            if (method == 'GET') {
              void response
                .text()
                .then((text) =>
                  this.ledger.checkContent(response.headers.get('etag'), text),
                );
            }
            const lost = world.fault(profile.httpFailures / 2);
            later(() => {
              world.note(
                client,
                `#${id}`,
                response.status,
                response.headers.get('etag'),
              );
              lost ? fail() : resolve(response);
            });
          })
          .catch(() => later(fail));
      });
    });
  }
}
