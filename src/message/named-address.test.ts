import { expect, test } from 'vitest'
import { readNamedAddress } from './named-address.ts'

test.each([
  ['Lee <lee@example.org>', 'Lee', 'lee@example.org'],
  ['Doe, Lee <lee@example.org>', 'Doe, Lee', 'lee@example.org'],
  ['Lee [HR] <lee@example.org>', 'Lee [HR]', 'lee@example.org'],
  ['lee@example.org <lee@example.org>', 'lee@example.org', 'lee@example.org'],
  ['Lee: Sales; Support <lee@example.org>', 'Lee: Sales; Support', 'lee@example.org'],
  ['"Doe, Lee" [HR] <lee@example.org>', 'Doe, Lee [HR]', 'lee@example.org'],
  ['"Lee <boss>" <lee@example.org>', 'Lee <boss>', 'lee@example.org'],
  ['"O\\"Brien" <lee@example.org>', 'O"Brien', 'lee@example.org'],
  ['O"Brien <lee@example.org>', 'O"Brien', 'lee@example.org'],
  ['=?utf-8?q?J=C3=B6rg=2C_Lee?= <lee@example.org>', 'Jörg, Lee', 'lee@example.org'],
  ['=?utf-8?q?J=C3=B6?= =?utf-8?q?rg?= <lee@example.org>', 'Jörg', 'lee@example.org'],
  ['<lee@example.org>', '', 'lee@example.org'],
  ['Lee < lee@example.org > (Sales)', 'Lee', 'lee@example.org'],
])('%j', (value, name, address) => expect(readNamedAddress(value)).toEqual({ name, address }))

test.each([
  'lee@example.org',
  'Lee <lee@example.org',
  'Lee lee@example.org>',
  'Lee <lee@example.org> <boss@example.org>',
  'Lee <<lee@example.org>>',
  'Lee <lee@example.org> boss@example.org',
  'Lee <lee>',
  'Lee <>',
  '> Lee <lee@example.org',
  `${'"\\'.repeat(40_000)}<lee@example.org>`,
])('%j has another form', (value) => expect(readNamedAddress(value)).toBeNull())
