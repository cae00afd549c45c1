/** What is measured, and how to speak with it. */

/** A room over the wire: what a load generator sends and looks for. */
export type Subject = {
  /** As the tables call it. */
  title: string;
  /** The party that `partykit dev` serves it as. */
  party: string;
  /** Sent when the socket is open; undefined where there is nothing to say. */
  hello?: (id: string) => string;
  /** What a frame asks to be answered with, if anything. */
  answer?: (frame: string) => string | undefined;
  /** A change of one Cell to this token, the client's `count`th. */
  encodeChange: (token: string, rowId: string, count: number) => string;
};

const answerPing = (frame: string): string | undefined =>
  frame.startsWith('i') ? 'o' + frame.slice(1) : undefined;

const encodeLegacy = (token: string, rowId: string): string =>
  `s[{"t":{"${rowId}":{"c":"${token}"}}},{},1]`;

export const SUBJECTS = {
  ours: {
    title: 'tinybase-partykit',
    party: 'ours',
    hello: (id) => `h[1,"${id}","${id}","",0]`,
    answer: answerPing,
    encodeChange: (token, rowId, count) =>
      `p[${count},[{"t":{"${rowId}":{"c":"${token}"}}},{},1]]`,
  },
  oursLegacy: {
    title: 'tinybase-partykit, clients of TinyBase’s own',
    party: 'ours',
    encodeChange: encodeLegacy,
  },
  tinybase: {
    title: 'TinyBase’s own',
    party: 'tinybase',
    encodeChange: encodeLegacy,
  },
  relay: {
    title: 'a relay that stores nothing',
    party: 'relay',
    encodeChange: encodeLegacy,
  },
  relayPut: {
    title: 'a relay with one put a message',
    party: 'relayput',
    encodeChange: encodeLegacy,
  },
} satisfies {[name: string]: Subject};

export type SubjectName = keyof typeof SUBJECTS;
