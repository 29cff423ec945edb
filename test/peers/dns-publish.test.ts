// `waypost dns publish` against BIND and Knot: the difference, TSIG, prerequisites, and what it does not touch.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dnsPublish } from '../../src/cli/dns/dns-publish.ts'
import { FAILED, OK, USAGE } from '../../src/cli/io.ts'
import { networkExchange } from '../../src/dns/exchange.ts'
import { updateZone } from '../../src/published/dynamic-update.ts'
import { readPresent } from '../../src/published/present-set.ts'
import { parseTsigKey, type TsigKey } from '../../src/lib/tsig-key.ts'
import { wireData } from '../../src/published/record-data.ts'
import { captureIo } from '../lib/captured-io.ts'
import { ensurePeers } from '../lib/peers/ensure.ts'
import { startUpdateServer, type UpdateServer } from '../lib/peers/update-server.ts'
import { sampleFleetYaml, writeFleetFiles } from '../lib/sample-fleet.ts'

describe.runIf(ensurePeers(['named', 'knotd'])).each(['bind', 'knot'] as const)('publishing to %s', (program) => {
  let folder: string
  let server: UpdateServer
  const fleet = () => join(folder, 'fleet.yaml')

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-publish-'))
    writeFleetFiles(folder)
    mkdirSync(join(folder, 'knot-db'))
    server = await startUpdateServer(program, folder)
    writeFleet(server.keyFile)
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const writeFleet = (keyFile: string) => {
    const zone = `{ server: "127.0.0.1:${server.port}", key: ${keyFile} }`
    writeFileSync(
      fleet(),
      `${sampleFleetYaml}records: { caa: [ letsencrypt.org ] }\nzones:\n  example.org: ${zone}\n  forwards.example: ${zone}\n`,
    )
  }
  const publish = async (options: object = {}) => {
    const io = captureIo()
    const code = await dnsPublish({ fleet: fleet(), dns: null, ...options }, io)
    return { code, out: io.out(), err: io.err() }
  }
  const present = async (name: string, type: 'MX' | 'TXT' | 'A') => {
    const found = await readPresent({ host: '127.0.0.1', port: server.port }, { name, type }, networkExchange)
    return found.kind === 'known' ? found.records.map(({ written }) => written).toSorted() : found
  }

  it('shows the difference and changes nothing without a confirmation', async () => {
    const { code, out, err } = await publish()
    expect(code).toBe(FAILED)
    expect(err).toContain('nothing was changed: standard input is no terminal; confirm with --yes')
    expect(out).toContain('- example.org. 60 IN MX 10 old.example.org.')
    expect(out).toContain('+ example.org. 3600 IN MX 10 mx-01.example.org.')
    expect(out).toContain('- example.org. 60 IN TXT "v=spf1 ~all"')
    expect(out).not.toContain('site-verification')
    expect(await present('example.org', 'MX')).toEqual(['10 old.example.org.'])
  })

  it.each(['n\n', ''])('asks at a terminal; %j is no', async (typed) => {
    const io = captureIo(typed)
    Object.assign(io.stdin, { isTTY: true })
    expect(await dnsPublish({ fleet: fleet(), dns: null }, io)).toBe(FAILED)
    expect(io.err()).toContain('changes? [y/N]')
    expect(await present('example.org', 'MX')).toEqual(['10 old.example.org.'])
  })

  it('refuses a wrong key, and says so', async () => {
    const wrong = join(folder, 'wrong.key')
    const text = readFileSync(server.keyFile, 'utf8')
    const secret = Buffer.alloc(32, 1).toString('base64')
    writeFileSync(
      wrong,
      text.replace(/secret:? "?[\w+/=]+"?/, (found) => found.replace(/[\w+/]{20,}=*/, secret)),
    )
    writeFleet(wrong)
    const { code, err } = await publish({ yes: true })
    writeFleet(server.keyFile)
    expect(code).toBe(FAILED)
    expect(err).toMatch(/example\.org: nothing was changed: NOTAUTH.*BADSIG/)
    expect(await present('example.org', 'MX')).toEqual(['10 old.example.org.'])
  })

  it('changes both zones, and leaves what is not ours', async () => {
    const { code, err } = await publish({ yes: true })
    expect(err).toContain('example.org: changed')
    expect(err).toContain('forwards.example: changed')
    expect(code).toBe(OK)
    expect(await present('example.org', 'MX')).toEqual(['10 mx-01.example.org.'])
    expect(await present('example.org', 'TXT')).toEqual([
      'site-verification=1in two strings',
      'v=spf1 ip4:192.0.2.2 ip4:192.0.2.3 ip4:192.0.2.4 -all',
    ])
    expect(await present('www.example.org', 'A')).toEqual(['192.0.2.80'])
  })

  it('is done then', async () => {
    const { code, out } = await publish({ yes: true })
    expect(code).toBe(OK)
    expect(out).toMatch(/^zone example\.org .*: nothing to change$/m)
    expect(out).toContain('records are in zones that the fleet file does not name')
  })

  it('changes a time to live alone, where all records of the name are ours', async () => {
    const ttlOf = async (name: string, type: 'MX' | 'TXT') => {
      const found = await readPresent({ host: '127.0.0.1', port: server.port }, { name, type }, networkExchange)
      return found.kind === 'known' ? [...new Set(found.records.map(({ ttl }) => ttl))] : found.cause
    }
    const before = readFileSync(fleet(), 'utf8')
    writeFileSync(fleet(), before.replace('records: { caa:', 'records: { ttl: 2h, caa:'))
    const shown = await publish({ dryRun: true })
    expect(shown.out).toContain('- example.org. 3600 IN MX 10 mx-01.example.org.')
    expect(shown.out).toContain('+ example.org. 7200 IN MX 10 mx-01.example.org.')
    expect((await publish({ yes: true })).code).toBe(OK)
    expect(await ttlOf('example.org', 'MX')).toEqual([7200])
    expect(await present('example.org', 'MX')).toEqual(['10 mx-01.example.org.'])
    // Beside a text of another owner it stays.
    expect(await ttlOf('example.org', 'TXT')).not.toEqual([7200])
    expect((await publish({ yes: true })).out).toMatch(/^zone example\.org .*: nothing to change$/m)
    writeFileSync(fleet(), before)
    await publish({ yes: true })
  })

  it('changes nothing if the records are no longer as they were read', async () => {
    const key = parseTsigKey(readFileSync(server.keyFile, 'utf8')) as TsigKey
    const data = (written: string) => wireData('MX', written).subarray(2)
    const change = {
      action: 'add',
      name: 'example.org',
      type: 'MX',
      ttl: 60,
      data: data('20 other.example.org.'),
    } as const
    const expected = [{ name: 'example.org', type: 'MX', data: [data('10 old.example.org.')] }] as const
    const result = await updateZone(
      { zone: 'example.org', expected, changes: [change] },
      { server: { host: '127.0.0.1', port: server.port }, key },
      { now: () => Date.now() },
    )
    expect(result).toMatchObject({ kind: 'conflict' })
    expect(await present('example.org', 'MX')).toEqual(['10 mx-01.example.org.'])
  })

  it('needs a key that can be read', async () => {
    writeFleet('none.key')
    const { code, err } = await publish({ yes: true })
    writeFleet(server.keyFile)
    expect(code).toBe(USAGE)
    expect(err).toMatch(/fleet\.yaml:\d+:\d+: zones\.example\.org\.key: .*none\.key: ENOENT/)
  })
})

