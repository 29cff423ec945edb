import { expect, test } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { checkHealth } from './health-report.ts'
import type { Health } from './health-report.ts'

const check = (name: string, health: Health) => ({ name, check: () => health })
const degraded: Health = { kind: 'degraded', reason: 'old data' }
const failing: Health = { kind: 'failing', reason: 'disk' }

test.each([
  [[], 'ok'],
  [[{ kind: 'ok' }], 'ok'],
  [[{ kind: 'ok' }, degraded], 'degraded'],
  [[degraded, failing, { kind: 'ok' }], 'failing'],
] as [Health[], Health['kind']][])('the worst answer counts: %j is %s', async (healths, kind) => {
  const report = await checkHealth(
    healths.map((health, i) => check(String(i), health)),
    createFakeClock(),
  )
  expect(report.kind).toBe(kind)
  expect(Object.values(report.checks)).toEqual(healths)
})

test('a check that throws or rejects is failing, with the error as reason', async () => {
  const checks = [
    {
      name: 'throws',
      check: () => {
        throw new Error('broken')
      },
    },
    { name: 'rejects', check: () => Promise.reject(new Error('closed')) },
    check('well', { kind: 'ok' }),
  ]
  expect((await checkHealth(checks, createFakeClock())).checks).toEqual({
    throws: { kind: 'failing', reason: 'broken' },
    rejects: { kind: 'failing', reason: 'closed' },
    well: { kind: 'ok' },
  })
})

test('a check that does not answer is failing, and no timer remains', async () => {
  const clock = createFakeClock()
  const report = checkHealth(
    [{ name: 'stuck', check: () => new Promise<Health>(() => undefined) }, check('well', { kind: 'ok' })],
    clock,
  )
  await clock.advance(3000)
  expect(await report).toEqual({
    kind: 'failing',
    checks: { stuck: { kind: 'failing', reason: 'no answer within 3 s' }, well: { kind: 'ok' } },
  })
  expect(clock.sleeping).toBe(0)
})
