/** Commands that Redis runs all or none, where a room is where it should be. */
import type {Position} from '../sink.js';
import type {RoomKeys} from './keys.js';

/** How content is kept. */
export type ContentAs = 'json' | 'hashes';
export type KeyType = 'hash' | 'string' | 'set' | 'stream';

/** What Redis takes in one string: `proto-max-bulk-len` unless told. */
const MAX_STRING_BYTES = 512 * 1024 * 1024;
/** What Redis takes in one command: `client-query-buffer-limit` unless told. */
const MAX_COMMAND_BYTES = 1024 * 1024 * 1024;
/** Arguments of a command in Lua, whose stack has 8,000. */
const MAX_ARGUMENTS = 1_000;

/**
 * A script and not MULTI: it looks and writes in one. A connection that is lost
 * has ioredis send again what was not answered, without the WATCH before it; this
 * is refused the second time. Redis takes back nothing of a script that fails, so
 * all that can fail for what is there is asked before the first command.
 */
const SCRIPT = `
local types, contentAs, after, tables = 4, ARGV[1], ARGV[2], ARGV[3]
for index, key in ipairs(KEYS) do
  local is, expected = redis.call('TYPE', key).ok, ARGV[types + index - 1]
  if is ~= 'none' and is ~= expected then
    return redis.error_reply('WRONGTYPE the key ' .. key .. ' is taken: it holds a '
      .. is .. ', and the mirror keeps a ' .. expected .. ' there')
  end
end
local at = redis.call('HMGET', KEYS[1], 'epoch', 'offset', 'contentAs')
local here = ''
if at[1] and at[2] and at[3] == contentAs
  and (contentAs ~= 'json' or redis.call('EXISTS', KEYS[2]) == 1) then
  here = at[1] .. '.' .. at[2]
end
if here ~= after then
  return 0
end
if tables ~= '' and redis.call('SCARD', KEYS[3]) ~= tonumber(tables) then
  return 0
end
local next = types + #KEYS
while next <= #ARGV do
  local command, count = {ARGV[next], KEYS[tonumber(ARGV[next + 1])]}, ARGV[next + 2]
  for index = next + 3, next + 2 + count do
    command[#command + 1] = ARGV[index]
  end
  redis.call(unpack(command))
  next = next + 3 + count
end
return 1
`;

/** Throws where Redis would not take a string so long. */
export const checkStringBytes = (bytes: number, key: string): void => {
  if (bytes > MAX_STRING_BYTES) {
    throw new RangeError(
      `Redis takes ${MAX_STRING_BYTES} bytes in a string, and ${key} would ` +
        `have ${bytes}. With \`contentAs: 'hashes'\` each Row is one, and with ` +
        '`stream: false` no commit is.',
    );
  }
};

export class GuardedWrite {
  readonly #room: string;
  readonly #keys = new Map<string, number>();
  readonly #types: KeyType[] = [];
  readonly #commands: string[] = [];
  #bytes = 0;

  constructor(room: string, {position, content, tables}: RoomKeys) {
    this.#room = room;
    // Where the script expects them.
    this.#getIndex(position, 'hash');
    this.#getIndex(content, 'string');
    this.#getIndex(tables, 'set');
  }

  /** A command of a key, which is of that type or not there. */
  add(command: string, [key, type]: [string, KeyType], args: string[]): void {
    this.#add(command, `${this.#getIndex(key, type)}`, args, key);
  }

  /** The same for any number of arguments that come in groups of a size. */
  addAll(
    command: string,
    key: [string, KeyType],
    {args, group = 1}: {args: string[]; group?: number},
  ): void {
    const step = MAX_ARGUMENTS - (MAX_ARGUMENTS % group);
    for (let at = 0; at < args.length; at += step) {
      this.add(command, key, args.slice(at, at + step));
    }
  }

  publish(channel: string, message: string): void {
    // Key 0 is none: a channel is not in any slot.
    this.#add('PUBLISH', '0', [channel, message], channel);
  }

  /** The arguments of EVAL. It answers 1, or 0 where it has written nothing. */
  compose(
    after: Position | undefined,
    contentAs: ContentAs,
    oldTables: number | undefined,
  ): string[] {
    if (this.#bytes > MAX_COMMAND_BYTES) {
      throw new RangeError(
        `Redis takes ${MAX_COMMAND_BYTES} bytes in a command, and this batch of ` +
          `the room ${this.#room} has ${this.#bytes}.`,
      );
    }
    return [SCRIPT, `${this.#keys.size}`].concat(
      [...this.#keys.keys()],
      [
        contentAs,
        after ? `${after.epoch}.${after.offset}` : '',
        oldTables === undefined ? '' : `${oldTables}`,
      ],
      this.#types,
      this.#commands,
    );
  }

  #getIndex(key: string, type: KeyType): number {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      return known;
    }
    const index = this.#keys.size + 1;
    this.#keys.set(key, index);
    this.#types.push(type);
    return index;
  }

  #add(command: string, index: string, args: string[], key: string): void {
    for (const arg of args) {
      const bytes = Buffer.byteLength(arg);
      checkStringBytes(bytes, key);
      this.#bytes += bytes;
    }
    this.#commands.push(command, index, `${args.length}`);
    args.forEach((arg) => this.#commands.push(arg));
  }
}
