/** Writes a secret for `wrangler dev` into .dev.vars, where there is none yet. */
import {randomBytes} from 'node:crypto';
import {existsSync, writeFileSync} from 'node:fs';

if (!existsSync('.dev.vars')) {
  const secret = randomBytes(32).toString('base64');
  writeFileSync('.dev.vars', `TOKEN_SECRET="${secret}"\n`);
}
