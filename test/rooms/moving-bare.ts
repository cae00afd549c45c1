/** A room that moves, and that has nothing else of its own. */
import type * as Party from 'partykit/server';
import {
  forwardTo,
  TinyBasePartyKitServer,
  type TinyBasePartyKitServerConfig,
} from '../../src/server/index.js';

type Env = {
  moveSecret?: string;
  mayLeave?: boolean;
  moveFrom?: string;
  forwardTo?: string;
  webhooks?: string;
};

/** What a room that moves has in its config, as its environment says it. */
export const createMoveConfig = (
  env: Record<string, unknown>,
  party: string,
): TinyBasePartyKitServerConfig => {
  const {moveSecret: secret = '', mayLeave, moveFrom, webhooks} = env as Env;
  return {
    ...(mayLeave ? {move: {secret}} : {}),
    ...(moveFrom ? {moveFrom: {url: `${moveFrom}/${party}`, secret}} : {}),
    ...(webhooks ? {webhooks: JSON.parse(webhooks)} : {}),
  };
};

/** Leads everybody to where the environment says. */
export const createForward =
  (party: string) =>
  async (
    request: Party.Request,
    {env}: Party.Lobby,
  ): Promise<Party.Request | Response> => {
    const {forwardTo: url} = env as Env;
    return url ? await forwardTo(`${url}/${party}`)(request) : request;
  };

export default class extends TinyBasePartyKitServer {
  static onBeforeConnect = createForward('bare');
  static onBeforeRequest = createForward('bare');

  readonly config = createMoveConfig(this.party.env, 'bare');
}
