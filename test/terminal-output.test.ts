// Every text for a terminal passes lib/printable.ts: only these files write to a standard stream themselves.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const src = join(import.meta.dirname, '../src')

const writers: Readonly<Record<string, string>> = {
  'cli/autoconfig/print-autoconfig.ts': 'files for mail programs: XML without control characters, or a signed profile',
  'cli/completion/declare-completion.ts': 'a script of many lines, made of our declarations only',
  'cli/directory/directory-export.ts': 'routing data of the operator as a file',
  'cli/io.ts': 'escapes each line',
  'cli/secrets/dkim-sign.ts': 'the signed message, octet by octet',
  'cli/secrets/read-secret.ts': 'the prompt and a line feed',
  'demo/run-breaks.ts': 'as run-demo.ts',
  'demo/run-demo.ts': 'colours; remote text in it is escaped',
  'main.ts': 'an error of the standard output itself',
}

it('has no other writer to a standard stream', () => {
  const found = globSync('**/*.ts', { cwd: src }).filter(
    (file) =>
      !file.endsWith('.test.ts') &&
      /\b(?:stdout|stderr|out)\.write\(|\bto\.write\((?!to\.fd)|\bconsole\.\w+\(/.test(
        readFileSync(join(src, file), 'utf8'),
      ),
  )
  expect(found.toSorted()).toEqual(Object.keys(writers))
})
