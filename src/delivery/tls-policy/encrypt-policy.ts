// `encrypt`: no mail without TLS; any certificate is accepted.

import { acceptAny } from './opportunistic-policy.ts'
import type { TlsPolicy } from './tls-policy.ts'

export const encryptPolicy: TlsPolicy = {
  name: 'encrypt',
  forHost: () => ({
    kind: 'use',
    requirement: { policy: 'encrypt', key: 'encrypt', startTls: 'always', context: 'opportunistic', judge: acceptAny },
  }),
}
