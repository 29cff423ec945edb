// Policies that never refuse a host: `none` does not use STARTTLS, `may` uses it where it works (RFC 7435).

import type { Judgement, TlsPolicy } from './tls-policy.ts'

/** A forged certificate is no worse than no TLS, so any certificate is accepted. */
export const acceptAny = (): Judgement => ({ kind: 'accepted', level: 'encrypted' })

export const nonePolicy: TlsPolicy = {
  name: 'none',
  forHost: () => ({
    kind: 'use',
    requirement: { policy: 'none', key: 'none', startTls: 'never', context: 'opportunistic', judge: acceptAny },
  }),
}

export const mayPolicy: TlsPolicy = {
  name: 'may',
  forHost: () => ({
    kind: 'use',
    requirement: { policy: 'may', key: 'may', startTls: 'if-offered', context: 'opportunistic', judge: acceptAny },
  }),
}
