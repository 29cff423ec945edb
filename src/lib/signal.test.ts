import { expect, it } from 'vitest'
import { createSignal } from './signal.ts'

it('calls every subscriber at each notification, and none before it subscribed', () => {
  const signal = createSignal()
  const calls: string[] = []
  signal.publish()
  signal.subscribe(() => calls.push('first'))
  signal.publish()
  signal.subscribe(() => calls.push('second'))
  signal.publish()
  expect(calls).toEqual(['first', 'first', 'second'])
})
