/** The code in a page of the docs, to be run as a reader would. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {REPOSITORY} from './run.js';

export type DocsBlock = {
  /** `ts`, `sh`, `json`, or empty. */
  language: string;
  code: string;
};

/** The fenced blocks of `docs/NAME`, in order. */
export const readDocsBlocks = (name: string): DocsBlock[] =>
  [
    ...readFileSync(join(REPOSITORY, 'docs', name), 'utf8').matchAll(
      /^```(\w*)\n(.*?)^```/gms,
    ),
  ].map(([, language, code]) => ({language: language!, code: code!}));

/** The one block that contains a text. */
export const findDocsBlock = (name: string, text: string): string => {
  const found = readDocsBlocks(name).filter(({code}) => code.includes(text));
  if (found.length != 1) {
    throw new Error(`${found.length} blocks of ${name} have ${text}`);
  }
  return found[0]!.code;
};
