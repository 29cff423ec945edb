// The environment of the systemd unit, for nodes of the benchmark.

import { expect, it } from 'vitest'
import { parseEnvironment, unitEnvironment } from './unit-environment.ts'

it('reads assignments only, also with an equals sign in the value', () => {
  const unit = '[Service]\nEnvironment=A=1\n# Environment=B=2\nEnvironment=NODE_OPTIONS=--max=8\nUser=waypost\n'
  expect(parseEnvironment(unit)).toEqual({ A: '1', NODE_OPTIONS: '--max=8' })
})

it('has the variables of the unit, with another compile cache', () => {
  const environment = unitEnvironment()
  expect(environment).toMatchObject({ MALLOC_ARENA_MAX: expect.any(String), NODE_OPTIONS: expect.any(String) })
  expect(environment['NODE_COMPILE_CACHE']).not.toContain('/var/cache')
})
