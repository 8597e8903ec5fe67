// What the control socket answers about the debug journal.
import { longest, type DebugSwitch } from './debug.js';
import { badRequest, json, type Routes } from './http.js';

/** As `PUT /debug` takes it. */
export interface SwitchOn {
  readonly seconds: number;
  /** Patterns; everybody's mail where there are none. */
  readonly senders: readonly string[];
}

/** They all answer with the state that there is then. */
export function debugRoutes(debug: DebugSwitch): Routes {
  return {
    'GET /debug': () => json(200, debug.state),
    'DELETE /debug': () => json(200, debug.off()),
    'PUT /debug': body => {
      const wanted = parse(body);
      if (!wanted) return badRequest(`wants {"seconds": 1 to ${longest}, "senders": ["*@example.com"]}`);
      try {
        return json(200, debug.on(wanted.seconds, wanted.senders));
      } catch (error) {
        return badRequest(`the debug journal cannot be switched on: ${(error as Error).message}`);
      }
    },
  };
}

function parse(body: string): SwitchOn | undefined {
  try {
    const { seconds, senders } = JSON.parse(body) as { [K in keyof SwitchOn]: unknown };
    const inRange = Number.isInteger(seconds) && Number(seconds) >= 1 && Number(seconds) <= longest;
    return inRange && Array.isArray(senders) && senders.every(sender => typeof sender === 'string')
      ? { seconds: Number(seconds), senders }
      : undefined;
  } catch {
    return undefined;
  }
}
