import type {Writable} from 'node:stream';

/** Writes, and resolves when that is taken: who is slow is waited for. */
export const writeText = (stream: Writable, text: string): Promise<void> =>
  new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
