/** As much of Request and Response as both halves use; the real ones are slow. */

export class LightResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly #body: string;

  constructor(
    body: string | Uint8Array | null,
    {status = 200, headers}: {status?: number; headers?: HeadersInit} = {},
  ) {
    this.#body =
      body instanceof Uint8Array
        ? new TextDecoder().decode(body)
        : (body ?? '');
    this.status = status;
    this.headers = new Headers(headers);
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  text(): Promise<string> {
    return Promise.resolve(this.#body);
  }
}

export class LightRequest {
  readonly headers = new Headers();
  readonly #bytes: Uint8Array;

  constructor(
    readonly url: string,
    readonly method: string,
    body: string,
  ) {
    this.#bytes = new TextEncoder().encode(body);
  }

  text(): Promise<string> {
    return Promise.resolve(new TextDecoder().decode(this.#bytes));
  }

  get body(): {getReader(): object} {
    const chunks = [this.#bytes];
    return {
      getReader: () => ({
        read: async () => ({value: chunks[0], done: !chunks.shift()}),
        cancel: async () => {},
      }),
    };
  }
}
