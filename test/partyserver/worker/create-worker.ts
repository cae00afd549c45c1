/** A Worker of rooms that are written for PartyKit. */
import {type Lobby, routePartykitRequest} from 'partyserver';
import type {TinyBasePartyKitServer} from './partykit-room.js';

type Answer = Request | Response | Promise<Request | Response>;

/** What a PartyKit room may do before it is reached, as PartyKit has it. */
interface RoomClass {
  onBeforeConnect?(request: Request, lobby: PartyKitLobby): Answer;
  onBeforeRequest?(request: Request, lobby: PartyKitLobby): Answer;
}

type PartyKitLobby = {id: string; env: unknown};

type Constructor = new (...args: any[]) => TinyBasePartyKitServer;

/**
 * A room that lets `PATCH` in, as on PartyKit, where the class itself tells whom
 * it lets in.
 */
export const adaptRoom = <Class extends Constructor>(Class: Class) =>
  class extends Class {
    constructor(...args: any[]) {
      super(...args);
      this.config.allowPatch ??= true;
    }
  };

/** @param classes By the names of their parties. */
export const createWorker = (
  classes: Record<string, RoomClass>,
): ExportedHandler => {
  const ask =
    (hook: keyof RoomClass, env: unknown) =>
    async (request: Request, {className, name}: Lobby): Promise<any> =>
      await classes[className]![hook]?.(request, {id: name, env});
  return {
    fetch: async (request, env) =>
      (await routePartykitRequest(request, env as Cloudflare.Env, {
        onBeforeConnect: ask('onBeforeConnect', env),
        onBeforeRequest: ask('onBeforeRequest', env),
      })) ?? new Response(null, {status: 404}),
  };
};
