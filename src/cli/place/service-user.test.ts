import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { findServiceUser } from './service-user.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-unit-'))
  for (const name of ['etc', 'usr']) mkdirSync(join(folder, name))
  writeFileSync(join(folder, 'passwd'), 'root:x:0:0::/root:/bin/sh\nwaypost:x:925:926::/var/lib/waypost:/bin/false\n')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const find = () =>
  findServiceUser({ units: [join(folder, 'etc'), join(folder, 'usr')], passwd: join(folder, 'passwd') })
const unit = (place: string, user: string) =>
  writeFileSync(join(folder, place, 'waypost.service'), `[Service]\n${user}\n`)

it.each(['User=waypost', 'User=925'])('is the user of %s', (line) => {
  unit('usr', line)
  expect(find()).toEqual({ uid: 925, gid: 926 })
})

it('is that of the unit of the administrator', () => {
  unit('usr', 'User=waypost')
  unit('etc', 'User=root')
  expect(find()).toEqual({ uid: 0, gid: 0 })
})

it('is unknown without a unit, without its user, and where the user does not exist', () => {
  expect(find()).toBeNull()
  unit('usr', 'DynamicUser=yes')
  expect(find()).toBeNull()
  unit('usr', 'User=missing')
  expect(find()).toBeNull()
})
