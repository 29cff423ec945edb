// The completion of fish, with the texts of commands and options.

import {
  allCommands,
  type CompletedCommand,
  type CompletedOption,
  type CompletedValue,
  lastWord,
  positions,
  valueAt,
} from './completed-commands.ts'

/** A string in single quotes. */
function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}

export function fishCompletion(program: CompletedCommand): string {
  const commands = allCommands(program)
  const valued = commands.flatMap(({ path, options }) =>
    options
      .filter(({ value }) => value !== null)
      .flatMap(({ flags }) => flags.map((flag) => quoted(`${path} ${flag}`))),
  )
  return `# fish completion for waypost, made by \`waypost completion fish\`

# Prints the command before the cursor and, in a second line, the number of its arguments.
function __waypost_at
    set -l at waypost
    set -l count 0
    set -l is_value
    for word in (commandline -opc)[2..-1]
        if test -n "$is_value"
            set is_value
            continue
        end
        switch "$at $word"
            case ${commands
              .slice(1)
              .map(({ path }) => quoted(path))
              .join(' ')}
                set at "$at $word"
            case ${valued.join(' ')}
                set is_value yes
            case '* -*'
            case '*'
                set count (math $count + 1)
        end
    end
    echo $at
    echo $count
end

function __waypost_is
    set -l place (__waypost_at)
    test "$place[1]" = "$argv[1]"; and test -z "$argv[2]" -o "$place[2]" = "$argv[2]"
end

complete -c waypost -f
${commands.flatMap(completions).join('\n')}
`
}

function completions(command: CompletedCommand): string[] {
  const { path, commands, options } = command
  const at = (position?: number) =>
    `complete -c waypost -n ${quoted(`__waypost_is "${path}"${position === undefined ? '' : ` ${position}`}`)}`
  const subcommands = commands.map((child) => `${at(0)} -a ${lastWord(child)} -d ${quoted(child.text)}`)
  const values = positions.flatMap((position) => {
    const value = commands.length > 0 ? undefined : valueAt(command, position)
    return value === undefined || value.kind === 'text' ? [] : [`${at(position)} ${offer(value)}`]
  })
  return [...subcommands, ...values, ...options.map((option) => `${at()} ${optionWords(option)}`)]
}

function optionWords({ flags, text, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  return [...names, ...(value ? ['-r', offer(value)] : []), '-d', quoted(text)].filter((word) => word !== '').join(' ')
}

function offer(value: CompletedValue): string {
  switch (value.kind) {
    case 'choices':
      return `-f -a ${quoted(value.values.join(' '))}`
    case 'file':
      return '-F'
    case 'directory':
      return "-f -a '(__fish_complete_directories)'"
    case 'text':
      return '-f'
  }
}
