import { expect, it } from 'vitest'
import { createFakeClock } from '../../test/lib/fake-clock.ts'
import { createConfigurationState } from './configuration-state.ts'

const problem = (message: string) => ({ file: 'node.yaml', line: 2, column: 1, message })
const refused = { kind: 'refused', file: 'node.yaml', problems: [problem('found a'), problem('found b')] } as const
const done = { kind: 'reloaded', file: 'node.yaml', summary: '', warnings: [], restartFor: ['peers', 'log'] } as const

function create() {
  const state = createConfigurationState(createFakeClock())
  const values = async () => {
    const read = await Promise.all(state.gauges.map(async (one) => [one.name, (await one.read())[0]?.value] as const))
    return Object.fromEntries(read.map(([name, value]) => [name.replace('waypost_', ''), value]))
  }
  return { state, values, health: () => state.health.check() }
}

it('is well before the first reload', async () => {
  const { values, health } = create()
  expect(await health()).toEqual({ kind: 'ok' })
  expect(await values()).toEqual({ reload_successful: 1, configuration_valid: 1, restart_required_keys: 0 })
})

it('reports a refused reload until a later one succeeds', async () => {
  const { state, values, health } = create()
  state.reloaded({ ...refused, problems: [...refused.problems] })
  expect(await health()).toMatchObject({
    kind: 'degraded',
    reason: expect.stringMatching(
      /^the reload of \S+Z was refused and the old configuration is active: node\.yaml:2:1: found a \(and 1 more; run waypost check\)$/,
    ),
  })
  expect(await values()).toEqual({
    reload_successful: 0,
    configuration_valid: 0,
    restart_required_keys: 0,
    reload_timestamp_seconds: createFakeClock().now() / 1000,
  })
  state.onDisk([])
  expect(await health()).toMatchObject({
    reason: expect.stringContaining('the files are valid now: run waypost reload'),
  })
  expect(await values()).toMatchObject({ reload_successful: 0, configuration_valid: 1 })
  state.reloaded({ ...done, warnings: [], restartFor: [...done.restartFor] })
  expect(await health()).toEqual({ kind: 'ok' })
  expect(await values()).toMatchObject({ reload_successful: 1, configuration_valid: 1, restart_required_keys: 2 })
})

it('reports files with which the node could not start', async () => {
  const { state, values, health } = create()
  state.onDisk([problem('found a')])
  expect(await health()).toEqual({
    kind: 'degraded',
    reason: 'the node could not start with the files on disk: node.yaml:2:1: found a',
  })
  expect(await values()).toMatchObject({ reload_successful: 1, configuration_valid: 0 })
})
