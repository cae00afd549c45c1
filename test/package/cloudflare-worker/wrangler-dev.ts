/** `npm run dev` of the template, on loopback and with nobody to call. */
import {join} from 'node:path';
import {
  type ServerProcess,
  startServerProcess,
} from '../../support/server-process.js';

/** What wrangler would otherwise ask the internet for, or tell it. */
const SILENCE = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
};

export const startWranglerDev = (dir: string): Promise<ServerProcess> =>
  startServerProcess({
    name: 'wrangler dev',
    cwd: dir,
    timeoutMs: 60_000,
    prepare: async () => {},
    getCommand: ({tempDir, persistDir, port}) => [
      'env',
      ...Object.entries({
        ...SILENCE,
        XDG_CONFIG_HOME: join(tempDir, 'config'),
        WRANGLER_LOG_PATH: join(tempDir, 'logs'),
      }).map(([name, value]) => `${name}=${value}`),
      ...['npm', 'run', 'dev', '--'],
      ...['--ip', '127.0.0.1', '--port', `${port}`],
      ...['--inspector-ip', '127.0.0.1', '--inspector-port', '0'],
      ...['--persist-to', persistDir],
      '--show-interactive-dev-session=false',
    ],
    isReady: (output, port) =>
      output.includes(`Ready on http://127.0.0.1:${port}`),
    failure: /\[ERROR\]|npm error/i,
  });
