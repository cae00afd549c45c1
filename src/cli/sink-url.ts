/** What database a URL is of. */
import {UsageError} from './errors.js';

export type SinkKind = 'sql' | 'redis' | 'mongodb';

export type SinkUrl = {kind: SinkKind; url: string};

const KINDS: {[scheme: string]: SinkKind} = {
  mysql: 'sql',
  mariadb: 'sql',
  postgres: 'sql',
  postgresql: 'sql',
  sqlite: 'sql',
  redis: 'redis',
  rediss: 'redis',
  mongodb: 'mongodb',
  'mongodb+srv': 'mongodb',
};

const EXAMPLES =
  'mysql://…, postgres://…, sqlite:PATH, redis://… or mongodb://…';

/** @throws UsageError where it is none, which never says what was given. */
export const parseSinkUrl = (url: string | undefined): SinkUrl => {
  if (url === undefined) {
    throw new UsageError(
      `Where to? Give --to ${EXAMPLES}, or TINYBASE_PARTYKIT_TO.`,
    );
  }
  const [, scheme = ''] = /^([a-z0-9+.-]+):/i.exec(url) ?? [];
  const kind = KINDS[scheme.toLowerCase()];
  if (!kind) {
    throw new UsageError(`--to begins with ${EXAMPLES}: this does not.`);
  }
  return {kind, url};
};
