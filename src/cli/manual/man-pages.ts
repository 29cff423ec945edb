// Manual pages (man(7)), generated from the declarations of the commands: one for the program, one for each group of commands.

import type { Argument, Command, Option } from 'commander'

/**
 * The pages by their file names, such as `waypost-queue.1`.
 * @param date of the release, as the footer shows it: 2026-11-30
 */
export function manPages(program: Command, date: string): ReadonlyMap<string, string> {
  const pages = program.commands.map((command): [string, string] => {
    const name = `${program.name()}-${command.name()}`
    return [`${name}.1`, commandPage(program, command, date)]
  })
  return new Map([[`${program.name()}.1`, programPage(program, date)], ...pages])
}

function programPage(program: Command, date: string): string {
  return [
    ...heading(program, program.name(), date),
    inLines(`${program.name()} \\- ${escaped(shortText(program).replace(/^Waypost: /, ''))}`),
    '.SH SYNOPSIS',
    `.B ${program.name()}`,
    '.I command',
    '.RI [ argument ...]',
    '.RI [ option ...]',
    '.SH DESCRIPTION',
    'A node is one process with one YAML file.',
    'Each command has a manual page of its name, such as',
    '.BR waypost\\-run (1).',
    '.SH COMMANDS',
    ...program.commands.flatMap((command) => [
      '.TP',
      `.BR waypost\\-${escaped(command.name())} (1)`,
      sentence(shortText(command)),
    ]),
    '.SH OPTIONS',
    ...program.options.flatMap(optionLines),
    ...helpLines(),
    ...exitStatus(),
    '.SH FILES',
    '.TP',
    '.I node.yaml',
    'The configuration of a node, in the current directory, unless',
    '.B \\-\\-config',
    'names another one.',
    '',
  ].join('\n')
}

function commandPage(program: Command, command: Command, date: string): string {
  const name = `${program.name()} ${command.name()}`
  const leaves = leafCommands(command, name)
  const isGroup = command.commands.length > 0
  return [
    ...heading(program, name.replaceAll(' ', '-'), date),
    inLines(`${escaped(name.replaceAll(' ', '-'))} \\- ${escaped(shortText(command))}`),
    '.SH SYNOPSIS',
    ...leaves.flatMap(([path, leaf], index) => [...(index > 0 ? ['.br'] : []), ...usageLines(path, leaf)]),
    '.SH DESCRIPTION',
    sentence(shortText(command)),
    ...(isGroup ? ['.SH COMMANDS'] : []),
    ...leaves.flatMap(([path, leaf]) =>
      isGroup ? [`.SS ${escaped(path)}`, ...bodyLines(leaf)] : bodyLines(leaf).slice(1),
    ),
    ...exitStatus(),
    '.SH SEE ALSO',
    `.BR ${program.name()} (1)`,
    '',
  ].join('\n')
}

function leafCommands(command: Command, path: string): [string, Command][] {
  if (command.commands.length === 0) return [[path, command]]
  return command.commands.flatMap((child) => leafCommands(child, `${path} ${child.name()}`))
}

function heading(program: Command, name: string, date: string): string[] {
  const title = escaped(name.toUpperCase())
  return [
    '.\\" Generated from the declarations of the program.',
    `.TH ${title} 1 "${date}" "Waypost ${program.version()}"`,
    '.SH NAME',
  ]
}

function usageLines(path: string, command: Command): string[] {
  const given = command.registeredArguments.map((argument) => `.RI ${escaped(bracketed(argument))}`)
  return [`.B ${escaped(path)}`, ...given, '.RI [ option ...]']
}

/** For .RI, which alternates roman and italic: brackets roman, the name italic. */
function bracketed(argument: Argument): string {
  const dots = argument.variadic ? '...' : ''
  if (argument.required) return dots === '' ? `"" ${argument.name()}` : `"" ${argument.name()} ${dots}`
  return `[ ${argument.name()} ${dots}]`
}

/** The text of a command, then what each argument and option means. The first element is the text in one sentence. */
function bodyLines(command: Command): string[] {
  const [first = '', ...more] = command.description().split('\n\n')
  return [
    sentence(first),
    ...more.flatMap((text) => ['.PP', sentence(text)]),
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .flatMap((argument) => ['.TP', `.I ${escaped(argument.name())}`, sentence(argument.description)]),
    ...command.options.flatMap(optionLines),
    ...helpLines(),
  ]
}

function helpLines(): string[] {
  return ['.TP', '.BR \\-h ", " \\-\\-help', 'Show the options.']
}

function optionLines(option: Option): string[] {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined).map((flag) => escaped(flag))
  const value = /[<[].*$/.exec(option.flags)?.[0].replaceAll(/[<>]/g, '')
  const named = flags.map((flag) => `\\fB${flag}\\fR`).join(', ')
  const { defaultValue, defaultValueDescription, argChoices, mandatory, description } = option
  const shown = defaultValueDescription ?? (typeof defaultValue === 'string' ? defaultValue : null)
  return [
    '.TP',
    value === undefined ? named : `${named} \\fI${escaped(value)}\\fR`,
    sentence(description),
    ...(argChoices ? [inLines(escaped(`One of: ${argChoices.join(', ')}.`))] : []),
    ...(shown ? [inLines(escaped(`Default: ${shown}.`))] : []),
    ...(mandatory ? ['Required.'] : []),
  ]
}

function exitStatus(): string[] {
  return [
    '.SH EXIT STATUS',
    '.TP',
    '.B 0',
    'Done, or yes.',
    '.TP',
    '.B 1',
    'Failed, or no.',
    '.TP',
    '.B 2',
    'Error of the command line or of the configuration.',
  ]
}

function shortText(command: Command): string {
  return (command.summary() || command.description()).split('\n', 1)[0] as string
}

/** With a capital and a full stop, in lines of the page. */
function sentence(text: string): string {
  const one = text.replaceAll('\n', ' ').replace(/\.$/, '')
  return inLines(escaped(`${one.charAt(0).toUpperCase()}${one.slice(1)}.`))
}

/** Lines that editors of manual pages show whole. */
const LINE_LENGTH = 78

function inLines(text: string): string {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1)} ${word}`
    if (lines.length > 0 && longer.length <= LINE_LENGTH) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.map(guarded).join('\n')
}

/** Text for troff: hyphens that can be copied, and no escapes. */
function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('`', '')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
}

/** A line that begins with a dot or an apostrophe would be a request. */
function guarded(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line
}
