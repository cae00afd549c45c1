/** Keeps secrets out of what is printed. */

const MASK = '***';

/** The password of a URL, wherever one is in a text. */
const CREDENTIALS = /([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@]*):([^\s/?#]*)@/gi;

/** A shorter one would be found in words that have nothing to do with it. */
const MIN_LENGTH = 4;

const tryDecode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The password and the query of a URL are secret; what is none is so as well. */
export const getUrlSecrets = (text: string): string[] => {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return [];
  }
  return [url.password, ...url.searchParams.values()];
};

/** A function that masks these secrets, and any password in a URL. */
export const createRedactor = (
  secrets: (string | undefined)[],
): ((text: string) => string) => {
  const spellings = new Set<string>();
  for (const secret of secrets) {
    for (const spelling of [
      secret ?? '',
      tryDecode(secret ?? ''),
      encodeURIComponent(tryDecode(secret ?? '')),
    ]) {
      if (spelling.length >= MIN_LENGTH) {
        spellings.add(spelling);
      }
    }
  }
  // The longest first: one may be a part of another.
  const all = [...spellings].sort((one, other) => other.length - one.length);
  return (text) =>
    all
      .reduce((masked, secret) => masked.replaceAll(secret, MASK), text)
      .replaceAll(CREDENTIALS, `$1$2:${MASK}@`);
};
