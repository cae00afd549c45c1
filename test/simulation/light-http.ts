/** As much of Request and Response as both halves use; the real ones are slow. */

export class LightResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly #body: string;

  constructor(
    body: string | null,
    {status = 200, headers}: {status?: number; headers?: HeadersInit} = {},
  ) {
    this.#body = body ?? '';
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

  constructor(
    readonly url: string,
    readonly method: string,
    readonly body: string,
  ) {}

  text(): Promise<string> {
    return Promise.resolve(this.body);
  }
}
