// What SPF, DKIM and DMARC say about a message, as evidence. A temporary error speaks neither for nor against it.

import type { Authentication } from '../../filter/authentication.ts'
import type { Evidence } from '../evidence.ts'
import { observedIf } from './observe.ts'

export function authenticationEvidence({ spf, dkim, dmarc }: Authentication): readonly Evidence[] {
  const isSigned = dkim.some(({ result }) => result === 'pass')
  const isUnknown = spf.result === 'temperror' || dkim.some(({ result }) => result === 'temperror')
  const fails = dmarc.result === 'fail'
  const author = dmarc.domain ?? ''
  return observedIf(
    ['SPF_FAIL', spf.result === 'fail', spf.domain ?? ''],
    ['SPF_SOFTFAIL', spf.result === 'softfail', spf.domain ?? ''],
    ['SPF_ERROR', spf.result === 'permerror', spf.domain ?? ''],
    ['DKIM_FAIL', dkim.length > 0 && !isSigned && !isUnknown],
    ['UNPROVEN', spf.result !== 'pass' && !isSigned && !isUnknown],
    ['DMARC_REJECT', fails && dmarc.policy === 'reject', author],
    ['DMARC_QUARANTINE', fails && dmarc.policy === 'quarantine', author],
    ['DMARC_FAIL', fails && dmarc.policy !== 'reject' && dmarc.policy !== 'quarantine', author],
    ['DMARC_PASS', dmarc.result === 'pass', author],
  )
}
