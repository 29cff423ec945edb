import { expect, test } from 'vitest'
import { authorProven } from './origin.ts'
import type { Origin } from './origin.ts'

const table: [Origin, boolean][] = [
  [{ kind: 'internet' }, false],
  [{ kind: 'user', identity: 'joe' }, true],
  [{ kind: 'machine', identity: 'web-01' }, true],
  [{ kind: 'local' }, true],
  [{ kind: 'peer', role: 'mx', vouched: 'authenticated' }, true],
  [{ kind: 'peer', role: 'mx', vouched: 'dmarc-pass' }, true],
  [{ kind: 'peer', role: 'mx', vouched: 'sender-pass' }, false],
  [{ kind: 'peer', role: 'mx', vouched: 'nothing' }, false],
]

test.each(table)('%o proves the author: %s', (origin, proven) => expect(authorProven(origin)).toBe(proven))
