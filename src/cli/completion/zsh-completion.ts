// The completion of zsh, with the texts of commands and options.

import {
  allCommands,
  type CompletedCommand,
  type CompletedOption,
  type CompletedValue,
  lastWord,
} from './completed-commands.ts'

/** For `_arguments` and `_describe`, in single quotes. */
function escaped(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, '\\$&')
}

function functionName({ path }: CompletedCommand): string {
  return `_${path.replaceAll(' ', '_').replaceAll('-', '_')}`
}

export function zshCompletion(program: CompletedCommand): string {
  return `#compdef waypost
# zsh completion for waypost, made by \`waypost completion zsh\`

${allCommands(program).map(shellFunction).join('\n\n')}

# Loaded from a file of fpath it is a function, which is called now; read by source it is defined for later.
if [[ $funcstack[1] == _waypost ]]; then
  _waypost "$@"
else
  compdef _waypost waypost
fi
`
}

function shellFunction(command: CompletedCommand): string {
  const options = command.options.map((option) => `    ${optionSpec(option)} \\`)
  if (command.commands.length === 0) {
    const values = command.values.map((value, index) => `    ${argumentSpec(command, value, index)} \\`)
    return [`${functionName(command)}() {`, '  _arguments -s \\', ...options, ...values, '    && return', '}'].join(
      '\n',
    )
  }
  return [
    `${functionName(command)}() {`,
    '  local state line',
    '  _arguments -C \\',
    ...options,
    "    '1: :->command' '*:: :->rest' && return",
    '  case $state in',
    '    command)',
    '      local -a commands=(',
    ...command.commands.map((child) => `        '${lastWord(child)}:${escaped(child.text)}'`),
    '      )',
    '      _describe command commands ;;',
    '    rest)',
    '      case $words[1] in',
    ...command.commands.map((child) => `        ${lastWord(child)}) ${functionName(child)} ;;`),
    '      esac ;;',
    '  esac',
    '}',
  ].join('\n')
}

/** `'(-c --config)'{-c,--config}'[text]:value:action'`. Options may be repeated, as some of them may. */
function optionSpec({ flags, text, value }: CompletedOption): string {
  const names = flags.length > 1 ? `{${flags.join(',')}}` : `'${flags[0]}'`
  return `'*'${names}'[${escaped(text)}]${value ? `:value:${action(value)}` : ''}'`
}

function argumentSpec({ values, isRepeated }: CompletedCommand, value: CompletedValue, index: number): string {
  const place = isRepeated && index === values.length - 1 ? '*' : index + 1
  return `'${place}:value:${action(value)}'`
}

function action(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `(${value.values.join(' ')})`
    case 'file':
      return '_files'
    case 'directory':
      return '_files -/'
    case 'text':
      return ' '
  }
}
