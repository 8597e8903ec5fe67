// The webhook: events posted to an address, as a JSON array.
import { Later, Undeliverable } from './courier.js';

export interface WebhookOptions {
  readonly url: string;
  /** The Authorization header, where there is to be one. */
  readonly authorization?: string;
  readonly userAgent: string;
  readonly fetch?: typeof fetch;
  readonly clock?: () => Date;
}

/** Of an answer no more is read: a connection with a little left in it can be used again, one with more is closed. */
const answerSize = 64 * 1024;

export class Webhook {
  constructor(private readonly options: WebhookOptions) {}

  /** Without its path, in which many services have a secret. */
  get origin(): string {
    return new URL(this.options.url).origin;
  }

  /** @throws Undeliverable, Later, and Error with what happened on the way */
  async deliver(lines: readonly string[], signal: AbortSignal): Promise<void> {
    const { url, authorization, userAgent, fetch: post = fetch, clock = () => new Date() } = this.options;
    const request = {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        ...(authorization !== undefined && { authorization }),
      },
      body: `[${lines.join(',')}]`,
      // Whoever answers there is not who the administrator named.
      redirect: 'manual',
      signal,
    } satisfies RequestInit;
    const response = await post(url, request).catch((error: unknown) => {
      throw signal.aborted ? error : new Error(reason(error));
    });
    // The status is the answer, whatever becomes of the rest.
    await readAway(response).catch(() => undefined);
    const { status, headers } = response;
    if (response.ok) return;
    const redirected = status >= 300 && status < 400;
    const answer = `it answered ${status}${redirected ? ', and redirections are not followed' : ''}`;
    if (status === 408 || status === 429 || status >= 500)
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
