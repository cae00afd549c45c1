/** Values that nothing else ever has: their author, and a number of its own. */
const TOKEN = /[a-z]\d*#\d+/g;

/** The unique values in a text. */
export const getTokens = (text: string): Set<string> =>
  new Set(text.match(TOKEN));
