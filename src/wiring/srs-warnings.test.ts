import { expect, test } from 'vitest'
import type { Config } from '../config/config.ts'
import { srsWarnings } from './srs-warnings.ts'

interface Changes {
  readonly srsDomain?: string
  readonly rewrite?: boolean
  readonly checks?: readonly string[]
  readonly own?: 'refuse' | 'carry'
  readonly admit?: readonly string[]
}

function warnings(changes: Changes = {}, ours: readonly string[] = ['example.com']): string[] {
  const {
    srsDomain = 'srs.example.org',
    rewrite = false,
    checks = ['authentication-results'],
    own = 'refuse',
  } = changes
  const config = {
    at: (path: readonly string[], finding: string) => ({ message: `${path.join('.')}: ${finding}` }),
    domain: 'example.org',
    srs: { domain: srsDomain },
    role: { srs: { rewrite }, checks },
    dmarc: { own_domains: own },
    listeners: [{ admit: changes.admit ?? ['peers'] }],
  } as unknown as Config
  return srsWarnings(config, ours).map((one) => one.message)
}

test.each(['srs.example.org', 'example.org', 'x.srs.example.com'])(
  '%s within our domains is warned of',
  (srsDomain) => {
    expect(warnings({ srsDomain, rewrite: true })).toEqual([
      expect.stringMatching(new RegExp(`^srs.domain: found ${srsDomain}, .*expected a domain outside`)),
    ])
  },
)

test('a domain of ours within the SRS domain shares its organization too', () => {
  expect(warnings({ srsDomain: 'forwards.example', rewrite: true }, ['mail.forwards.example'])).toHaveLength(1)
})

test('an SRS domain outside, or no SRS, is not', () => {
  expect(warnings({ srsDomain: 'forwards.example', rewrite: true, own: 'carry' })).toEqual([])
  expect(warnings({ srsDomain: 'notexample.org', rewrite: true })).toEqual([])
  expect(srsWarnings({ srs: null } as unknown as Config, [])).toEqual([])
})

test('an mx that carries forgeries of our domains, or does not check them, is warned of', () => {
  expect(warnings()).toEqual([])
  expect(warnings({ own: 'carry' })).toEqual([expect.stringMatching(/^dmarc.own_domains: found carry/)])
  expect(warnings({ checks: [], admit: ['internet'] })).toEqual([expect.stringMatching(/^role: found no check auth/)])
})
