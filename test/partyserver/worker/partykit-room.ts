/**
 * Stands for `src/server` where rooms that are written for PartyKit run on
 * partyserver: what they use of `this.party`, over the class for partyserver.
 */
import {TinyBaseServer} from '../../../src/partyserver/index.js';

export * from '../../../src/partyserver/index.js';

export class TinyBasePartyKitServer extends TinyBaseServer<
  Record<string, unknown>
> {
  readonly party: {
    readonly id: string;
    readonly env: Record<string, unknown>;
    readonly storage: DurableObjectStorage;
  };

  constructor(ctx: DurableObjectState, env: Record<string, unknown>) {
    super(ctx, env);
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    const server = this;
    this.party = {
      get id() {
        return server.name;
      },
      env,
      storage: ctx.storage,
    };
  }
}
