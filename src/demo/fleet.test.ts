import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { isListening } from '../../test/lib/listening.ts'
import { commonFreePort, nodeAddresses } from './demo-addresses.ts'
import { prepareFleet } from './fleet.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waypost-fleet-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('stops all nodes if one of them fails to start', { timeout: 60_000 }, async () => {
  const free = () => commonFreePort(Object.values(nodeAddresses))
  const ports = { smtp: await free(), submissions: await free(), submission: await free() }
  const fleet = await prepareFleet({ folder, ports, dns: { host: '127.0.0.1', port: 53 } })
  writeFileSync(fleet.configOf('mta'), 'role: mta\n')
  await expect(fleet.start()).rejects.toThrow(/mta\.yaml: exited with 2 before it was ready/)
  await fleet.stop()
  expect(await isListening(ports.smtp, nodeAddresses.mx)).toBe(false)
  expect(await isListening(ports.smtp, nodeAddresses.srs)).toBe(false)
  expect(await isListening(ports.submissions, nodeAddresses.submission)).toBe(false)
})
