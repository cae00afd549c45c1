/** What is measured, and how to speak with it. */

/** A room over the wire: what a load generator sends and looks for. */
export type Subject = {
  /** The party that `partykit dev` serves it as. */
  party: string;
  /** Sent when the socket is open; undefined where there is nothing to say. */
  hello?: (id: string) => string;
  /** What a frame asks to be answered with, if anything. */
  answer?: (frame: string) => string | undefined;
  /** The frame of a client's `count`th changes. */
  encode: (changes: string, count: number) => string;
};

const answerPing = (frame: string): string | undefined =>
  frame.startsWith('i') ? 'o' + frame.slice(1) : undefined;

const OURS = {
  hello: (id: string) => `h[1,"${id}","${id}","",0]`,
  answer: answerPing,
  encode: (changes: string, count: number) => `p[${count},${changes}]`,
};

const LEGACY = {encode: (changes: string) => `s${changes}`};

export const SUBJECTS = {
  ours: {party: 'ours', ...OURS},
  oursHooks: {party: 'ourshooks', ...OURS},
  oursLegacy: {party: 'ours', ...LEGACY},
  tinybase: {party: 'tinybase', ...LEGACY},
  relay: {party: 'relay', ...LEGACY},
  relayPut: {party: 'relayput', ...LEGACY},
  /** It has no frames, only HTTP. */
  fixed: {party: 'fixed', ...LEGACY},
  fixedJson: {party: 'fixedjson', ...LEGACY},
} satisfies {[name: string]: Subject};

export type SubjectName = keyof typeof SUBJECTS;

/** What the tables call them. */
export const TITLES: {[subject: string]: string} = {
  ours: 'tinybase-partykit',
  oursHooks: 'tinybase-partykit, with a hook',
  oursLegacy: 'tinybase-partykit, clients of TinyBase’s own',
  tinybase: 'TinyBase’s own',
  relay: 'a relay that stores nothing',
  relayPut: 'a relay with one put a message',
  fixed: 'a fixed text',
  fixedJson: 'a text read as JSON, and stored as it came',
};
