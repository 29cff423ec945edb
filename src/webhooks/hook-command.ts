// Passes a webhook to a command: JSON on its standard input, no shell. Exit code 0 is a success.

import type { Clock } from '../lib/clock.ts'
import { runCommand } from '../lib/run-command-line.ts'
import type { CommandTarget, SendHook } from './hook-target.ts'

export function createCommandRunner(clock: Pick<Clock, 'after'>): SendHook<CommandTarget> {
  return async ({ argv, timeoutMs }, body, signal) => {
    const cause = await runCommand({ argv, timeoutMs, input: body, signal }, clock)
    return cause === null ? { kind: 'delivered' } : { kind: 'failed', cause }
  }
}
