// For `check`: an SRS domain within our organization. SPF passes for it, so its envelopes align with every author of ours (RFC 9989 4.4.2).

import type { Config } from '../config/config.ts'
import type { Problem } from '../config/problem.ts'

/** @param ours the mail and alias domains of the routing data */
export function srsWarnings(config: Config, ours: Iterable<string>): Problem[] {
  const { srs, domain, role, dmarc, at } = config
  if (!srs) return []
  const aligned = [domain, ...ours].find((one) => isWithin(srs.domain, one) || isWithin(one, srs.domain))
  if (aligned === undefined) return []
  const checksMail = role.checks.includes('authentication-results')
  return [
    ...(role.srs.rewrite
      ? [
          at(
            ['srs', 'domain'],
            `found ${srs.domain}, which shares its organization with ${aligned}; expected a domain outside: ` +
              'mail with an author of ours that DMARC does not prove is forwarded without SRS, or refused',
          ),
        ]
      : []),
    ...(checksMail && dmarc.own_domains === 'carry'
      ? [
          at(
            ['dmarc', 'own_domains'],
            `found carry with the SRS domain ${srs.domain}, which shares its organization with ${aligned}; ` +
              'expected refuse, or an SRS domain outside: forgeries of our domains are accepted, and cannot be forwarded with SRS',
          ),
        ]
      : []),
    ...(!checksMail && acceptsInternet(config)
      ? [
          at(
            ['role'],
            `found no check authentication-results with the SRS domain ${srs.domain}, which shares its organization with ${aligned}; ` +
              'expected that check, or an SRS domain outside: forgeries of our domains are accepted, and cannot be forwarded with SRS',
          ),
        ]
      : []),
  ]
}

function acceptsInternet({ listeners }: Config): boolean {
  return listeners.some(({ admit }) => admit.includes('internet'))
}

function isWithin(domain: string, parent: string): boolean {
  return domain === parent || domain.endsWith(`.${parent}`)
}
