/** The sink of a URL, its driver loaded where that is installed. */
import type {Sink} from '../mirror/sink.js';
import {UsageError} from './errors.js';
import type {SinkUrl} from './sink-url.js';

export type SinkChoice = {
  history: boolean;
  tabular: boolean;
  twoWay: boolean;
  prefix: string | undefined;
};

export const openSink = async (
  {kind}: SinkUrl,
  _choice: SinkChoice,
): Promise<Sink> => {
  throw new UsageError(`${kind} is yet to come.`);
};
