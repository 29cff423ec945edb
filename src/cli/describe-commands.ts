// The reference of commands, docs/reference/commands.md, generated from the declarations.

import type { Argument, Command, Option } from 'commander'

/** Every command with its arguments and options as Markdown. */
export function commandsPage(program: Command): string {
  const commands = leafCommands(program)
  return [
    '# Commands',
    '',
    'This page is generated from the declarations of the program. Do not edit it. `waypost COMMAND',
    '--help` prints the same texts.',
    '',
    '| exit code | meaning |',
    '|---|---|',
    '| 0 | Done, or yes. |',
    '| 1 | Failed, or no. Each command below says when, if it is not only an error. |',
    '| 2 | Error of the command line or of the configuration. |',
    '',
    'With `--json`, a command prints one JSON value on standard output. Errors and warnings go to',
    'standard error.',
    '',
    '| command | task |',
    '|---|---|',
    ...commands.map(
      ({ name, command }) => `| [${name}](#${anchor(name)}) | ${command.summary() || command.description()} |`,
    ),
    '',
    ...commands.flatMap(section),
  ].join('\n')
}

interface LeafCommand {
  /** With its parents, such as `waypost queue list`. */
  readonly name: string
  readonly command: Command
}

function leafCommands(command: Command, parents = ''): LeafCommand[] {
  const name = `${parents}${command.name()}`
  return command.commands.length === 0
    ? [{ name, command }]
    : command.commands.flatMap((child) => leafCommands(child, `${name} `))
}

function anchor(name: string): string {
  return name.replaceAll(' ', '-')
}

function section({ name, command }: LeafCommand): string[] {
  const usage = [name, ...command.registeredArguments.map(argumentText), '[options]'].join(' ')
  const texts = command.description().split('\n\n')
  const exitCode = texts[1] === undefined ? [] : ['', texts[1]]
  const described = command.registeredArguments.filter(({ description }) => description !== '')
  const rows = [
    ...described.map((argument) => `| \`${argumentText(argument)}\` | ${sentence(argument.description)} |`),
    ...command.options.map((option) => `| \`${option.flags}\` | ${optionText(option)} |`),
  ]
  return [
    `## ${name}`,
    '',
    '```sh',
    usage,
    '```',
    '',
    sentence(texts[0] ?? ''),
    ...exitCode,
    '',
    ...(rows.length > 0 ? ['| argument or option | meaning |', '|---|---|', ...rows, ''] : []),
  ]
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${name}>` : `[${name}]`
}

function optionText({ description, mandatory, defaultValue, defaultValueDescription, argChoices }: Option): string {
  const value = defaultValueDescription ?? (typeof defaultValue === 'string' ? defaultValue : undefined)
  return [
    sentence(description),
    argChoices ? `One of ${argChoices.map((choice) => `\`${choice}\``).join(', ')}.` : '',
    value ? `Default: \`${value}\`.` : '',
    mandatory ? 'Required.' : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** With a capital and a full stop. Texts that begin with code or a symbol keep their first character. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
