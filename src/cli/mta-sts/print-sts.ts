// `waypost mta-sts print`: our policy as the HTTPS listener answers it, for a web server that exists already, and the records in the DNS.

import { stsPolicyId, stsPolicyLines } from '../../mta-sts/sts-policy.ts'
import { httpsHostOf } from '../../wiring/autoconfig-settings.ts'
import { ownStsPolicy } from '../../wiring/sts-settings.ts'
import { type Io, line, OK, USAGE } from '../io.ts'
import { withConfig } from '../with-config.ts'

export type StsFormat = 'policy' | 'records'

/** Prints to standard output. Returns the exit code. */
export function printSts(
  { format, config: file }: { readonly format: StsFormat; readonly config: string },
  io: Io,
): Promise<number> | number {
  return withConfig(file, io, async (config) => {
    const own = ownStsPolicy(config)
    if (!own) {
      line(io.stderr, `${file}: found no mta_sts, expected the policy of our domains`)
      return USAGE
    }
    if (format === 'policy') {
      for (const text of stsPolicyLines(own.policy)) line(io.stdout, text)
      return OK
    }
    const id = stsPolicyId(own.policy)
    for (const domain of own.domains) {
      line(io.stdout, `_mta-sts.${domain}. 3600 IN TXT "v=STSv1; id=${id};"`)
      line(io.stdout, `mta-sts.${domain}. 3600 IN CNAME ${httpsHostOf(config)}.`)
    }
    return OK
  })
}
