// Turns the result of the virus scanner into a finding. A virus is refused from every origin. A message that was not scanned is accepted only
// where the configuration says so, and with a mark.

import type { VirusFinding, VirusScanner } from '../../filter/virus-scan.ts'
import { buildResults } from '../../message/results-field.ts'
import { isAuthenticated } from '../../smtp/origin.ts'
import { refusal } from '../../smtp/reply.ts'
import type { Check, Finding, Mail } from '../check.ts'
import { accept, refuse } from '../verdict.ts'
import { type AcceptableVirusFinding, virusResult } from '../virus-result.ts'

export interface VirusSettings {
  readonly scanner: VirusScanner
  readonly authservId: string
  /** Without a server: accept the message unscanned, or defer it. */
  readonly whenDown: 'accept' | 'defer'
}

/**
 * Scans the mail of every client except peers: the peer that received a message from outside scans it. The time-outs of the scanner end each
 * scan, and `whenDown` decides what they mean: the check needs no shorter deadline.
 */
export function virusCheck(settings: VirusSettings): Check {
  return {
    name: 'virus',
    message: (mail) => {
      const { session, origin } = mail
      if (session === null || origin.kind === 'peer') return { verdict: accept }
      return scan(settings, mail, session.remoteIp)
    },
  }
}

async function scan(settings: VirusSettings, mail: Mail, remoteIp: string): Promise<Finding> {
  const { origin, content } = mail
  // A user and a machine can have the same name.
  const account = isAuthenticated(origin) ? `${origin.kind}:${origin.identity}` : null
  return judge(settings, mail, await settings.scanner.scan({ remoteIp, account, content }))
}

function judge(settings: VirusSettings, mail: Mail, found: VirusFinding): Finding {
  switch (found.kind) {
    case 'infected': {
      // The name is not in the reply: the author of a virus could use it to find a variant that passes.
      const cause = `virus ${found.name}, found by ${found.server}`
      return {
        verdict: refuse(refusal(550, '5.7.1', 'The message contains a virus or other harmful content', cause)),
      }
    }
    case 'busy':
      return {
        verdict: refuse(refusal(451, '4.3.2', 'Too busy to scan the message, please try again later', found.cause)),
      }
    case 'unavailable':
      if (settings.whenDown === 'accept') return acceptedFinding(settings, mail, found)
      return {
        verdict: refuse(
          refusal(451, '4.3.0', 'The virus scanner does not answer, please try again later', found.cause),
        ),
      }
    case 'clean':
    case 'unscanned':
      return acceptedFinding(settings, mail, found)
  }
}

/** Mail from the internet has the result for the next node. Mail of users and machines leaves the fleet, where the result has no meaning. */
function acceptedFinding({ authservId }: VirusSettings, mail: Mail, found: AcceptableVirusFinding): Finding {
  const { at, queueId, origin } = mail
  const detail = found.kind === 'clean' ? found.server : found.cause
  return {
    verdict: accept,
    ...(origin.kind === 'internet' && { results: buildResults(authservId, [virusResult(found)]) }),
    events: [{ kind: 'checked', at, queueId, check: 'virus', result: found.kind, detail }],
  }
}
