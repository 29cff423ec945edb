// SPF, DKIM, DMARC and ARC of mail from the internet, written down in an Authentication-Results field (RFC 8601).
// A peer of ours is not checked again: his client proved who he is, which the same field says as auth=pass.

import type { Authentication, Authenticator } from '../../filter/authentication.ts'
import { buildResults } from '../../message/results-field.ts'
import type { CheckedEvent } from '../../observe/events.ts'
import { refusal } from '../../smtp/reply.ts'
import type { ContentCheck, Finding, Mail } from '../check.ts'
import { dmarcSpeaksFor } from '../sender-proof.ts'
import { accept, refuse } from '../verdict.ts'
import type { Verdict } from '../verdict.ts'

export interface VerifySettings {
  readonly authenticator: Authenticator
  readonly authservId: string
  /** Refuse what fails a DMARC policy of reject, and what names several authors so that none applies; otherwise the finding is only written down. */
  readonly rejectByPolicy: boolean
}

export function checkVerify(settings: VerifySettings): ContentCheck {
  return async (mail) => {
    if (mail.origin.kind !== 'internet') return vouchedFor(settings, mail)
    const findings = await settings.authenticator.authenticate({
      remoteIp: mail.session?.remoteIp ?? '',
      helo: mail.session?.helo ?? '',
      sender: mail.sender,
      content: mail.content,
      authservId: settings.authservId,
      now: mail.at,
    })
    return {
      verdict: settings.rejectByPolicy ? byPolicy(findings) : accept,
      senderProven:
        findings.spf.result === 'pass' ||
        (findings.dmarc.result === 'pass' && dmarcSpeaksFor(mail.sender, findings.dmarc.domain)),
      results: findings.results,
      events: describeFindings(mail, findings),
    }
  }
}

function vouchedFor(settings: VerifySettings, mail: Mail): Finding {
  const origin = mail.origin.kind === 'peer' ? ({ ...mail.origin, vouched: 'authenticated' } as const) : mail.origin
  const properties = mail.sender === null ? [] : [{ name: 'smtp.mailfrom', value: mail.sender }]
  const results = buildResults(settings.authservId, [{ method: 'auth', result: 'pass', properties }])
  return { verdict: accept, origin, senderProven: true, results }
}

function byPolicy(findings: Authentication): Verdict {
  const { dmarc } = findings
  if (dmarc.severalAuthors)
    return refuse(
      refusal(550, '5.7.1', 'The From: field names several authors of whom none can be proven (RFC 9989 11.5)'),
    )
  if (dmarc.result !== 'fail' || dmarc.policy !== 'reject') return accept
  return refuse(
    refusal(550, '5.7.26', `Rejected by the DMARC policy of ${dmarc.domain}`, `dmarc=fail p=reject ${dmarc.domain}`),
  )
}

function describeFindings(mail: Mail, findings: Authentication): CheckedEvent[] {
  const event = (check: string, result: string, detail: string): CheckedEvent => ({
    kind: 'checked',
    at: mail.at,
    queueId: mail.queueId,
    check,
    result,
    detail,
  })
  const { spf, dkim, dmarc, arc } = findings
  return [
    event('spf', spf.result, spf.domain ?? ''),
    ...(dkim.length === 0
      ? [event('dkim', 'none', '')]
      : dkim.map((one) =>
          event('dkim', one.result, `${one.domain} (${one.selector})${one.comment ? `: ${one.comment}` : ''}`),
        )),
    event('dmarc', dmarc.result, dmarc.domain ? `${dmarc.domain}, policy ${dmarc.policy ?? 'none published'}` : ''),
    ...(arc.result === 'none' ? [] : [event('arc', arc.result, '')]),
  ]
}
