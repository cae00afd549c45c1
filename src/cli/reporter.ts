/** What a command says of its doing, on stderr: lines of text, or of JSON. */
import type {Writable} from 'node:stream';
import {stripControls} from './printable.js';

/** What happened; printed as it is in lines of JSON. */
export type Report = {event: string; [field: string]: unknown};

export type Reporter = {
  /** What the user asked for, and is nothing wrong: kept back when quiet. */
  note(text: string, report: Report): void;
  /** Like `note`, but after a second, and one a second: the others are dropped. */
  progress(text: string, report: Report): void;
  error(text: string, report?: Report): void;
};

export type ReporterOptions = {
  stderr: Writable;
  isQuiet: boolean;
  asJson: boolean;
  redact: (text: string) => string;
};

const PROGRESS_MS = 1_000;

/** What may be of others is redacted, and not the JSON itself: it stays JSON. */
const toJson = (
  {event, ...fields}: Report,
  redact: ReporterOptions['redact'],
): string =>
  JSON.stringify({
    time: new Date().toISOString(),
    event,
    ...JSON.parse(JSON.stringify(fields), (_name, value) =>
      typeof value == 'string' ? redact(value) : value,
    ),
  });

export const createReporter = ({
  stderr,
  isQuiet,
  asJson,
  redact,
}: ReporterOptions): Reporter => {
  // What is done within a moment is told when it is done.
  let shownAt = performance.now();

  const print = (text: string, report: Report): void => {
    const line = asJson ? toJson(report, redact) : redact(text);
    stderr.write(`${stripControls(line)}\n`);
  };

  const note: Reporter['note'] = (text, report) => {
    if (!isQuiet) {
      print(text, report);
    }
  };

  return {
    note,
    progress: (text, report) => {
      const now = performance.now();
      if (now - shownAt >= PROGRESS_MS) {
        shownAt = now;
        note(text, report);
      }
    },
    error: (text, report = {event: 'error'}) =>
      print(text, {...report, message: text}),
  };
};
