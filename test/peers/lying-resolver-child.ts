// Run by forged-authentic-bit.test.ts in a network namespace: a resolver at ADDRESS that sets the authentic bit on everything, and
// what a node that asks it demands for victim.test. Arguments: address, port, configuration of the node. Prints the JSON of `waypost tls policy`.

import { startAuthority } from '../../src/demo/authority.ts'
import { runWaypost } from '../lib/run-waypost.ts'

const [host = '', port = '', config = ''] = process.argv.slice(2)
const record = `3 1 1 ${'ab'.repeat(32)}`
const dns = await startAuthority(
  {
    'victim.test': { MX: '10 mx.evil.test', authentic: true },
    'mx.evil.test': { A: '198.51.100.7', authentic: true },
    '_25._tcp.mx.evil.test': { TLSA: record, authentic: true },
  },
  { host, port: Number(port) },
)
const { stdout, stderr } = await runWaypost(['tls', 'policy', 'victim.test', '--json', '-c', config])
process.stdout.write(stdout)
process.stderr.write(stderr)
await dns.close()
