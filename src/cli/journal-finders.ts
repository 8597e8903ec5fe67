// What `postseal journal` looks for in lines: events of the event log, or messages of the debug journal.
import { parseDetail } from '../debug/detail.js';
import { all, Stories, type Story } from '../debug/stories.js';
import { parseEvent } from '../events/event.js';
import { matches, matchesEvent, type Query, type Searched } from '../events/search.js';
import { printableJson } from '../printable.js';
import { toText } from './journal-report.js';
import { storyToText } from './journal-story.js';

export interface Finder {
  /** What it looks for, for people. */
  readonly what: string;
  /** Whether what it finds may begin in one file and end in the next. */
  readonly spansFiles: boolean;
  /** @returns what is complete with this line and asked for; undefined where the line is nothing of that kind */
  take(line: string): readonly string[] | undefined;
  /** What will not be complete any more. @param since of which nothing was told since then; all without it */
  rest(since?: Date): readonly string[];
  /** What was found, as it is printed. */
  show(found: string): string;
}

export class EventFinder implements Finder {
  readonly what = 'events';
  readonly spansFiles = false;

  constructor(
    private readonly query: Query,
    private readonly json: boolean,
  ) {}

  take(line: string): readonly string[] | undefined {
    const event = parseEvent(line);
    return event && (matchesEvent(event, this.query) ? [line] : []);
  }

  rest(): readonly string[] {
    return [];
  }

  show(line: string): string {
    return this.json ? `${printableJson(line)}\n` : toText(parseEvent(line)!);
  }
}

export class StoryFinder implements Finder {
  readonly what = 'details of a message';
  readonly spansFiles = true;
  private readonly stories = new Stories();

  constructor(private readonly query: Query) {}

  take(line: string): readonly string[] | undefined {
    const detail = parseDetail(line);
    return detail && this.wanted(this.stories.take(detail));
  }

  rest(since?: Date): readonly string[] {
    return this.wanted(since ? this.stories.overdue(since) : this.stories.end());
  }

  show(text: string): string {
    return text;
  }

  private wanted(stories: readonly Story[]): string[] {
    return stories
      .filter(story => searched(story).some(group => matches(group, this.query)))
      .map(storyToText);
  }
}

/** A message as one group of recipients after the other, where it is known what became of them. */
function searched(story: Story): Searched[] {
  const [envelope] = all(story, 'envelope');
  const [done] = all(story, 'done');
  const { sender = '', recipients = [] } = envelope ?? {};
  const common = { ts: story.details.at(-1)!.timestamp, queueId: story.id, sender };
  const groups = done?.groups ?? [];
  return groups.length === 0 ? [{ ...common, recipients }] : groups.map(group => ({ ...common, ...group }));
}
