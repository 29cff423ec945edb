import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import type { ProbeReport } from './reachability.ts'
import { watchReachability } from './reachability-watch.ts'

const well: ProbeReport = { resolver: null, unreachable: new Map() }

function create(needsResolver = false) {
  const clock = createFakeClock()
  const lines: string[] = []
  const said = (_: object, message: string) => void lines.push(message)
  const log = { warn: said, info: said, bug: (error: unknown) => void lines.push(`bug: ${String(error)}`) }
  const now: { report: ProbeReport | Error } = { report: well }
  const probe = async () => {
    if (now.report instanceof Error) throw now.report
    return now.report
  }
  const watch = watchReachability({ roles: ['srs'], needsResolver }, { clock, log, probe })
  const health = async (name: string) => watch.checks.find((one) => one.name === name)?.check()
  const gauge = async (name: string) => (await watch.gauges.find((one) => one.name === name)?.read())?.[0]?.value
  const after = async (report: ProbeReport | Error) => {
    now.report = report
    await clock.advance(60_000)
  }
  return { clock, lines, watch, health, gauge, after }
}

it('reports a dead resolver since its first failure, and its return', async () => {
  const { health, gauge, after, lines } = create()
  expect(await health('resolver')).toEqual({ kind: 'ok' })
  await after({ ...well, resolver: 'the resolver does not answer: time-out' })
  const first = await health('resolver')
  expect(first).toMatchObject({
    kind: 'degraded',
    reason: expect.stringMatching(/^the resolver does not answer: time-out, failing since \S+Z$/),
  })
  expect(await gauge('waypost_resolver_answers')).toBe(0)
  await after({ ...well, resolver: 'the resolver does not answer: time-out' })
  expect(await health('resolver')).toEqual(first)
  await after(well)
  expect(await health('resolver')).toEqual({ kind: 'ok' })
  expect(await gauge('waypost_resolver_answers')).toBe(1)
  expect(lines).toEqual(['the resolver does not answer', 'the resolver answers again'])
})

it('is failing without a resolver where every mail needs one', async () => {
  const { health, after } = create(true)
  await after({ ...well, resolver: 'time-out' })
  expect(await health('resolver')).toMatchObject({ kind: 'failing' })
})

it('reports a role without a reachable node', async () => {
  const { health, gauge, after, lines } = create()
  await after({ ...well, unreachable: new Map([['srs', 'srs-01[127.0.0.1]:25: connect ECONNREFUSED']]) })
  expect(await health('peers')).toMatchObject({
    kind: 'degraded',
    reason: expect.stringMatching(/^no srs node can be reached, failing since \S+Z: srs-01.*ECONNREFUSED$/),
  })
  expect(await gauge('waypost_peers_reachable')).toBe(0)
  await after(well)
  expect(await health('peers')).toEqual({ kind: 'ok' })
  expect(lines).toHaveLength(2)
})

it('survives a bug of a probe, and stops when it is closed', async () => {
  const { after, lines, watch, health } = create()
  await after(new Error('a bug'))
  expect(lines).toEqual(['bug: Error: a bug'])
  watch.close()
  await after({ ...well, resolver: 'time-out' })
  expect(await health('resolver')).toEqual({ kind: 'ok' })
})
