// One transaction puts one copy into each mailbox, whichever recipients lead to it: resolution and intake together.

import { describe, expect, it } from 'vitest'
import { memoryFiles } from '../directory/files/memory-files.ts'
import { loadDirectory } from '../directory/load-directory.ts'
import { createRouter } from '../route/router.ts'
import type { RouterSettings } from '../route/router-settings.ts'
import { plainMail } from '../smtp/envelope.ts'
import type { Origin } from '../smtp/origin.ts'
import { recipientsOf } from './recipients.ts'

const names = Array.from({ length: 20 }, (_, n) => `m${n}`)
const data = `
domains: [box.example.org]
aliases:
  group: [${names.join(', ')}]
  others: [m3, m4, m5]
  folders: ['m1+red', 'm1+blue']
  ticket: tickets
  press: [kim@far.example, lee@far.example]
  desk: kim@far.example
  mixed: [kim@far.example, m2]
forwards:
  ann: { to: ann@far.example, tag: keep }
transports:
${names.map((name) => `  ${name}@example.org: 'smtp:[box.example.org]'`).join('\n')}
  tickets@example.org: 'smtp:[box.example.org]'
`

const stranger: Origin = { kind: 'internet' }

async function copies(
  recipients: readonly string[],
  change: Partial<RouterSettings> = {},
  origin: Origin = stranger,
): Promise<readonly string[]> {
  return (await sorted(recipients, change, origin)).recipients.map((one) => one.address)
}

async function sorted(recipients: readonly string[], change: Partial<RouterSettings> = {}, origin: Origin = stranger) {
  const given = { mainDomain: 'example.org', mail: ['m.yaml'], scope: { facts: {}, certname: 'n' } }
  const { directory, problems } = loadDirectory(given, memoryFiles({ 'm.yaml': data }))
  if (!directory) throw new Error(JSON.stringify(problems))
  const router = createRouter({ forwards: 'resolve', own: 'resolve', relayFor: ['user'], ...change }, () => directory)
  const reversePath = 'ann@stranger.example'
  const drafted = await Promise.all(
    recipients.map(async (forwardPath) => ({
      forwardPath,
      parameters: { notify: [], orcpt: null },
      resolution: await router.resolve({ forwardPath, reversePath, origin, at: 0 }),
    })),
  )
  return recipientsOf({
    session: null,
    origin,
    sender: reversePath,
    parameters: plainMail,
    recipients: drafted,
    header: Buffer.from('\r\n'),
    body: { kind: 'inline', bytes: Buffer.from('') },
  })
}

describe('one copy', () => {
  it('reaches each member of a group, however many tags the sender invents', async () => {
    const tagged = Array.from({ length: 50 }, (_, n) => `group+${n}@example.org`)
    expect(await copies(tagged)).toEqual(names.map((name) => `${name}+0@example.org`))
  })

  it('reaches a member of two groups, and one that is named as well, in any case of letters', async () => {
    const addresses = await copies(['group@example.org', 'others@example.org', 'M3@example.org'])
    expect(addresses).toEqual(names.map((name) => `${name}@example.org`))
  })

  it('reaches a foreign address that is named beside an alias, and is that of the name', async () => {
    const user: Origin = { kind: 'user', identity: 'lee' }
    for (const order of [
      ['desk@example.org', 'kim@far.example'],
      ['kim@far.example', 'desk@example.org'],
    ]) {
      const { recipients, forwards } = await sorted(order, {}, user)
      expect(recipients).toMatchObject([{ address: 'kim@far.example', original: 'kim@far.example', private: false }])
      expect(forwards.size).toBe(0)
    }
  })

  it('leaves by one path if two lead to the same foreign address', async () => {
    const relay = { forwards: 'relay-to-srs' } as const
    const user: Origin = { kind: 'user', identity: 'lee' }
    const { recipients } = await sorted(['mixed@example.org', 'kim@far.example'], relay, user)
    expect(recipients.map(({ address, nextHop }) => `${address} ${nextHop}`)).toEqual([
      'kim@far.example mx:far.example',
      'm2@example.org smtp:[box.example.org]',
    ])
  })

  it('of a group whose members are all foreign goes to the srs node once', async () => {
    const tagged = Array.from({ length: 5 }, (_, n) => `press+${n}@example.org`)
    expect(await copies(tagged, { forwards: 'relay-to-srs' })).toEqual(['press+0@example.org'])
  })

  it('is named in the ledger for the recipients whose mailboxes have one already', async () => {
    const { discarded } = await sorted(['group+a@example.org', 'group+b@example.org'])
    expect(discarded).toEqual([
      { original: 'group+b@example.org', reason: 'one copy for each mailbox: that of group+a@example.org' },
    ])
  })
})

describe('several copies', () => {
  it('reach a person whose tags the sender or the data name: a tag can be a folder or a ticket', async () => {
    expect(await copies(['tickets+1@example.org', 'tickets+2@example.org', 'ticket+3@example.org'])).toEqual([
      'tickets+1@example.org',
      'tickets+2@example.org',
      'tickets+3@example.org',
    ])
    expect(await copies(['folders@example.org'])).toEqual(['m1+red@example.org', 'm1+blue@example.org'])
    expect(await copies(['ann+1@example.org', 'ann+2@example.org'])).toEqual(['ann+1@far.example', 'ann+2@far.example'])
  })
})
