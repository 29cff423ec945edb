// A provider accepts connections and does not answer in time, so the mail for it waits at the srs node.

import { deferredAt } from '../deferred-at.ts'
import { hostAddresses } from '../demo-addresses.ts'
import { ARRIVAL_TIMEOUT_MS } from '../environment.ts'
import { until } from '../until.ts'
import type { Break } from './break.ts'

const CALL = 'called-inbox.example.net'
const people = ['ada', 'carla', 'gina', 'nia', 'taro'] as const
/** The host answers, but late; ms. */
const SLOW_MS = 1500

export const queueGrows: Break = {
  kind: 'queue-grows',
  about: 'a provider is overloaded, and the mail for it waits',
  page: 'docs/how-to/when-the-queue-grows.md',
  run: async ({ fleet, post, startHost, hasCalled }) => {
    await startHost({
      name: 'mx.post.example.edu',
      address: hostAddresses.failing,
      refusal: {
        at: 'mail',
        code: 451,
        lines: () => ['4.3.2 mx.post.example.edu is overloaded, please try again later'],
        afterMs: SLOW_MS,
        isOver: () => hasCalled(CALL),
      },
    })
    for (const name of people)
      await post.fromAnn({ to: `${name}@example.org`, mailbox: `${name}@inbox.example.net`, subject: 'Minutes' })
    await until(async () => (await deferredAt(fleet, 'srs')) >= people.length, ARRIVAL_TIMEOUT_MS)
    // The mail of others is not delayed.
    await post.fromAnn({ to: 'kim@example.org', mailbox: 'kim@home.example.net', subject: 'Minutes' })
    return {
      report: ['Ada and Carla write: since this morning we get no mail. Kim has her mail as usual.'],
      commands: [`queue stats -c ${fleet.configOf('srs')}`, `queue list -c ${fleet.configOf('srs')} --older-than 1s`],
      look: () => post.missing(),
    }
  },
}
