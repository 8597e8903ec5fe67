// The completion for bash, made of the commands' helps. Static: it asks neither postseal nor the ini file.
import type { Commands } from '../../src/cli/commands.js';
import { helpsOf, operandsOf, optionsOf, type HelpOption, type NamedHelp } from './help.js';

/** What stands for a value that is a path, with the completion of bash that finds it. */
const paths: Readonly<Record<string, string>> = { FILE: 'default', DIR: 'dirnames', DIRECTORY: 'dirnames' };

export function bashCompletion(commands: Commands): string {
  const helps = helpsOf(commands);
  const names = Object.keys(commands);
  return `# bash completion for postseal(8), made of the commands' helps by: npm run generate
_postseal() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command='' words='' i
  # bash makes three words of --config=FILE.
  if [[ $word == = ]]; then
    word=''
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $before == '<' || $before == '>' ]]; then
    compopt -o default
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command \${COMP_WORDS[i]}" in
      ${alternatives([...helps.map(({ words }) => ` ${words}`), ' help'])}) command+=" \${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  COMPREPLY=()
  case "$command:$before" in
${helps.flatMap(values).join('\n')}
    *)
      case "$command" in
        '') ((COMP_CWORD > 1)) || words='${[...names, 'help', '--help', '--version'].join(' ')}' ;;
        ' help') words='${names.join(' ')}' ;;
${helps.map(own).join('\n')}
      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _postseal postseal
`;
}

/** What follows its options that take a value. */
function values(help: NamedHelp): string[] {
  const taking = optionsOf(help).filter(({ value }) => value !== undefined);
  return longNames(taking).map(name => {
    const lines = taking.filter(({ long }) => long === name);
    const names = lines.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
    return `    ${alternatives(names.map(word => ` ${help.words}:${word}`))}) ${valuesOf(lines)} ;;`;
  });
}

/** @param lines of one option: several, where the help has one for each value */
function valuesOf(lines: readonly HelpOption[]): string {
  const [{ value = '', prose }] = lines as [HelpOption];
  if (paths[value] !== undefined) return findPaths(value);
  if (/^[a-z]/.test(value)) return `words='${lines.map(line => line.value!).join(' ')}'`;
  // Where the help lists words and says nothing else, these are all there are.
  if (/^[a-z-]+(?:, [a-z-]+)+$/.test(prose)) return `words='${prose.replaceAll(',', '')}'`;
  return 'return';
}

/** What else there is to say: subcommands, options, or a path as operand. */
function own(help: NamedHelp): string {
  const words = [...help.subcommands, ...longNames(optionsOf(help)), '--help'].join(' ');
  const operand = operandsOf(help).find(name => paths[name] !== undefined);
  const path = operand === undefined ? '' : `[[ $word == -* ]] || { ${findPaths(operand)}; }; `;
  return `        ' ${help.words}') ${path}words='${words}' ;;`;
}

function longNames(options: readonly HelpOption[]): string[] {
  return [...new Set(options.map(({ long }) => long))];
}

function findPaths(value: string): string {
  return `compopt -o ${paths[value]!}; return`;
}

function alternatives(words: readonly string[]): string {
  return words.map(word => `'${word}'`).join(' | ');
}
