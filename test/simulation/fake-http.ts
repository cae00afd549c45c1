/** HTTP between clients and the room: slow, failing, or losing the response. */
import type {Ledger} from './ledger.js';
import {LightRequest, LightResponse} from './light-http.js';
import type {WireHost} from './network.js';
import type {World} from './world.js';

/** A room, and what is known of its truth. */
export type Place = {
  host: WireHost & {request(request: Request): Promise<Response>};
  ledger: Ledger;
};

export class FakeHttp {
  requests = 0;

  constructor(
    readonly world: World,
    readonly places: {[room: string]: Place},
  ) {}

  fetch(
    client: string,
    url: string,
    init: RequestInit = {},
  ): Promise<Response> {
    const {world} = this;
    const {clock, random, profile} = world;
    const {method = 'GET', body} = init;
    const {host, ledger} = this.places[new URL(url).pathname.split('/')[3]!]!;
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
        host
          .request(new LightRequest(url, method, (body as string) ?? '') as any)
          .then((response) => {
            if (method == 'GET' && !profile.legacyRoom) {
              void response
                .text()
                .then((text) =>
                  ledger.checkContent(response.headers.get('etag'), text),
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
