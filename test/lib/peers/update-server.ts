// BIND or Knot as the primary server of two zones, `example.org` and `forwards.example`, that takes signed updates.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { networkExchange } from '../../../src/dns/exchange.ts'
import { readPresent } from '../../../src/published/present-set.ts'
import { freePort } from '../free-port.ts'
import { until } from '../until.ts'

const KEY = 'update.key'
const ZONE = `$TTL 60
@ SOA ns.example.org. root.example.org. 1 60 60 60 5
@ NS ns.example.org.
ns A 127.0.0.1
@ MX 10 old.example.org.
@ TXT "site-verification=1" "in two strings"
@ TXT "v=spf1 ~all"
www A 192.0.2.80
`

export interface UpdateServer {
  readonly port: number
  readonly keyFile: string
  close(): Promise<void>
}

const secretOf = (program: 'bind' | 'knot') => {
  const made =
    program === 'bind'
      ? spawnSync('/usr/sbin/tsig-keygen', ['-a', 'hmac-sha256', KEY])
      : spawnSync('/usr/sbin/keymgr', ['-t', KEY, 'hmac-sha512'])
  return made.stdout.toString()
}

/** @param records further lines of both zones */
export async function startUpdateServer(program: 'bind' | 'knot', folder: string, records = ''): Promise<UpdateServer> {
  const port = await freePort()
  const key = secretOf(program)
  const keyFile = join(folder, `${program}.key`)
  writeFileSync(keyFile, key, { mode: 0o600 })
  for (const zone of ['example.org', 'forwards.example'])
    writeFileSync(join(folder, `${zone}.zone`), ZONE.replaceAll('example.org', zone) + records)
  const config = join(folder, `${program}.conf`)
  writeFileSync(config, program === 'bind' ? bindConf(folder, port, key) : knotConf(folder, port, key))
  const child =
    program === 'bind' ? spawn('/usr/sbin/named', ['-g', '-c', config]) : spawn('/usr/sbin/knotd', ['-c', config])
  const output = { text: '' }
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output.text += text))
  await until(
    async () =>
      (await readPresent({ host: '127.0.0.1', port }, { name: 'example.org', type: 'MX' }, networkExchange)).kind ===
      'known',
    {
      what: `${program} to answer`,
      timeout: 20_000,
    },
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${output.text}`)
  })
  return { port, keyFile, close: () => end(child) }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function bindConf(folder: string, port: number, key: string): string {
  const zone = (name: string) =>
    `zone "${name}" { type primary; file "${folder}/${name}.zone"; update-policy { grant ${KEY} zonesub any; }; };`
  return `${key}
options { directory "${folder}"; listen-on port ${port} { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file none; session-keyfile "${folder}/session.key"; };
controls { };
${zone('example.org')}
${zone('forwards.example')}
`
}

function knotConf(folder: string, port: number, key: string): string {
  return `server:
  listen: 127.0.0.1@${port}
  rundir: ${folder}
database:
  storage: ${folder}/knot-db
log:
- target: stderr
  any: info
${key}
acl:
- id: update
  key: ${KEY}
  action: update
zone:
- domain: example.org
  file: ${folder}/example.org.zone
  acl: update
- domain: forwards.example
  file: ${folder}/forwards.example.zone
  acl: update
`
}
