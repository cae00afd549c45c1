/** Adds one to a Value of a room, whoever else does so at the same time. */
export const increment = async (
  storeUrl: string,
  valueId: string,
  key: string,
): Promise<number> => {
  for (;;) {
    const current = await fetch(storeUrl);
    const text = await current.text();
    const [, values] = text ? JSON.parse(text) : [{}, {}];
    const count: number = (values[valueId] ?? 0) + 1;
    const response = await fetch(storeUrl, {
      method: 'PATCH',
      headers: {
        Authorization: `Bearer ${key}`,
        // A proxy that compresses makes it weak, and a weak one never matches.
        'If-Match': current.headers.get('ETag')!.replace('W/', ''),
      },
      body: JSON.stringify([{}, {[valueId]: count}, 1]),
    });
    const answer = await response.text();
    if (response.ok) {
      return count;
    }
    if (response.status != 412) {
      throw new Error(`${response.status}: ${answer}`);
    }
  }
};
