// `dane-only`: no mail without TLS that a usable, secure TLSA record verifies (RFC 7672 section 6).

import { daneSource } from '../dane/dane-source.ts'
import type { HostDecision, TlsPolicy } from './tls-policy.ts'

export const daneOnlyPolicy: TlsPolicy = {
  name: 'dane-only',
  forHost: async (host, ports): Promise<HostDecision> => {
    const answer = await daneSource.ask(host, ports)
    const findings = [{ source: daneSource.name, text: answer.text }]
    if (answer.kind === 'avoid') return { ...answer, findings }
    if (answer.kind === 'use')
      return { kind: 'use', requirement: { ...answer.requirement, policy: 'dane-only' }, findings }
    const text = `No usable TLSA records of ${host.host}, which the TLS policy requires: ${answer.text}`
    return { kind: 'avoid', status: '4.7.5', text, failure: 'dane-required', findings }
  },
}
