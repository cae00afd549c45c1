import {fileURLToPath} from 'node:url';

/** The repository's folder; who runs from a bundle elsewhere has to tell it. */
export const REPOSITORY = fileURLToPath(
  new URL(process.env.REPOSITORY ?? '../..', import.meta.url),
);
