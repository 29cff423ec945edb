import { afterEach, expect, it } from 'vitest'
import { createLdapMirror } from '../directory/ldap/ldap-mirror.ts'
import { systemClock } from '../lib/clock.ts'
import { type DirectoryServer, startDirectoryServer } from './directory-server.ts'

let server: DirectoryServer
afterEach(() => server.stop())

function mirrorOf({ url, base }: DirectoryServer, filter = '(objectClass=inetOrgPerson)') {
  const attributes = { user: 'uid', addresses: [], forward: 'emailForward', password: null }
  return createLdapMirror(
    {
      urls: [url],
      startTls: false,
      tls: { ca: null, certificate: null, key: null },
      bind: { kind: 'anonymous' },
      timeoutMs: 20_000,
      connections: 1,
      users: { base, filter, attributes },
      aliases: null,
      referrals: 'refuse',
      isOwn: () => true,
    },
    systemClock,
  )
}

it('answers the mirror of a node with the people that match, also those that are added', async () => {
  server = await startDirectoryServer([{ uid: 'jo', emailForward: 'jo@home.example.net' }])
  const mirror = mirrorOf(server)
  const { signal } = new AbortController()
  const forwards = [{ address: 'jo', targets: ['jo@home.example.net'], source: `uid=jo,${server.base}` }]
  expect(await mirror.fetch(signal)).toMatchObject({ kind: 'whole', content: { users: [{ name: 'jo' }], forwards } })
  server.people.push({ uid: 'kit', emailForward: 'kit@home.example.net' })
  expect(await mirror.fetch(signal)).toMatchObject({ content: { users: [{ name: 'jo' }, { name: 'kit' }] } })
  await mirror.close()
  const other = mirrorOf(server, '(uid=kit)')
  expect(await other.fetch(signal)).toMatchObject({ content: { users: [{ name: 'kit' }] } })
  await other.close()
})

it('is unavailable while it is stopped, and starts on the same port', async () => {
  server = await startDirectoryServer([{ uid: 'jo', emailForward: 'jo@home.example.net' }])
  const mirror = mirrorOf(server)
  const { signal } = new AbortController()
  await server.stop()
  expect(await mirror.fetch(signal)).toMatchObject({ kind: 'unavailable' })
  await server.start()
  expect(await mirror.fetch(signal)).toMatchObject({ kind: 'whole' })
  await mirror.close()
})
