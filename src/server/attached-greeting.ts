/**
 * What a connection's hello said, in the runtime's own attachment of its socket,
 * beside what the platform and the app have there.
 */
import type {Greeting} from './room-edge.js';

const KEY = '#tbpk';

/** As the runtime has it: PartyKit and partyserver put another in front. */
type Attachable = {
  deserializeAttachment(): any;
  serializeAttachment(attachment: unknown): void;
};

const getPrototype = (): Attachable => WebSocket.prototype as any;

/**
 * Where an app's state leaves no room, or overwrites it, the room asks for the
 * hello again after it has slept.
 */
export const attachGreeting = (
  connection: object,
  greeting: Greeting,
): void => {
  try {
    const prototype = getPrototype();
    prototype.serializeAttachment.call(connection, {
      ...prototype.deserializeAttachment.call(connection),
      [KEY]: greeting,
    });
  } catch {
    // Not hibernating, or full.
  }
};

export const readGreeting = (connection: object): Greeting | undefined => {
  try {
    return getPrototype().deserializeAttachment.call(connection)?.[KEY] as
      | Greeting
      | undefined;
  } catch {
    return undefined;
  }
};
