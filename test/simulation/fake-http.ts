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
    const {clock, profile} = world;
    const {method = 'GET', body} = init;
    const {host, ledger} = this.places[new URL(url).pathname.split('/')[3]!]!;
    const random = world.random.of(`http of ${client}`);
    const id = ++this.requests;
    world.note(client, method, `#${id}`, (body as string) ?? '');
    world.count(method);
    return new Promise((resolve, reject) => {
      const fail = () => {
        world.note(client, method, `#${id} fails`);
        reject(new TypeError('fetch failed'));
      };
      const later = (run: () => void, owner: string) =>
        void clock.after(random.delay(profile.networkMs), run, owner);
      if (world.fault('HTTP fails', profile.httpFailures / 2)) {
        later(fail, client);
        return;
      }
      if (init.signal && world.fault('HTTP hangs', profile.httpFailures / 10)) {
        // Until the client has had enough of it.
        init.signal.addEventListener('abort', fail);
        return;
      }
      later(() => {
        if (world.fault('HTTP answers 503', profile.httpFailures / 4)) {
          const response: any = new LightResponse('', {status: 503});
          later(() => resolve(response), client);
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
            const lost = world.fault(
              'HTTP response lost',
              profile.httpFailures / 2,
            );
            later(() => {
              world.note(
                client,
                `#${id}`,
                response.status,
                response.headers.get('etag'),
              );
              lost ? fail() : resolve(response);
            }, client);
          })
          .catch(() => later(fail, client));
      }, '');
    });
  }
}
