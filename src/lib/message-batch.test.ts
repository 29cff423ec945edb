import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createMessageBatch } from './message-batch.ts'

test('the messages of one turn are sent together and in order, with the buffers that they own', async () => {
  const sent: unknown[] = []
  const send = createMessageBatch<string>((messages, owned) => sent.push([messages, owned.length]))
  send('a', new ArrayBuffer(1))
  send('b')
  await Promise.resolve()
  send('c', new ArrayBuffer(2))
  expect(sent).toEqual([])
  await turn()
  send('d')
  await turn()
  expect(sent).toEqual([
    [['a', 'b', 'c'], 2],
    [['d'], 0],
  ])
})
