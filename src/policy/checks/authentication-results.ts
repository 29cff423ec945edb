// Checks SPF, DKIM, DMARC and ARC of mail from the internet and records the results in an Authentication-Results field (RFC 8601).
// Mail from a fleet node is not checked again: that node authenticated its client, which the field records as auth=pass.

import type { Authentication, Authenticator } from '../../filter/authentication.ts'
import { buildResults } from '../../message/results-field.ts'
import type { CheckedEvent } from '../../observe/events.ts'
import { domainOf } from '../../smtp/mailbox.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, Finding, Mail } from '../check.ts'
import { accept, refuse, type Verdict } from '../verdict.ts'
import { authenticationEvidence } from '../score/authentication-evidence.ts'
import { judgeAuthors } from './author-policy.ts'
import type { AuthorPolicy } from './author-policy.ts'

export interface AuthenticationResultsSettings {
  readonly authenticator: Authenticator
  readonly authservId: string
  readonly policy: AuthorPolicy
  /** Called for each message that was verified, and whether its author is refused; absent if nothing gathers results. */
  readonly noted?: NoteResult
}

export type NoteResult = (mail: Mail, found: Authentication, isRejected: boolean) => void

export function authenticationResultsCheck(settings: AuthenticationResultsSettings): Check {
  return {
    name: 'authentication-results',
    rcpt: ({ origin }) => {
      // Once for each recipient, and not sooner: most clients that are no mail servers have none.
      if (origin.kind === 'internet') settings.authenticator.prepare?.()
      return { verdict: accept }
    },
    message: (mail) => (mail.origin.kind === 'internet' ? authenticate(settings, mail) : vouchedFor(settings, mail)),
  }
}

async function authenticate(settings: AuthenticationResultsSettings, mail: Mail): Promise<Finding> {
  const { sender, content, at, session } = mail
  const { authservId, authenticator, policy } = settings
  const { remoteIp = '', helo = null } = session ?? {}
  const { closed } = session ?? {}
  const client = { remoteIp, helo: helo ?? '', ...(closed && { closed }) }
  const found = await authenticator.authenticate({ ...client, sender, content, authservId, now: at })
  const { verdict, notes } = judgeAuthors(policy, found, mail)
  const { queueId } = mail
  if (found.shortage === undefined) settings.noted?.(mail, found, verdict.kind === 'reject')
  const noted = notes.map((note): CheckedEvent => ({ kind: 'checked', at, queueId, ...note }))
  return {
    verdict: found.shortage === undefined ? verdict : busy(found.shortage),
    senderProven:
      found.spf.result === 'pass' || (found.dmarc.result === 'pass' && dmarcProvesSender(sender, found.dmarc.domain)),
    results: found.results,
    evidence: authenticationEvidence(found),
    authentication: found,
    events: [...describeFindings(mail, found), ...noted],
  }
}

function vouchedFor(settings: AuthenticationResultsSettings, mail: Mail): Finding {
  const origin = mail.origin.kind === 'peer' ? ({ ...mail.origin, vouched: 'authenticated' } as const) : mail.origin
  const properties = mail.sender === null ? [] : [{ name: 'smtp.mailfrom', value: mail.sender }]
  const results = buildResults(settings.authservId, [{ method: 'auth', result: 'pass', properties }])
  return { verdict: accept, origin, senderProven: true, results }
}

function busy(cause: string): Verdict {
  return refuse(refusal(451, '4.3.2', 'Too busy to check the message, please try again later', cause))
}

/**
 * DMARC proves the domain of From:, not the reverse-path: a pass proves senders of that domain and of its subdomains. Without this limit
 * DSNs would go to any address that a stranger names (backscatter).
 * @param authorDomain the domain of From:, or null if it is not known
 */
export function dmarcProvesSender(sender: string | null, authorDomain: string | null): boolean {
  if (sender === null || authorDomain === null) return false
  const domain = domainOf(sender)
  const author = authorDomain.toLowerCase()
  return domain === author || domain.endsWith(`.${author}`)
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
