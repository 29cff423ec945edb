// Declarations of commands: errors of the command line, and the generated reference.

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { captureIo } from '../../test/lib/captured-io.ts'
import { commandsPage } from './describe-commands.ts'
import { createProgram } from './program.ts'

const exit = (code: number): never => {
  throw new Error(`exit ${code}`)
}

function create() {
  const errors: string[] = []
  const program = createProgram({ io: captureIo(), finish: () => undefined, exit })
  for (const command of [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)])
    command.configureOutput({ writeErr: (text) => void errors.push(text), writeOut: () => undefined })
  return { program, errors }
}

describe('a command line', () => {
  test.each([
    ['frobnicate', /unknown command 'frobnicate'/],
    ['queue frobnicate', /unknown command 'frobnicate'/],
    ['trace', /missing required argument 'subject'/],
    ['check --colour', /unknown option '--colour'/],
    ['verify --at yesterday', /'yesterday' is invalid\. expected a time such as/],
    ['queue list --older-than long', /'long' is invalid\. expected a duration such as/],
    ['queue drain --to a:1 --fingerprint ab12', /'ab12' is invalid\. expected a SHA-256 fingerprint/],
    ['directory diff --from last', /'last' is invalid\. expected the number of a version/],
    ['directory export --format toml', /Allowed choices are yaml, json/],
  ])('%s is an error', async (line, message) => {
    const { program, errors } = create()
    await expect(program.parseAsync(line.split(' '), { from: 'user' })).rejects.toThrow('exit 1')
    expect(errors.join('')).toMatch(message)
  })

  test.each(['--help', 'queue --help', 'queue list --help', '--version'])('%s exits with 0', async (line) => {
    const { program } = create()
    await expect(program.parseAsync(line.split(' '), { from: 'user' })).rejects.toThrow('exit 0')
  })
})

test('docs/reference/commands.md matches the declarations; UPDATE_EXPECTED=1 writes it', () => {
  const file = fileURLToPath(new URL('../../docs/reference/commands.md', import.meta.url))
  const page = commandsPage(create().program)
  if (process.env.UPDATE_EXPECTED) writeFileSync(file, page)
  expect(readFileSync(file, 'utf8')).toBe(page)
})
