// What no schema can say about `queue`: times that have to fit each other.

import { formatDuration } from '../lib/duration.ts'
import type { Config } from './config.ts'
import type { Report } from './problem.ts'

/** Over values that are right by themselves. */
export function checkQueue({ queue }: Pick<Config, 'queue'>, report: Report): void {
  const atMost = (key: 'minimal_backoff' | 'delay_warning', other: 'maximal_backoff' | 'lifetime', why: string) => {
    const found = queue[key]
    if (found === undefined || found <= queue[other]) return
    report(
      ['queue', key],
      `queue.${key}: found ${formatDuration(found)}, expected at most queue.${other} (${formatDuration(queue[other])}): ${why}`,
    )
  }
  atMost('minimal_backoff', 'maximal_backoff', 'gaps grow from the one to the other')
  atMost('delay_warning', 'lifetime', 'later nothing is late any more, but returned')
}
