// Changes of main.cf and master.cf, in the words of postconf(1).
import { quoted } from '../printable.js';
import type { PostfixSettings } from './settings.js';

/** Without a value: to be taken out. */
export type Edit =
  | { readonly kind: 'main'; readonly name: string; readonly value: string | undefined }
  /** An `-o` option. */
  | {
      readonly kind: 'option';
      readonly service: string;
      readonly name: string;
      readonly value: string | undefined;
    }
  /** A whole entry of master.cf. */
  | { readonly kind: 'service'; readonly service: string; readonly value: string | undefined };

export function setMain(name: string, value: string): Edit {
  return { kind: 'main', name, value };
}

export function setOption(service: { readonly key: string }, name: string, value: string): Edit {
  return { kind: 'option', service: service.key, name, value };
}

/**
 * A list of the administrator's as an option. White space within braces has to stay, and `postconf -P` takes none:
 * main.cf has such a list, under a name of ours.
 */
export function setList(service: { readonly key: string }, name: string, value: string): Edit[] {
  if (!value.includes('{')) return [setOption(service, name, value)];
  const own = `postseal_${name}`;
  return [setMain(own, value), setOption(service, name, `$${own}`)];
}

/** `postconf -P` takes no white space. In a list a comma is as good, but not beside a brace: that it refuses. */
function withoutSpace(value: string): string {
  return value.includes('{') ? value : value.replace(/\s*,\s*|\s+/g, ',');
}

/** The arguments for postconf. */
export function argumentsFor(edit: Edit): readonly [string, string] {
  const { value } = edit;
  switch (edit.kind) {
    case 'main':
      return value === undefined ? ['-X', edit.name] : ['-e', `${edit.name} = ${value}`.trimEnd()];
    case 'option': {
      const name = `${edit.service}/${edit.name}`;
      return value === undefined ? ['-PX', name] : ['-P', `${name}=${withoutSpace(value)}`];
    }
    case 'service':
      return value === undefined ? ['-MX', edit.service] : ['-M', `${edit.service}=${value}`];
  }
}

/** The command for a shell. @param directory of the configuration, where it is not that of the system */
export function commandFor(edit: Edit, directory?: string): string {
  const where = directory === undefined ? [] : ['-c', quoted(directory)];
  const [flag, argument] = argumentsFor(edit);
  return ['postconf', ...where, flag, quoted(argument)].join(' ');
}

/** What two edits have in common where they are about the same thing. */
export function placeOf(edit: Edit): string {
  if (edit.kind === 'main') return edit.name;
  return edit.kind === 'option' ? `${edit.service}/${edit.name}` : edit.service;
}

/** What is there now, as an edit that would bring it back. */
export function presentFor(edit: Edit, settings: PostfixSettings): Edit {
  if (edit.kind === 'main') return { ...edit, value: settings.written(edit.name) };
  if (edit.kind === 'option') {
    return { ...edit, value: settings.service(edit.service)?.written.get(edit.name) };
  }
  return { ...edit, value: settings.service(edit.service)?.line };
}
