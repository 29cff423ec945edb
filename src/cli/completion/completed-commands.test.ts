// What shells complete. test/peers/shell-completion.test.ts does it with the shells.

import { Argument, Command, Option } from 'commander'
import { expect, it } from 'vitest'
import { allCommands, completedCommand, lastWord, valueAt } from './completed-commands.ts'

function sample(): Command {
  const program = new Command('waypost')
  const queue = program.command('queue').description('the queue\n\nmore')
  queue
    .command('list')
    .addArgument(new Argument('<format>').choices(['short', 'long']))
    .argument('[folder...]')
    .option('-c, --config <file>', 'YAML file')
    .option('--json', 'as JSON')
    .addOption(new Option('--state <state>').choices(['due', 'lost']))
  return program
}

const tree = completedCommand(sample())

it('knows every command by its whole path', () => {
  expect(allCommands(tree).map(({ path }) => path)).toEqual(['waypost', 'waypost queue', 'waypost queue list'])
  expect(tree.commands[0]).toMatchObject({ text: 'the queue' })
  expect(allCommands(tree).map(lastWord)).toEqual(['waypost', 'queue', 'list'])
})

it('knows options with their values, and the help that every command has', () => {
  const list = allCommands(tree).at(-1)
  expect(list?.options).toEqual([
    { flags: ['-c', '--config'], text: 'YAML file', value: { kind: 'file' } },
    { flags: ['--json'], text: 'as JSON', value: null },
    { flags: ['--state'], text: '', value: { kind: 'choices', values: ['due', 'lost'] } },
    { flags: ['-h', '--help'], text: 'show the options', value: null },
  ])
})

it('knows the values of arguments by position, the last one again and again', () => {
  const list = allCommands(tree).at(-1)
  if (!list) throw new Error('no command')
  expect([0, 1, 2, 9].map((position) => valueAt(list, position)?.kind)).toEqual([
    'choices',
    'directory',
    'directory',
    'directory',
  ])
  expect(valueAt(tree, 0)).toBeUndefined()
})
