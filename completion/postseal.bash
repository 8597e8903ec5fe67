# bash completion for postseal(8), made of the commands' helps by: npm run generate
_postseal() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' words='' i
  # bash makes three words of --config=FILE.
  if [[ $word == = ]]; then
    word=''
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $before == '<' || $before == '>' ]]; then
    compopt -o default
    return
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$command ${COMP_WORDS[i]}" in
      ' serve' | ' check' | ' cert' | ' cert list' | ' cert show' | ' cert add' | ' cert replace' | ' cert remove' | ' cert request' | ' cert make-test' | ' wire' | ' doctor' | ' sign' | ' explain' | ' test' | ' verify' | ' status' | ' reload' | ' journal' | ' report' | ' help') command+=" ${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  COMPREPLY=()
  case "$command:$before" in
    ' serve:-c' | ' serve:--config') compopt -o default; return ;;
    ' check:-c' | ' check:--config') compopt -o default; return ;;
    ' cert:-c' | ' cert:--config') compopt -o default; return ;;
    ' cert list:-c' | ' cert list:--config') compopt -o default; return ;;
    ' cert show:-c' | ' cert show:--config') compopt -o default; return ;;
    ' cert add:--key') compopt -o default; return ;;
    ' cert add:--chain') compopt -o default; return ;;
    ' cert add:--password-file') compopt -o default; return ;;
    ' cert add:--name') return ;;
    ' cert add:--to') return ;;
    ' cert add:-c' | ' cert add:--config') compopt -o default; return ;;
    ' cert replace:--key') compopt -o default; return ;;
    ' cert replace:--chain') compopt -o default; return ;;
    ' cert replace:--password-file') compopt -o default; return ;;
    ' cert replace:-c' | ' cert replace:--config') compopt -o default; return ;;
    ' cert remove:-c' | ' cert remove:--config') compopt -o default; return ;;
    ' cert request:--address') return ;;
    ' cert request:--subject') return ;;
    ' cert request:--algorithm') return ;;
    ' cert request:-c' | ' cert request:--config') compopt -o default; return ;;
    ' cert make-test:--address') return ;;
    ' cert make-test:--directory') compopt -o dirnames; return ;;
    ' cert make-test:--days') return ;;
    ' cert make-test:--algorithm') return ;;
    ' cert make-test:-c' | ' cert make-test:--config') compopt -o default; return ;;
    ' wire:-c' | ' wire:--config') compopt -o default; return ;;
    ' wire:--postfix') compopt -o dirnames; return ;;
    ' wire:--services') return ;;
    ' doctor:-c' | ' doctor:--config') compopt -o default; return ;;
    ' doctor:--postfix') compopt -o dirnames; return ;;
    ' sign:-c' | ' sign:--config') compopt -o default; return ;;
    ' sign:-f' | ' sign:--sender') return ;;
    ' sign:-r' | ' sign:--recipient') return ;;
    ' explain:-c' | ' explain:--config') compopt -o default; return ;;
    ' explain:-f' | ' explain:--sender') return ;;
    ' explain:-r' | ' explain:--recipient') return ;;
    ' test:-c' | ' test:--config') compopt -o default; return ;;
    ' test:-f' | ' test:--sender') return ;;
    ' test:--rule') return ;;
    ' test:-r' | ' test:--recipient') return ;;
    ' test:--ca') compopt -o default; return ;;
    ' test:--send') return ;;
    ' verify:--ca') compopt -o default; return ;;
    ' status:-c' | ' status:--config') compopt -o default; return ;;
    ' reload:-c' | ' reload:--config') compopt -o default; return ;;
    ' journal:--address') return ;;
    ' journal:--queue-id') return ;;
    ' journal:--rule') return ;;
    ' journal:--outcome') words='signed unsigned deferred rejected' ;;
    ' journal:--since') return ;;
    ' journal:--until') return ;;
    ' journal:--last') return ;;
    ' journal:-c' | ' journal:--config') compopt -o default; return ;;
    ' journal:--file') compopt -o default; return ;;
    ' journal:--debug-file') compopt -o default; return ;;
    ' journal:--debug' | ' journal:--debug' | ' journal:--debug') words='on off show' ;;
    ' journal:--for') return ;;
    ' journal:--sender') return ;;
    ' report:--month') return ;;
    ' report:--since') return ;;
    ' report:--until') return ;;
    ' report:--by') return ;;
    ' report:-c' | ' report:--config') compopt -o default; return ;;
    ' report:--file') compopt -o default; return ;;
    *)
      case "$command" in
        '') ((COMP_CWORD > 1)) || words='serve check cert wire doctor sign explain test verify status reload journal report help --help --version' ;;
        ' help') words='serve check cert wire doctor sign explain test verify status reload journal report' ;;
        ' serve') words='--config --debug --help' ;;
        ' check') words='--config --help' ;;
        ' cert') words='list show add replace remove request make-test --config --help' ;;
        ' cert list') words='--json --config --help' ;;
        ' cert show') words='--config --help' ;;
        ' cert add') [[ $word == -* ]] || { compopt -o default; return; }; words='--key --chain --password-file --name --to --config --help' ;;
        ' cert replace') [[ $word == -* ]] || { compopt -o default; return; }; words='--key --chain --password-file --config --help' ;;
        ' cert remove') words='--config --help' ;;
        ' cert request') words='--address --subject --algorithm --config --help' ;;
        ' cert make-test') words='--address --directory --days --algorithm --config --help' ;;
        ' wire') words='--config --postfix --services --apply --undo --yes --help' ;;
        ' doctor') words='--config --postfix --json --help' ;;
        ' sign') words='--config --sender --recipient --debug --help' ;;
        ' explain') words='--config --sender --recipient --json --help' ;;
        ' test') words='--config --sender --rule --recipient --ca --json --send --help' ;;
        ' verify') [[ $word == -* ]] || { compopt -o default; return; }; words='--ca --signature-only --json --help' ;;
        ' status') words='--config --json --help' ;;
        ' reload') words='--config --help' ;;
        ' journal') words='--address --queue-id --rule --outcome --since --until --last --follow --json --config --file --debug-file --debug --for --sender --help' ;;
        ' report') words='--month --since --until --by --json --csv --config --file --help' ;;
      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _postseal postseal
