// From the details of messages that were under way at the same time to one message after the other.
import type { Detail, Details, Happening } from './detail.js';

/** What is told of one message. */
export interface Story {
  readonly id: string;
  readonly details: readonly Detail[];
  /** So many more were told than are kept. */
  readonly more: number;
}

/** Messages that are kept until they are done, and details of each: more are of no use to a reader, but take memory. */
const mostOpen = 1000;
const mostDetails = 10_000;

export class Stories {
  /** In the order of what was told last, by number and queue id. */
  private readonly open = new Map<string, Story & { details: Detail[]; more: number }>();

  /** @returns the stories that end with this detail */
  take(detail: Detail): Story[] {
    const ended: Story[] = [];
    const key = `${detail.number} ${detail.id}`;
    const known = this.open.get(key);
    this.open.delete(key);
    // The numbers begin anew with the service, which has left this one unfinished.
    if (known && detail.message === 'envelope') ended.push(known);
    const story = known && detail.message !== 'envelope' ? known : { id: detail.id, details: [], more: 0 };
    if (story.details.length < mostDetails || detail.message === 'done') story.details.push(detail);
    else story.more++;
    if (detail.message === 'done') return [...ended, story];
    this.open.set(key, story);
    if (this.open.size > mostOpen) ended.push(...this.close(1));
    return ended;
  }

  /** Stories of which nothing was told since then. */
  overdue(since: Date): Story[] {
    let count = 0;
    for (const { details } of this.open.values()) {
      if (Date.parse(details.at(-1)!.timestamp) >= since.getTime()) break;
      count++;
    }
    return this.close(count);
  }

  /** Nothing comes any more: those that are not finished. */
  end(): Story[] {
    return this.close(this.open.size);
  }

  /** The first of them, as they are. */
  private close(count: number): Story[] {
    const first = [...this.open].slice(0, count);
    for (const [key] of first) this.open.delete(key);
    return first.map(([, story]) => story);
  }
}

type Told<H extends Happening> = Details[H] & Detail;

/** The details of that kind. */
export function all<H extends Happening>({ details }: Story, happening: H): Told<H>[] {
  return details.filter((detail): detail is Told<H> => detail.message === happening);
}
