// What a shell can complete, read from the declarations of the commands: names, options, and the values that are known.

import type { Argument, Command, Option } from 'commander'

/** What follows an option, or an argument. `text` is anything else: the shell offers nothing. */
export type CompletedValue =
  | { readonly kind: 'choices'; readonly values: readonly string[] }
  | { readonly kind: 'file' | 'directory' | 'text' }

export interface CompletedOption {
  /** `-c` and `--config`. */
  readonly flags: readonly string[]
  readonly text: string
  /** Null for an option without a value. */
  readonly value: CompletedValue | null
}

export interface CompletedCommand {
  /** With its parents: `waypost queue list`. */
  readonly path: string
  readonly text: string
  /** Full paths and texts of the commands below. */
  readonly commands: readonly CompletedCommand[]
  readonly options: readonly CompletedOption[]
  readonly values: readonly CompletedValue[]
  /** True if the last argument may be repeated. */
  readonly isRepeated: boolean
}

/** The command with everything below it. */
export function completedCommand(command: Command, parents = ''): CompletedCommand {
  const path = `${parents}${command.name()}`
  const help = { flags: ['-h', '--help'], text: 'show the options', value: null }
  const args = command.registeredArguments
  return {
    path,
    text: firstLine(command.summary() || command.description()),
    commands: command.commands.map((child) => completedCommand(child, `${path} `)),
    options: [...command.options.map(completedOption), help],
    values: args.map((argument) => argumentValue(argument)),
    isRepeated: args.at(-1)?.variadic === true,
  }
}

/** The command and all commands below it. */
export function allCommands(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap(allCommands)]
}

/** The last word of the path: what is typed. */
export function lastWord({ path }: CompletedCommand): string {
  return path.slice(path.lastIndexOf(' ') + 1)
}

/** The value of the argument at this position, from 0. */
export function valueAt({ values, isRepeated }: CompletedCommand, position: number): CompletedValue | undefined {
  return values[position] ?? (isRepeated ? values.at(-1) : undefined)
}

function completedOption(option: Option): CompletedOption {
  const flags = [option.short, option.long].filter((flag) => flag !== undefined)
  const name = /[<[]([\w-]+)/.exec(option.flags)?.[1]
  const value = name === undefined ? null : valueOf(name, option.argChoices)
  return { flags, text: firstLine(option.description), value }
}

function argumentValue(argument: Argument): CompletedValue {
  return valueOf(argument.name(), argument.argChoices)
}

function valueOf(name: string, choices: readonly string[] | undefined): CompletedValue {
  if (choices) return { kind: 'choices', values: choices }
  if (name === 'file') return { kind: 'file' }
  return { kind: name === 'directory' || name === 'folder' ? 'directory' : 'text' }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] as string
}

/** Positions of arguments that are looked at, from 0: no command has more different ones. */
export const positions = [0, 1, 2] as const
