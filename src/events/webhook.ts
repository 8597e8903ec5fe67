// The webhook: events posted to an address, as a JSON array.
import { Later, Undeliverable } from './courier.js';

export interface WebhookOptions {
  readonly url: string;
  readonly userAgent: string;
  readonly fetch?: typeof fetch;
  readonly clock?: () => Date;
}

/** Of an answer no more is read: a connection with a little left in it can be used again, one with more is closed. */
const answerSize = 64 * 1024;
/** Nor is it waited for longer, in milliseconds. */
const answerTime = 1000;

export class Webhook {
  /** The Authorization header, where there is to be one. */
  authorization: string | undefined;

  constructor(private readonly options: WebhookOptions) {}

  get url(): string {
    return this.options.url;
  }

  /** Without its path, in which many services have a secret. */
  get origin(): string {
    return new URL(this.options.url).origin;
  }

  /** @throws Undeliverable, Later, and Error with what happened on the way */
  async deliver(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const { url, userAgent, fetch: post = fetch, clock = () => new Date() } = this.options;
    const enough = new AbortController();
    const request = {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        ...(this.authorization !== undefined && { authorization: this.authorization }),
      },
      body: `[${lines.join(',')}]`,
      // Whoever answers there is not who the administrator named.
      redirect: 'manual',
      signal: AbortSignal.any([signal, enough.signal]),
    } satisfies RequestInit;
    const response = await post(url, request).catch((error: unknown) => {
      if (signal.aborted) throw error;
      const why = reason(error);
      // fetch refuses some ports, whoever listens there.
      throw why === 'bad port' ? new Undeliverable('fetch refuses the port of the webhook') : new Error(why);
    });
    // The status is the answer, whatever becomes of the rest.
    const timer = setTimeout(() => {
      enough.abort();
    }, answerTime);
    await readAway(response).catch(() => undefined);
    clearTimeout(timer);
    const { status, headers } = response;
    if (response.ok) return;
    const redirected = status >= 300 && status < 400;
    const answer = `it answered ${status}${redirected ? ', and redirections are not followed' : ''}`;
    // Credentials are renewed without a restart.
    if ([401, 403, 408, 429].includes(status) || status >= 500)
      throw new Later(answer, retryAfter(headers.get('retry-after'), clock()));
    throw new Undeliverable(answer);
  }
}

/** What fetch hides behind "fetch failed". */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  if (!(cause instanceof Error)) return message;
  return cause.message || ((cause as NodeJS.ErrnoException).code ?? message);
}

async function readAway(response: Response): Promise<void> {
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += (piece as Uint8Array).length;
    if (size > answerSize) break; // which cancels it
  }
}

/** Milliseconds (RFC 9110 §10.2.3); 0 where the field is absent or nonsense. */
function retryAfter(field: string | null, now: Date): number {
  if (field === null) return 0;
  const pause = /^\d+$/.test(field) ? Number(field) * 1000 : Date.parse(field) - now.getTime();
  return Math.max(0, pause || 0);
}
