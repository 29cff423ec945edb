// The completion of bash. It needs nothing but bash 4.

import {
  allCommands,
  type CompletedCommand,
  type CompletedOption,
  type CompletedValue,
  lastWord,
  positions,
  valueAt,
} from './completed-commands.ts'

/** Names and values have no character that means something to a shell, except for spaces in the path of a command. */
const quoted = (words: readonly string[]) => `'${words.join(' ')}'`

export function bashCompletion(program: CompletedCommand): string {
  const commands = allCommands(program)
  return `# bash completion for waypost, made by \`waypost completion bash\`

_waypost() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} at=waypost isValue= count=0 word i
  COMPREPLY=()
  # bash makes a separate word of the = in --option=value.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $word == = ]]; then continue; fi
    if [[ $isValue ]]; then
      isValue=
      continue
    fi
    case "$at $word" in
${commands.slice(1).map(walkTo).join('\n')}
${valuedPatterns(commands)}) isValue=1 ;;
      *' '-*) ;;
      *) count=$((count + 1)) ;;
    esac
  done
  case "$at $previous" in
${commands.flatMap((command) => command.options.flatMap((option) => optionValue(command, option))).join('\n')}
  esac
  if [[ $current == -* ]]; then
    case $at in
${commands.map((command) => `      ${quoted([command.path])}) _waypost_words ${quoted(command.options.flatMap(({ flags }) => flags))} ;;`).join('\n')}
    esac
    return
  fi
  case "$at $count" in
${commands.flatMap(argumentsOf).join('\n')}
  esac
}

_waypost_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$current"); }

_waypost_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen "$1" -- "$current")
}

complete -F _waypost waypost
`
}

function walkTo({ path }: CompletedCommand): string {
  return `      ${quoted([path])}) at=${quoted([path])} ;;`
}

function valuedPatterns(commands: readonly CompletedCommand[]): string {
  const patterns = commands.flatMap(({ path, options }) =>
    options.filter(({ value }) => value !== null).flatMap(({ flags }) => flags.map((flag) => quoted([path, flag]))),
  )
  return `      ${patterns.join(' | \\\n        ')}`
}

function optionValue({ path }: CompletedCommand, { flags, value }: CompletedOption): string[] {
  if (value === null) return []
  return [`    ${flags.map((flag) => quoted([path, flag])).join(' | ')}) ${offer(value)}return ;;`]
}

function argumentsOf(command: CompletedCommand): string[] {
  if (command.commands.length > 0)
    return [`    ${quoted([command.path, '0'])}) _waypost_words ${quoted(command.commands.map(lastWord))} ;;`]
  return positions.flatMap((position) => {
    const value = valueAt(command, position)
    const offered = value === undefined ? '' : offer(value)
    return offered === '' ? [] : [`    ${quoted([command.path, `${position}`])}) ${offered};;`]
  })
}

/** The statement that offers values, with its end; empty if none is known. */
function offer(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `_waypost_words ${quoted(value.values)}; `
    case 'file':
      return '_waypost_files -f; '
    case 'directory':
      return '_waypost_files -d; '
    case 'text':
      return ''
  }
}
