import { describe, expect, it } from 'vitest'
import type { Directory } from '../directory/directory.ts'
import { loadDirectory } from '../directory/load-directory.ts'
import { memoryFiles } from '../directory/files/memory-files.ts'
import { formatProblem } from '../directory/data-problem.ts'
import { createRouter } from './router.ts'
import { recipientLimit } from './send-as.ts'
import type { RouterSettings } from './router-settings.ts'

const mail = `domains: [example.org, shop.example]
alias_domains: { example.net: example.org }
users:
  kim:
  lee: [lee, l.lee@example.org, lee@shop.example]
  sam: { addresses: sam.s }
aliases:
  press: [kim, lee]
  media: press
  reports: { to: kim, send_as: none }
  hiring: { to: [kim, sam.s], send_as: [sam, ghost] }
  everyone: { to: kim, send_as: '*' }
  sales@shop.example: lee@shop.example
forwards:
  kim: kim@home.example.net
  lee: lee@home.example.net
  l.lee: lee
  lee@shop.example: lee
  sam.s: sam@home.example.net
send_as:
  newsletter: [kim]
  media: sam
discards: { newsletter: not read }
`
const settings: RouterSettings = {
  forwards: 'relay-to-srs',
  own: 'relay-to-mx',
  relayFor: ['user', 'machine'],
  machines: [
    { name: 'ci-01', senders: ['ci@example.org', '@builds.example.org'] },
    { name: 'web-01', senders: ['web.example.org', '*.apps.example.org'] },
  ],
}
const loaded = loadDirectory(
  { mainDomain: 'example.org', mail: ['m.yaml'], scope: { facts: {}, certname: 'n' } },
  memoryFiles({ 'm.yaml': mail }),
)
const appSenders: RouterSettings['appSenders'] = (identity, app) => {
  if (identity !== 'kim') return undefined
  return app === 'all' ? null : app === 'shop' ? ['press@example.org', '@shop.example', 'lee@example.org'] : undefined
}
it('a machine may have only some recipients', () => {
  const limited = {
    machines: [{ name: 'ci-01', senders: [], recipients: ['alerts@example.org', '@lists.example.org'] }],
  }
  const to = (address: string) => recipientLimit(limited, { kind: 'machine', identity: 'ci-01' }, address)
  expect(to('Alerts@example.org')).toBeNull()
  expect(to('a@lists.example.org')).toBeNull()
  expect(to('a@example.org')).toEqual(['alerts@example.org', '@lists.example.org'])
  expect(to('not an address')).not.toBeNull()
  expect(recipientLimit(limited, { kind: 'user', identity: 'ci-01' }, 'a@example.org')).toBeNull()
  expect(recipientLimit(settings, { kind: 'machine', identity: 'ci-01' }, 'a@example.org')).toBeNull()
})

const machineNames = new Set(settings.machines?.map((each) => each.name))
const may = async (identity: string, address: string) => {
  const kind = machineNames.has(identity) ? 'machine' : 'user'
  const { directory } = loaded
  if (!directory) throw new Error(loaded.problems.map(formatProblem).join('\n'))
  return await createRouter(settings, () => directory).maySendAs({ kind, identity }, address)
}

describe('an app password', () => {
  const mayWith = async (app: string, address: string) => {
    const { directory } = loaded
    if (!directory) throw new Error('not loaded')
    const router = createRouter({ ...settings, appSenders }, () => directory)
    return router.maySendAs({ kind: 'user', identity: 'kim', app }, address)
  }

  it.each([
    ['all', 'kim@example.org'],
    ['shop', 'press@example.org'],
    ['shop', 'press+x@example.net'],
  ])('%s may send as %s', async (app, address) => {
    expect(await mayWith(app, address)).toMatchObject({ kind: 'yes' })
  })

  it.each([
    ['shop', 'kim@example.org', 'an address of the user outside the limit'],
    ['shop', 'lee@example.org', "an address in the limit that is not the user's"],
    ['shop', 'lee@shop.example', "an address of a domain in the limit that is not the user's"],
  ])('%s may not send as %s (%s)', async (app, address) => {
    expect(await mayWith(app, address)).toMatchObject({ kind: 'no' })
  })

  it('decides nothing after its removal: its session ends', async () => {
    expect(await mayWith('removed', 'kim@example.org')).toMatchObject({ kind: 'unavailable' })
  })

  it('lists its own limit in a refusal', async () => {
    expect(await mayWith('shop', 'kim@example.org')).toMatchObject({
      allowed: expect.arrayContaining(['@shop.example']),
    })
  })
})

