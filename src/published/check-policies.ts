// The MTA-STS policies as their web servers serve them, against the fleet file. What differs there does not show in the DNS: senders follow the
// text, and ask for it again only when the record has another id.

import { domainToUnicode } from 'node:url'
import type { Fleet, FleetDomain } from '../fleet/fleet-model.ts'
import type { FetchedPolicy, FetchPolicy } from '../mta-sts/fetch-policy.ts'
import { matchesMx, type StsPolicy, stsPolicyId } from '../mta-sts/sts-policy.ts'
import type { DnsFinding } from './findings.ts'
import { mtaStsPolicy } from './mta-sts-policy.ts'

export async function checkPolicies(fleet: Fleet, fetch: FetchPolicy): Promise<readonly DnsFinding[]> {
  const found = await Promise.all(
    fleet.domains.map(async (domain) => {
      const planned = mtaStsPolicy(domain)
      if (planned === null || domain.mx.length === 0) return []
      return judge(domain, planned, await fetch(domain.name))
    }),
  )
  return found.flat()
}

function judge(domain: FleetDomain, planned: StsPolicy, fetched: FetchedPolicy): readonly DnsFinding[] {
  const subject = `mta-sts.${domain.name}`
  const isEnforced = planned.mode === 'enforce'
  const finding = (
    kind: string,
    severity: DnsFinding['severity'],
    text: { readonly problem: string; readonly breaks: string | null; readonly advice: string | null },
  ): DnsFinding => ({ id: `${kind} ${subject}`, severity, subject, ...text })
  if (fetched.kind === 'busy')
    return [
      {
        ...finding('policy-unknown', 'warning', { problem: fetched.cause, breaks: null, advice: null }),
        isUnknown: true,
      },
    ]
  if (fetched.kind === 'failed')
    return [
      finding('policy-missing', isEnforced ? 'error' : 'warning', {
        problem: `no policy is served: ${fetched.cause}`,
        breaks: 'new senders deliver as if there were no policy, and the others when theirs has ended',
        advice:
          fetched.failure === 'sts-webpki-invalid'
            ? `Get a certificate of a public authority for ${subject}`
            : 'Serve the text that waypost dns records prints',
      }),
    ]
  const { policy: served } = fetched
  const closed = domain.mx.map(({ hostname }) => hostname).filter((host) => !matchesMx(served, host))
  const differences = differencesOf(planned, served)
  return [
    ...(closed.length > 0 && served.mode !== 'none'
      ? [
          finding('policy-mx', served.mode === 'enforce' ? 'error' : 'warning', {
            problem: `the policy that is served does not name ${closed.map((host) => domainToUnicode(host)).join(', ')}`,
            breaks:
              served.mode === 'enforce'
                ? 'senders with MTA-STS do not deliver to this host'
                : 'senders with MTA-STS report it as a failure',
            advice: 'Serve the text that waypost dns records prints',
          }),
        ]
      : []),
    ...(differences.length > 0
      ? [
          finding('policy-differs', 'warning', {
            problem: `the policy that is served has ${differences.join('; ')}, which is the id ${stsPolicyId(served)}, not ${stsPolicyId(planned)}`,
            breaks: 'senders follow the policy that is served, and do not notice its change by the id in the DNS',
            advice: 'Serve the text that waypost dns records prints, then publish the records',
          }),
        ]
      : []),
  ]
}

function differencesOf(planned: StsPolicy, served: StsPolicy): readonly string[] {
  const list = ({ mx }: StsPolicy) => mx.toSorted().join(', ')
  return [
    ...(served.mode === planned.mode ? [] : [`mode ${served.mode}, expected ${planned.mode}`]),
    ...(list(served) === list(planned) ? [] : [`mx ${list(served) || 'none'}, expected ${list(planned)}`]),
    ...(served.maxAge === planned.maxAge ? [] : [`max_age ${served.maxAge}, expected ${planned.maxAge}`]),
  ]
}
