/** What a room has answered to a PATCH. */
type Answer = {epoch: string; offset: number; repeated?: boolean};

/** Sends changes until it is known that they were taken: once, however often. */
export const patchOnce = async (
  storeUrl: string,
  changes: unknown,
  {client, number, key}: {client: string; number: number; key: string},
): Promise<Answer> => {
  const send = async (): Promise<[status: number, text: string]> => {
    const response = await fetch(storeUrl, {
      method: 'PATCH',
      headers: {
        Authorization: `Bearer ${key}`,
        'Idempotency-Key': `${client}.${number}`,
      },
      body: JSON.stringify(changes),
      signal: AbortSignal.timeout(30_000),
    });
    return [response.status, await response.text()];
  };
  for (let delayMs = 100; ; delayMs = Math.min(2 * delayMs, 10_000)) {
    const [status, text] = await send().catch((): [number, string] => [
      500,
      '',
    ]);
    if (status == 200) {
      return JSON.parse(text);
    }
    if (status < 500) {
      throw new Error(`${status}: ${text}`);
    }
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
};
