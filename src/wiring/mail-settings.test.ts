import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Config } from '../config/config.ts'
import { envelopeSettings } from './mail-settings.ts'

function envelopes(change: {
  readonly rewrite?: boolean
  readonly checks?: readonly string[]
  readonly admit?: string
}) {
  const config = {
    authserv_id: 'example.org',
    hostname: 'node-1.example.org',
    srs: { domain: 'forwards.example' },
    peers: { srs: [{ host: 'srs-1.example.org' }, { host: '192.0.2.1', name: 'srs-2.example.org' }, { host: '::1' }] },
    role: { srs: { rewrite: change.rewrite ?? false }, checks: change.checks ?? ['hop-count'] },
    listeners: [{ admit: [change.admit ?? 'peers'] }],
    delivery: {
      helo: { ipv6: 'six.example.org' },
      destinations: { 'far.example': { helo: { ipv4: 'four.example.org' } }, 'near.example': {} },
    },
  } as unknown as Config
  return envelopeSettings(config).envelopes
}

test('a node that carries mail of the internet chooses its envelopes, with every name that it uses in EHLO', () => {
  const heloNames = ['node-1.example.org', 'six.example.org', 'four.example.org']
  const forwarders = ['srs-1.example.org', 'srs-2.example.org']
  for (const change of [{ rewrite: true }, { checks: ['peer-results'] }, { admit: 'internet' }])
    expect(envelopes(change)).toEqual({
      authservId: 'example.org',
      heloNames,
      srsDomain: 'forwards.example',
      forwarders,
    })
})

test('a node that only relays for its peers or users does not', () => {
  expect(envelopes({})).toBeUndefined()
  expect(envelopes({ admit: 'users', checks: ['sender', 'author'] })).toBeUndefined()
})

test.each(['mx', 'srs'])('the role %s carries mail of the internet', (role) => {
  const { srs, checks, listeners } = parse(readFileSync(new URL(`../../roles/${role}.yaml`, import.meta.url), 'utf8'))
  const admit = listeners.smtp.admit.at(-1)
  expect(envelopes({ rewrite: srs.rewrite, checks, admit })).toBeDefined()
})