describe.runIf(ensurePeers(['named', 'nsupdate']))('publishing by a command', () => {
  let folder: string
  let server: UpdateServer

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'waypost-publish-'))
    writeFleetFiles(folder)
    server = await startUpdateServer('bind', folder)
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('passes the changes as JSON, which a script can give to nsupdate', async () => {
    const script = join(folder, 'publish.sh')
    writeFileSync(
      script,
      `#!/bin/sh
cat > '${folder}/changes.json'
{ echo 'server 127.0.0.1 ${server.port}'; '${process.execPath}' -e '
const { changes } = JSON.parse(require("fs").readFileSync("${folder}/changes.json"))
for (const { action, line } of changes) console.log("update", action === "add" ? "add" : "delete", action === "add" ? line : line.replace(/ \\d+ IN/, ""))
'; echo send; } | nsupdate -k '${server.keyFile}'
`,
      { mode: 0o755 },
    )
    const fleet = join(folder, 'fleet.yaml')
    writeFileSync(
      fleet,
      `${sampleFleetYaml}zones: { example.org: { command: [ ${script} ], server: "127.0.0.1:${server.port}" } }\n`,
    )
    const io = captureIo()
    expect(await dnsPublish({ fleet, dns: null, yes: true }, io)).toBe(OK)
    const { zone, changes } = JSON.parse(readFileSync(join(folder, 'changes.json'), 'utf8'))
    expect(zone).toBe('example.org')
    expect(changes).toContainEqual({
      action: 'add',
      name: 'example.org',
      type: 'MX',
      ttl: 3600,
      data: '10 mx-01.example.org.',
      line: 'example.org. 3600 IN MX 10 mx-01.example.org.',
    })
    expect(io.err()).not.toContain('does not have')
  })

  it('that fails is an error', async () => {
    const fleet = join(folder, 'fleet.yaml')
    writeFileSync(
      fleet,
      `${sampleFleetYaml}zones: { forwards.example: { command: [ /bin/false ], server: "127.0.0.1:${server.port}" } }\n`,
    )
    const io = captureIo()
    expect(await dnsPublish({ fleet, dns: null, yes: true }, io)).toBe(FAILED)
    expect(io.err()).toContain('forwards.example: the command ended with 1')
  })
})
