// The benchmark starts nodes with the environment of the systemd unit.

import { expect, it } from 'vitest'
import { parseEnvironment, unitEnvironment } from './unit-environment.ts'

it('reads assignments, also such with an equals sign in the value, and no others', () => {
  const unit = '[Service]\nEnvironment=A=1\n# Environment=B=2\nEnvironment=NODE_OPTIONS=--max=8\nUser=waypost\n'
  expect(parseEnvironment(unit)).toEqual({ A: '1', NODE_OPTIONS: '--max=8' })
})

it('takes over what the unit says, with a compile cache of its own', () => {
  const environment = unitEnvironment()
  expect(environment).toMatchObject({ MALLOC_ARENA_MAX: expect.any(String), NODE_OPTIONS: expect.any(String) })
  expect(environment['NODE_COMPILE_CACHE']).not.toContain('/var/cache')
})
