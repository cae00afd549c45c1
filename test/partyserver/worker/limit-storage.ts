/**
 * The limits of a Durable Object's storage that Cloudflare has and workerd has
 * not: there any value may be stored, of any size, however many at a time.
 */
import type {DurableObject} from 'cloudflare:workers';

type Storage = 'sqlite' | 'kv';
type ObjectClass = new (ctx: DurableObjectState, env: never) => DurableObject;
type Operations = Pick<DurableObjectStorage, 'get' | 'put' | 'delete'>;

const MAX_KEYS = 128;
const MAX_KEY_BYTES = 2_048;
const MAX_VALUE_BYTES = 131_072;
/** Of key and value together, where they are in SQLite. */
const MAX_PAIR_BYTES = 2_000_000;

export const limitStorage = <Class extends ObjectClass>(
  Class: Class,
  storage: Storage,
): Class =>
  // TypeScript has it that a class that is extended so takes `any[]`.
  class extends (Class as any) {
    constructor(ctx: DurableObjectState, env: never) {
      limit(ctx.storage, storage);
      const {transaction} = ctx.storage;
      ctx.storage.transaction = (run) =>
        transaction.call(ctx.storage, (inner) => {
          limit(inner, storage);
          return run(inner);
        }) as ReturnType<typeof run>;
      super(ctx, env);
    }
  } as unknown as Class;

const limit = (operations: Operations, storage: Storage): void => {
  const own = {
    get: operations.get.bind(operations) as Operation,
    put: operations.put.bind(operations) as Operation,
    delete: operations.delete.bind(operations) as Operation,
  };
  const limited: Record<keyof Operations, Operation> = {
    get: (keys, ...rest) => {
      checkCount(Array.isArray(keys) ? keys : []);
      return own.get(keys, ...rest);
    },
    delete: (keys, ...rest) => {
      checkCount(Array.isArray(keys) ? keys : []);
      return own.delete(keys, ...rest);
    },
    put: (keys, ...rest) => {
      const entries =
        typeof keys == 'string'
          ? [[keys, rest[0]] as const]
          : Object.entries(keys as Record<string, unknown>);
      checkCount(entries);
      entries.forEach(([key, value]) => checkSize(key, value, storage));
      return own.put(keys, ...rest);
    },
  };
  Object.assign(operations, limited);
};

type Operation = (keys: unknown, ...rest: unknown[]) => unknown;

const checkCount = ({length}: readonly unknown[]): void => {
  if (length > MAX_KEYS) {
    throw new RangeError(`Maximum number of keys is ${MAX_KEYS}: ${length}`);
  }
};

const checkSize = (key: string, value: unknown, storage: Storage): void => {
  const keyBytes = new TextEncoder().encode(key).length;
  const valueBytes = measure(value);
  const isTooLarge =
    storage == 'sqlite'
      ? keyBytes + valueBytes > MAX_PAIR_BYTES
      : keyBytes > MAX_KEY_BYTES || valueBytes > MAX_VALUE_BYTES;
  if (isTooLarge) {
    throw new RangeError(
      `Too large for ${storage}: a key of ${keyBytes} bytes, ` +
        `a value of ${valueBytes}`,
    );
  }
};

/** About what V8 makes of a value to store it: a header, and its characters. */
const measure = (value: unknown): number => {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) {
    return value.byteLength + 8;
  }
  const text = typeof value == 'string' ? value : (JSON.stringify(value) ?? '');
  // eslint-disable-next-line no-control-regex
  const isLatin1 = /^[\u0000-\u00ff]*$/.test(text);
  return text.length * (isLatin1 ? 1 : 2) + 8;
};
