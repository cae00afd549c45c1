/** How the webhooks of a room on PartyKit learn its id. */
import type {Party} from 'partykit/server';

/** What somebody's visit tells of the room: a request, or a connection. */
export type Visit = {url?: string | null; uri?: string | null};

/** The room's id in a URL, as PartyKit itself takes it from there. */
const parseRoomId = (url: string): string | undefined =>
  /^\/(?:party|parties\/[^/]+)\/([^/]+)/.exec(new URL(url).pathname)?.[1];

/** Undefined in an alarm, and ever after where the alarm woke the room. */
const getRoomId = (party: Party): string | undefined => {
  try {
    return party.id;
  } catch {
    return undefined;
  }
};

/** The room's id, as the platform tells it or a visit does. */
export class VisitedRoomId {
  readonly #party: Party;
  #visitedId: string | undefined;

  constructor(party: Party) {
    this.#party = party;
  }

  find(): string | undefined {
    return getRoomId(this.#party) ?? this.#visitedId;
  }

  /** Answers whether that was the first visit to tell it. */
  note({url, uri}: Visit): boolean {
    const visited = url ?? uri;
    if (!visited || this.#visitedId) {
      return false;
    }
    this.#visitedId = parseRoomId(visited);
    return true;
  }
}
