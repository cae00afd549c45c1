/** What the sender of a webhook is told: never a secret, or what was thrown. */
import type {WebhookRefusal} from '../protocol/webhook-signature.js';
import {RETRY_AFTER_SECONDS} from './limits.js';

type Reason =
  | WebhookRefusal
  | 'methodNotAllowed'
  | 'bodyTooLarge'
  | 'bodyMalformed'
  | 'underWay'
  | 'failed';

type Problem = {
  status: number;
  title: string;
  detail: string;
  headers?: {[name: string]: string};
};

const PROBLEMS: {[reason in Reason]: Problem} = {
  methodNotAllowed: {
    status: 405,
    title: 'Method not allowed',
    detail: 'A webhook is a POST.',
    headers: {Allow: 'POST'},
  },
  bodyTooLarge: {
    status: 413,
    title: 'Body too large',
    detail: 'Leave content or changes out.',
  },
  headerMissing: {
    status: 400,
    title: 'Header missing',
    detail: 'Send webhook-id, webhook-timestamp and webhook-signature.',
  },
  headerMalformed: {
    status: 400,
    title: 'Header malformed',
    detail:
      'webhook-id has visible ASCII characters without a full stop, ' +
      'webhook-timestamp whole seconds.',
  },
  tooOld: {
    status: 401,
    title: 'Timestamp too old',
    detail: 'Sign each attempt anew, by a clock that is right.',
  },
  tooNew: {
    status: 401,
    title: 'Timestamp too new',
    detail: 'Sign each attempt by a clock that is right.',
  },
  signatureWrong: {
    status: 401,
    title: 'Signature wrong',
    detail: 'Sign the body as it is sent, with a secret that is known here.',
  },
  bodyMalformed: {
    status: 400,
    title: 'Body malformed',
    detail: 'It is not the JSON of an event.',
  },
  underWay: {
    status: 503,
    title: 'Being handled',
    detail: 'The webhook came before. Send it again to learn how it went.',
    headers: {'Retry-After': `${RETRY_AFTER_SECONDS}`},
  },
  failed: {
    status: 500,
    title: 'Not handled',
    detail: 'Handling it has failed. Send it again.',
  },
};

export const respondProblem = (reason: Reason): Response => {
  const {headers, ...problem} = PROBLEMS[reason];
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {'Content-Type': 'application/problem+json', ...headers},
  });
};

export const respondDone = (): Response => new Response(null, {status: 204});
