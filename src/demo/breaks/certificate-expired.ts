// The certificate of the submission node expires while the node runs. Mail programs refuse to send.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../lib/clock.ts'
import { nodeAddresses } from '../demo-addresses.ts'
import { ARRIVAL_TIMEOUT_MS } from '../environment.ts'
import { hostOf } from '../fleet.ts'
import { reloadNode } from '../reload-node.ts'
import { until } from '../until.ts'
import type { Break } from './break.ts'

/** Time that the last certificate is valid: enough for the reload on a loaded machine, ms. */
const VALID_MS = 3000
const DAY_MS = 86_400_000

export const certificateExpired: Break = {
  kind: 'certificate-expired',
  about: 'the certificate of the submission node has expired',
  page: 'docs/how-to/when-a-certificate-has-expired.md',
  // The operator issues certificates with the authority of the fleet.
  prepare: ({ fleet }) => writeFileSync(join(fleet.folder, 'ca.key'), fleet.authority.key, { mode: 0o600 }),
  run: async ({ fleet, post }) => {
    const keyFile = join(fleet.folder, 'submission.key')
    const issued = fleet.authority.issue({
      names: [hostOf('submission')],
      ips: [nodeAddresses.submission],
      key: readFileSync(keyFile, 'utf8'),
      days: VALID_MS / DAY_MS,
    })
    const end = systemClock.now() + VALID_MS
    writeFileSync(join(fleet.folder, 'submission.pem'), issued.certificate)
    await reloadNode(fleet, 'submission')
    // notAfter has whole seconds.
    await until(() => systemClock.now() > end + 1000, ARRIVAL_TIMEOUT_MS)
    await post.fromLee({ to: 'friend@home.example.net', subject: 'From the train' })
    return {
      report: ['Lee writes: my mail program says that the certificate of the server has expired. I cannot send.'],
      commands: [`status -c ${fleet.configOf('submission')}`, `certificates list -c ${fleet.configOf('submission')}`],
      look: () => post.missing(),
    }
  },
}
