/** How requests over HTTP are answered. */
import type {Position} from './room-state.js';

type ResponseHeaders = {[name: string]: string};

/** How a request is answered; the app's own headers are added to each answer. */
export type Responder = {
  respond(
    status: number,
    body?: string | Uint8Array | ReadableStream<Uint8Array> | null,
    headers?: ResponseHeaders,
  ): Response;
  /** With a problem, as RFC 9457 has it. */
  respondProblem(
    status: number,
    title: string,
    detail: string,
    headers?: ResponseHeaders,
  ): Response;
  /** Where the room is not as the request demands. */
  respondUnmet(position: Position): Response;
};
