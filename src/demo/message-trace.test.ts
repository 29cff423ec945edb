import { expect, it } from 'vitest'
import { hostile, obeyed } from '../../test/lib/hostile-text.ts'
import { coloursFor } from './colours.ts'
import { traceLines } from './message-trace.ts'
import { Writable } from 'node:stream'

it('prints nothing of a stranger that a terminal obeys', () => {
  const plain = coloursFor(new Writable())
  const event = {
    kind: 'discarded',
    at: 1,
    queueId: 'q',
    recipient: `${hostile}\n@x.example`,
    reason: hostile,
  } as const
  const lines = traceLines([{ node: 'mx', event }], plain)
  expect(lines).toHaveLength(1)
  expect(obeyed(lines.join(''))).toBeNull()
  expect(lines[0]).toContain(String.raw`\u009b2J`)
  expect(lines[0]).not.toContain('\n')
})
