import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseResolvConf, readSystemServers } from './system-servers.ts'

describe('resolv.conf(5)', () => {
  test('servers and options are read, the rest is left', () => {
    const text = `# a comment
; another
search example.org
nameserver 127.0.0.53
nameserver\t2001:db8::53
nameserver not-an-address
options edns0 timeout:2 attempts:3 trust-ad
`
    expect(parseResolvConf(text)).toEqual({
      servers: [
        { host: '127.0.0.53', port: 53 },
        { host: '2001:db8::53', port: 53 },
      ],
      timeoutMs: 2_000,
      tries: 3,
      trustAuthentic: true,
    })
  })

  test('an empty file means the server on loopback, untrusted otherwise', () => {
    expect(parseResolvConf('')).toEqual({
      servers: [{ host: '127.0.0.1', port: 53 }],
      timeoutMs: 5_000,
      tries: 2,
      trustAuthentic: false,
    })
  })

  test('three servers at most, options within their bounds', () => {
    const lines = [1, 2, 3, 4].map((n) => `nameserver 192.0.2.${n}`)
    const settings = parseResolvConf([...lines, 'options timeout:999 attempts:99'].join('\n'))
    expect(settings.servers.map((server) => server.host)).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    expect(settings).toMatchObject({ timeoutMs: 30_000, tries: 5 })
    expect(parseResolvConf('options timeout:0 attempts:x')).toMatchObject({ timeoutMs: 5_000, tries: 2 })
  })

  test('a file is read; a missing one counts as empty', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'resolv-'))
    const file = join(folder, 'resolv.conf')
    expect((await readSystemServers(file)).servers).toEqual([{ host: '127.0.0.1', port: 53 }])
    await writeFile(file, 'nameserver 192.0.2.1\n')
    expect((await readSystemServers(file)).servers).toEqual([{ host: '192.0.2.1', port: 53 }])
    await rm(folder, { recursive: true })
  })
})
