// Whether a process has an OpenSSL configuration already. What the configuration does is in test/scenarios/session-tickets.test.ts.

import { expect, it } from 'vitest'
import { hasOpensslConfig } from './openssl-config.ts'

it.each([
  [false, [], {}],
  [false, ['--max-semi-space-size=8'], { NODE_OPTIONS: '--max-semi-space-size=8', OPENSSL_CONF: '' }],
  [true, ['--openssl-config=/opt/waypost/src/openssl.cnf'], {}],
  [true, [], { NODE_OPTIONS: '--max-semi-space-size=8 --openssl-config=/etc/fips.cnf' }],
  [true, [], { OPENSSL_CONF: '/etc/fips.cnf' }],
])('%s for options %j and environment %j', (expected, options, environment) => {
  expect(hasOpensslConfig({ options, environment })).toBe(expected)
})
