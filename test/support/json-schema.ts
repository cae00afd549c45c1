/** As much of JSON Schema (2020-12) as the schemas in docs/ use. */

type Schema = {[keyword: string]: any};
type Check = (keyword: any, value: any, path: string) => string[];

const getType = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

const isOfType = (type: string, value: unknown): boolean =>
  type == 'integer' ? Number.isInteger(value) : getType(value) == type;

const fail = (isRight: boolean, problem: string): string[] =>
  isRight ? [] : [problem];

/** What is wrong with a value, each with its path; throws on unknown keywords. */
export const findProblems = (
  schema: Schema,
  value: any,
  path = '',
  root = schema,
): string[] => {
  const check = (sub: Schema, part: unknown, at: string | number) =>
    findProblems(sub, part, `${path}/${at}`, root);
  const checks: {[keyword: string]: Check} = {
    $ref: (ref: string) =>
      findProblems(
        ref
          .split('/')
          .slice(1)
          .reduce((at: any, name) => at[name], root),
        value,
        path,
        root,
      ),
    type: (types: string | string[]) =>
      fail(
        [types].flat().some((type) => isOfType(type, value)),
        `${path} is no ${[types].flat().join(' or ')}`,
      ),
    const: (constant) => fail(value === constant, `${path} is another`),
    anyOf: (schemas: Schema[]) =>
      fail(
        schemas.some((one) => !findProblems(one, value, path, root).length),
        `${path} is none of them`,
      ),
    pattern: (pattern: string) =>
      fail(new RegExp(pattern, 'u').test(value), `${path} has another form`),
    minimum: (least: number) => fail(value >= least, `${path} is too little`),
    minItems: (least: number) =>
      fail(value.length >= least, `${path} is too short`),
    maxItems: (most: number) =>
      fail(value.length <= most, `${path} is too long`),
    prefixItems: (schemas: Schema[]) =>
      schemas.flatMap((one, index) => check(one, value[index], index)),
    items: (one: Schema) =>
      value.flatMap((item: unknown, index: number) => check(one, item, index)),
    required: (names: string[]) =>
      names.flatMap((name) =>
        fail(Object.hasOwn(value, name), `${path} has no ${name}`),
      ),
    properties: (schemas: {[name: string]: Schema}) =>
      Object.keys(schemas).flatMap((name) =>
        Object.hasOwn(value, name)
          ? check(schemas[name]!, value[name], name)
          : [],
      ),
    additionalProperties: (one: Schema | false) =>
      Object.keys(value)
        .filter((name) => !Object.hasOwn(schema.properties ?? {}, name))
        .flatMap((name) =>
          one ? check(one, value[name], name) : [`${path} has a ${name}`],
        ),
  };
  const about = ['$schema', '$defs', 'title', 'description'];
  const wrongType =
    'type' in schema ? checks.type!(schema.type, value, path) : [];
  return wrongType.length
    ? wrongType
    : Object.keys(schema)
        .filter((keyword) => keyword != 'type' && !about.includes(keyword))
        .flatMap((keyword) => {
          const find = checks[keyword];
          if (!find) {
            throw new Error(`${keyword} is not known`);
          }
          return find(schema[keyword], value, path);
        });
};
