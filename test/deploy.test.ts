// What the systemd unit forbids must be nothing that the program does.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const unit = readFileSync(join(root, 'deploy/waypost.service'), 'utf8')
const sources = globSync('src/**/*.ts', { cwd: root, exclude: ['**/*.test.ts'] })

function values(key: string): string[] {
  return [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gm'))].flatMap((match) => (match[1] as string).split(' '))
}

it('the unit lets the node ask the kernel for its own addresses, which an mx or srs does at its start', () => {
  const asking = sources.filter((file) => readFileSync(join(root, file), 'utf8').includes('networkInterfaces('))
  expect(asking).not.toEqual([])
  expect(values('RestrictAddressFamilies')).toContain('AF_NETLINK')
})
