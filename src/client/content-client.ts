/** The HTTP half: whole content at `storePath`, and where it stands. */
import type {PartySocket} from 'partysocket';
import type {Environment} from './environment.js';
import {getStoreUrl} from './store-url.js';

/** Where content stands in the room's history; the epoch '' is no Store. */
export type Position = [epoch: string, offset: number];

/** How the client reaches a room. */
export type ContentConfig = {
  storeProtocol?: 'http' | 'https';
  storePath?: string;
};

/** The position in the ETag; undefined where the room is not one of ours. */
const getPosition = (response: Response): Position | undefined => {
  const [, epoch, offset] =
    /"(\w*)\.(\d+)"/.exec(response.headers.get('etag') ?? '') ?? [];
  return offset ? [epoch!, +offset] : undefined;
};

export const createContentClient = (
  connection: PartySocket,
  {storeProtocol, storePath = '/store'}: ContentConfig,
  {fetch}: Pick<Environment, 'fetch'>,
) => {
  const request = async (init?: RequestInit): Promise<Response> => {
    const response = await fetch(
      await getStoreUrl(connection, storePath, storeProtocol),
      {...init, cache: 'no-store'},
    );
    if (!response.ok) {
      throw response;
    }
    return response;
  };

  return {
    /** The content as JSON, '' where the room has no Store. */
    get: async (): Promise<[text: string, position: Position | undefined]> => {
      const response = await request();
      return [await response.text(), getPosition(response)];
    },

    /** Answers whether a Store existed, and where content stored as sent is. */
    put: async (
      body: string,
    ): Promise<[existed: boolean, position: Position | undefined]> => {
      const response = await request({method: 'PUT', body});
      const existed = response.status == 205;
      return [existed, existed ? undefined : getPosition(response)];
    },
  };
};
