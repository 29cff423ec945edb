import { describe, expect, it } from 'vitest'
import type { Directory, DomainRecord } from '../directory/directory.ts'
import { createOwnNames } from './own-names.ts'
import { createRouter } from './router.ts'
import type { RouterSettings, SrsRole } from './router-settings.ts'

const record: DomainRecord = { source: 'mail.yaml:1' }
const srs: SrsRole = {
  domain: 'forwards.example',
  formerDomains: ['old-forwards.example'],
  secrets: ['a secret only for tests'],
  reverse: false,
  rewrite: true,
}

function directoryOf(...names: string[]): Directory {
  const domains = new Map(names.map((name) => [name, record]))
  return {
    mainDomain: 'example.org',
    rewrites: [],
    domains,
    domain: (name) => domains.get(name),
    find: () => ({ kind: 'absent' }),
    grants: () => ({ kind: 'absent' }),
  }
}

describe('own names', () => {
  const names = createOwnNames(directoryOf('dept.university.example', 'shop.example.org'), { srs })

  it.each([
    ['example.org', 'example.org'],
    ['a.b.example.org', 'example.org'],
    // The highest one: all below it are one organisation.
    ['x.shop.example.org', 'example.org'],
    ['forwards.example', 'forwards.example'],
    ['x.old-forwards.example', 'old-forwards.example'],
    ['university.example', null],
    ['other.university.example', null],
    ['badexample.org', null],
    ['org', null],
  ])('the highest at or above %s is %s', (domain, found) => expect(names.highestAbove(domain)).toBe(found))

  it.each([
    ['example.org', true],
    ['university.example', true],
    ['dept.university.example', true],
    ['other.university.example', false],
    ['hr.example.org', false],
  ])('one is at or below %s: %s', (domain, found) => expect(names.hasBelow(domain)).toBe(found))
})

describe('the SRS form of any sender', () => {
  const settings: RouterSettings = { forwards: 'resolve', own: 'resolve', relayFor: [], srs }
  const router = (more: Partial<RouterSettings> = {}) => createRouter({ ...settings, ...more }, () => directoryOf())

  it('rewrites also a sender of ours', async () => {
    expect(await router().rewriteSender('boss@example.org', 0)).toMatchObject({
      kind: 'rewritten',
      address: expect.stringMatching(/^SRS0=.*=example\.org=boss@forwards\.example$/),
    })
  })

  it('is absent for an SRS address, a role that does not rewrite, and a sender that is too long', async () => {
    const long = `${'a'.repeat(60)}@example.org`
    expect(await router().rewriteSender(long, 0)).toEqual({ kind: 'too-long', octets: 85 })
    expect(await router().rewriteSender('SRS0=a=b=c=d@forwards.example', 0)).toMatchObject({ kind: 'unchanged' })
    const mx = router({ srs: { ...srs, rewrite: false } })
    expect(await mx.rewriteSender('boss@example.org', 0)).toMatchObject({ kind: 'unchanged' })
  })

  it('is unavailable where the token store is', async () => {
    const tokens = { keep: () => Promise.reject(new Error('disk')), find: async () => null }
    const broken = router({ srs: { ...srs, tokens } })
    expect(await broken.rewriteSender(`${'a'.repeat(60)}@example.org`, 0)).toMatchObject({ kind: 'unavailable' })
  })
})

describe('a reload', () => {
  it('changes the own names', () => {
    let directory = directoryOf()
    const router = createRouter({ forwards: 'resolve', own: 'resolve', relayFor: [] }, () => directory)
    expect(router.ownNames().hasBelow('new.example')).toBe(false)
    directory = directoryOf('new.example')
    expect(router.ownNames().hasBelow('new.example')).toBe(true)
  })
})
