// An authentic bit that comes over a network is not believed: an attacker who changes the answers of a resolver can set it (RFC 7672 2.2.3).
// Believed, forged MX and TLSA records would make the attacker's host the verified one. The resolver has an address of a network namespace.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startWorld, type World } from '../lib/whole-node.ts'

const PORT = 5353
/** RFC 5737. */
const DISTANT = '192.0.2.53'
const script = join(import.meta.dirname, 'lying-resolver-child.ts')

describe.runIf(ensurePeers(['unshare', 'ip']))('the authentic bit', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })
  afterAll(() => world.close())

  /** What a node demands whose resolver has this address, in a network namespace without any other network. */
  async function policyWith(address: string) {
    const yaml = { dns: { servers: [`${address}:${PORT}`] }, delivery: {} }
    const { config } = await world.node({ role: 'srs', start: false, yaml })
    const commands = 'ip link set lo up && ip addr add "$1/32" dev lo 2>/dev/null; exec "$2" "$3" "$4" "$5" "$6"'
    const args = ['-n', 'sh', '-c', commands, 'sh', DISTANT, process.execPath, script, address, String(PORT), config]
    const { stdout } = await promisify(execFile)('unshare', args)
    const { hosts } = JSON.parse(stdout) as { hosts: readonly Record<string, unknown>[] }
    return hosts[0]
  }

  it('of a resolver on a network counts for nothing', async () => {
    expect(await policyWith(DISTANT)).toMatchObject({ policy: 'may', mxSecure: false, addressSecure: false })
  })

  it('of a resolver on a loopback address counts', async () => {
    expect(await policyWith('127.0.0.1')).toMatchObject({ policy: 'dane', mxSecure: true, addressSecure: true })
  })
})
