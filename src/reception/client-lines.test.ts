import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createBudgets } from '../budget/budgets.ts'
import { createClientLines } from './client-lines.ts'

function setup() {
  const clock = createFakeClock()
  const lines: string[] = []
  const sums: unknown[] = []
  const log = {
    info: (_: unknown, message: string) => void lines.push(message),
    warn: (fields: unknown) => void sums.push(fields),
    bug: (_: unknown, context: string) => void lines.push(`bug ${context}`),
  }
  return { clock, lines, sums, client: createClientLines({ budgets: createBudgets(clock), clock, log }) }
}

it('leaves out what one client causes beyond its share, and logs the sum after a minute', async () => {
  const { clock, lines, sums, client } = setup()
  for (let i = 0; i < 1000; i++) client.ofServer.info({ remote: 'unknown[192.0.2.1]' }, 'lost')
  client.ofServer.info({ remote: '192.0.2.2' }, 'other')
  expect(lines).toHaveLength(301)
  expect(sums).toEqual([])
  await clock.advance(60_000)
  expect(sums).toEqual([{ lines: 700 }])
  await clock.advance(600_000)
  expect(sums).toHaveLength(1)
  expect(client.mayWrite('192.0.2.1')).toBe(true)
})

it('bounds the lines of all clients together', () => {
  const { client } = setup()
  let written = 0
  for (let i = 0; i < 100_000; i++) if (client.mayWrite(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`)) written++
  expect(written).toBe(60_000)
})

it('never leaves out a bug', () => {
  const { lines, client } = setup()
  for (let i = 0; i < 500; i++) client.ofServer.bug(new Error('x'), 'session')
  expect(lines).toHaveLength(500)
})
