// Colour for people: on a terminal, and where NO_COLOR does not say otherwise (no-color.org).
const codes = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

export type Colour = keyof typeof codes;

/** For standard output. */
export function coloured(colour: Colour, text: string): string {
  return process.stdout.isTTY && !process.env['NO_COLOR'] ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text;
}
