// Login with access tokens at a server that checks them: both mechanisms, the error challenge, one replacement, long tokens.

import { createSecureContext } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { type SmtpPeer, startSmtpPeer } from '../../../test/lib/smtp-peer.ts'
import { loopbackTarget, openTarget, profileWith, transportSettings } from '../../../test/lib/transport-settings.ts'
import { createAuthority } from '../../demo/ca.ts'
import { systemClock } from '../../lib/clock.ts'
import { outcomeOf } from '../attempt/delivery-outcome.ts'
import { tlsPolicies } from '../tls-policy/configured-policies.ts'
import type { TokenSource } from './client-profile.ts'
import { createSmtpTransport } from './smtp-transport.ts'
import type { OpenResult } from './transport.ts'

const authority = createAuthority('the relay’s CA')
const issued = authority.issue({ names: ['peer.test'], ips: ['127.0.0.1'] })
const tls = { cert: issued.certificate, key: issued.key }
const contexts = {
  opportunistic: createSecureContext(),
  public: createSecureContext(),
  verified: createSecureContext({ ca: authority.certificate }),
}

const peers: SmtpPeer[] = []
const opened: OpenResult[] = []
afterEach(async () => {
  for (const result of opened.splice(0)) if (result.kind === 'open') result.connection.close()
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

type Mechanisms = readonly ('PLAIN' | 'OAUTHBEARER' | 'XOAUTH2')[]

/** Hands out the tokens in their order, and records the notes. */
function source(tokens: readonly string[]): TokenSource & { readonly notes: (string | null)[] } {
  const left = [...tokens]
  const notes: (string | null)[] = []
  const give = async () => {
    const [token] = left
    return token === undefined
      ? ({ kind: 'unavailable', cause: 'invalid_grant: revoked' } as const)
      : ({ kind: 'token', token } as const)
  }
  return {
    notes,
    current: give,
    replace: () => (left.shift(), give()),
    noteLogin: (said) => void notes.push(said),
  }
}

async function open(mechanisms: Mechanisms, tokens: TokenSource, valid = 'good') {
  const auth = { mechanisms, user: 'relay@example.org', password: 'x', isToken: (token: string) => token === valid }
  const peer = await startSmtpPeer({ tls, auth })
  peers.push(peer)
  const credentials = { kind: 'token', user: 'relay@example.org', tokens } as const
  const profile = profileWith({ tls: contexts, credentials })
  const target = loopbackTarget(peer.port, { tls: tlsPolicies.verify, profile })
  const result = await openTarget(createSmtpTransport(transportSettings(), { clock: systemClock }), target)
  opened.push(result)
  const lines = peer.commands.map(({ line }) => line)
  const auths = lines.slice(lines.findLastIndex((line) => line.startsWith('EHLO')) + 1)
  return { result, auths }
}

describe('a token', () => {
  it.each([
    ['OAUTHBEARER', ['PLAIN', 'XOAUTH2', 'OAUTHBEARER']],
    ['XOAUTH2', ['PLAIN', 'XOAUTH2']],
  ] as const)('is given by %s', async (mechanism, offered) => {
    const tokens = source(['good'])
    const { result, auths } = await open(offered, tokens)
    expect(result.kind).toBe('open')
    expect(auths.map((line) => line.split(' ').slice(0, 2).join(' '))).toEqual([`AUTH ${mechanism}`])
    expect(tokens.notes).toEqual([null])
  })

  it.each(['OAUTHBEARER', 'XOAUTH2'] as const)('that is refused is replaced once, with %s', async (mechanism) => {
    const tokens = source(['revoked', 'good'])
    const { result, auths } = await open([mechanism], tokens)
    expect(result.kind).toBe('open')
    const answer = mechanism === 'XOAUTH2' ? '' : 'AQ=='
    expect(auths).toEqual([expect.stringContaining('AUTH'), answer, expect.stringContaining('AUTH')])
    expect(tokens.notes).toEqual([null])
  })

  it('that is refused twice defers the mail with the reply of the server', async () => {
    const tokens = source(['revoked', 'also revoked', 'good'])
    const { result, auths } = await open(['XOAUTH2'], tokens)
    if (result.kind !== 'closed') throw new Error('the login was accepted')
    expect(auths.filter((line) => line.startsWith('AUTH'))).toHaveLength(2)
    const facts = { host: null, tls: null, dsnPassedOn: false, lmtp: false, recipients: 1 }
    expect(outcomeOf(result.error, facts)).toMatchObject({ kind: 'deferred', scope: 'site', status: '4.7.8' })
    expect(tokens.notes).toEqual(['535 5.7.8 wrong'])
  })

  it('that is unavailable defers the mail and says why', async () => {
    const { result, auths } = await open(['XOAUTH2'], source([]))
    if (result.kind !== 'closed') throw new Error('the login was accepted')
    expect(auths.filter((line) => line.startsWith('AUTH'))).toEqual([])
    const facts = { host: null, tls: null, dsnPassedOn: false, lmtp: false, recipients: 1 }
    const outcome = outcomeOf(result.error, facts)
    expect(outcome).toMatchObject({ kind: 'deferred', status: '4.7.0' })
    expect(JSON.stringify(outcome)).toContain('invalid_grant: revoked')
  })

  it('with more than a command line holds follows an empty challenge', async () => {
    const long = 'x'.repeat(2000)
    const { result, auths } = await open(['XOAUTH2'], source([long]), long)
    expect(result.kind).toBe('open')
    expect(auths).toEqual(['AUTH XOAUTH2', expect.stringMatching(/^[A-Za-z0-9+/=]{2000,}$/)])
  })

  it('is not sent if no mechanism for tokens is offered', async () => {
    const { result } = await open(['PLAIN'], source(['good']))
    expect(result).toMatchObject({ kind: 'closed', error: { kind: 'unsupported', scope: 'site', status: '4.7.4' } })
  })
})
