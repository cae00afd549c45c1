/** What a request's `Accept` asks for: RFC 9110, 12.5.1. */

/** How much a type is wanted, from 0 to 1; 0 where it is not named itself. */
const getQuality = (accept: string, type: string): number => {
  for (const range of accept.toLowerCase().split(',')) {
    const [name, ...parameters] = range.split(';').map((part) => part.trim());
    if (name == type) {
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return weight ? Number(weight.slice(2)) || 0 : 1;
    }
  }
  return 0;
};

/** Whether a type is named, and wanted no less than JSON. */
export const prefersToJson = (accept: string, type: string): boolean => {
  const quality = getQuality(accept, type);
  return quality > 0 && quality >= getQuality(accept, 'application/json');
};

/** Whether JSON would do. */
export const takesJson = (accept: string): boolean =>
  ['application/json', 'application/*', '*/*'].some(
    (type) => getQuality(accept, type) > 0,
  );