describe('a user', () => {
  it.each([
    ['kim', 'kim@example.org', 'own address'],
    ['kim', 'KIM@Example.ORG', 'case'],
    ['kim', 'kim+shopping@example.org', 'own address with a tag'],
    ['kim', 'kim@example.net', 'alias domain'],
    ['kim', 'kim+x@example.net', 'alias domain with a tag'],
    ['Kim@Example.org', 'kim@example.org', 'identity with the domain'],
    ['kim@example.net', 'kim@example.org', 'identity with an alias domain'],
    ['kim', 'press@example.org', 'alias that names the user'],
    ['kim', 'press+x@example.net', 'such an alias, alias domain, tag'],
    ['lee', 'l.lee@example.org', 'second own address'],
    ['lee', 'lee@shop.example', 'own address elsewhere'],
    ['lee', 'sales@shop.example', 'alias that names an own address elsewhere'],
    ['sam', 'sam.s@example.org', 'only the listed address'],
    ['sam', 'hiring@example.org', 'send_as of the alias'],
    ['sam', 'media@example.org', 'mail::send_as'],
    ['kim', 'newsletter@example.org', 'mail::send_as of an address without delivery'],
    ['sam', 'everyone@example.org', 'send_as for all users'],
    ['ghost', 'ghost@example.org', 'a user whom the data does not list'],
  ])('%s may send as %s (%s)', async (identity, address) => {
    expect(await may(identity, address)).toEqual({ kind: 'yes', source: expect.any(String) })
  })

  it.each([
    ['kim', 'lee@example.org', 'another person'],
    ['kim', 'media@example.org', 'an alias that names the user only through another alias'],
    ['kim', 'reports@example.org', 'receive-only'],
    ['kim', 'hiring@example.org', 'an alias whose send_as names others'],
    ['sam', 'sam@example.org', 'the user name, where other addresses are listed'],
    ['kim', 'kim@shop.example', 'the same name in another domain of ours'],
    ['kim', 'kim@home.example.net', 'the target of the forward'],
    ['kim', 'kim@far.example', 'a domain of another organisation'],
    ['kim', 'kim', 'no address'],
    ['kim', 'kim@example.org@far.example', 'no address either'],
    ['kim', '"kim@example.org"@far.example', 'a quoted one'],
    ['kim@far.example', 'kim@example.org', 'an identity of another domain'],
    ['kim@shop.example', 'kim@example.org', 'an identity of another domain of ours'],
    ['kim+x', 'kim@example.org', 'a tag in the identity'],
    ['', '@example.org', 'nothing'],
    ['ci-01', 'kim@example.org', 'a machine in a person’s name'],
  ])('%s may not send as %s (%s)', async (identity, address) => {
    expect(await may(identity, address)).toMatchObject({ kind: 'no' })
  })

  it('gets the allowed addresses, own addresses first', async () => {
    expect(await may('kim', 'lee@example.org')).toEqual({
      kind: 'no',
      allowed: ['kim@example.org', 'press@example.org', 'newsletter@example.org', 'everyone@example.org'],
    })
  })

  it('gets the place of the grant', async () => {
    expect(await may('sam', 'media@example.org')).toEqual({ kind: 'yes', source: 'm.yaml:22' })
    expect(await may('kim', 'press@example.org')).toEqual({ kind: 'yes', source: 'm.yaml:8' })
  })
})

describe('a machine', () => {
  it.each([
    ['ci-01', 'ci@example.org', 'yes'],
    ['ci-01', 'CI@example.org', 'yes'],
    ['ci-01', 'ci+job@example.org', 'no'],
    ['ci-01', 'job-7@builds.example.org', 'yes'],
    ['ci-01', 'x@sub.builds.example.org', 'no'],
    ['ci-01', 'x@evil-builds.example.org', 'no'],
    ['web-01', 'cron@web.example.org', 'yes'],
    ['web-01', 'x@shop.apps.example.org', 'yes'],
    ['web-01', 'x@apps.example.org', 'no'],
    ['web-01', 'x@evilapps.example.org', 'no'],
    ['web-01', 'nonsense', 'no'],
  ])('%s as %s: %s', async (identity, address, kind) => {
    expect(await may(identity, address)).toMatchObject({ kind })
  })
})

describe('an unavailable source', () => {
  const directory = (answer: Directory['grants']): Directory => ({
    mainDomain: 'example.org',
    rewrites: [],
    domains: new Map(),
    domain: () => undefined,
    find: () => ({ kind: 'absent' }),
    grants: answer,
  })

  it('gives unavailable, never no', async () => {
    const router = createRouter(settings, () =>
      directory(() => Promise.resolve({ kind: 'unavailable', cause: 'ldap is down' })),
    )
    expect(await router.maySendAs({ kind: 'user', identity: 'kim' }, 'kim@example.org')).toEqual({
      kind: 'unavailable',
      cause: 'ldap is down',
    })
    expect(await router.maySendAs({ kind: 'machine', identity: 'ci-01' }, 'ci@example.org')).toMatchObject({
      kind: 'yes',
    })
  })

  it('is unavailable for unknown grants, and known ones stay valid', async () => {
    const router = createRouter(settings, () =>
      directory(() => ({
        kind: 'found',
        value: [{ address: 'kim@example.org', source: 'uid=kim' }],
        incomplete: 'down',
      })),
    )
    const kim = { kind: 'user', identity: 'kim' } as const
    expect(await router.maySendAs(kim, 'kim@example.org')).toEqual({ kind: 'yes', source: 'uid=kim' })
    expect(await router.maySendAs(kim, 'press@example.org')).toEqual({ kind: 'unavailable', cause: 'down' })
  })

  it('a user with the name of a machine does not get its senders, or the reverse', async () => {
    const router = createRouter(settings, () => directory(() => ({ kind: 'absent' })))
    expect(await router.maySendAs({ kind: 'user', identity: 'ci-01' }, 'ci@example.org')).toEqual({
      kind: 'no',
      allowed: [],
    })
    expect(await router.maySendAs({ kind: 'machine', identity: 'kim' }, 'kim@example.org')).toEqual({
      kind: 'no',
      allowed: [],
    })
  })

  it('a user that it does not know may use nothing', async () => {
    const router = createRouter(settings, () => directory(() => ({ kind: 'absent' })))
    expect(await router.maySendAs({ kind: 'user', identity: 'kim' }, 'kim@example.org')).toEqual({
      kind: 'no',
      allowed: [],
    })
  })
})
