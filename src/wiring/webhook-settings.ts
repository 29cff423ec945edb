// Config → the targets of webhooks.

import type { Config } from '../config/config.ts'
import type { HookTarget } from '../webhooks/hook-target.ts'

export function webhookTargets({ webhooks }: Pick<Config, 'webhooks'>): readonly HookTarget[] {
  return webhooks.map((one) => {
    const { name, events, timeout: timeoutMs } = one
    const base = { name, events, timeoutMs }
    if ('command' in one) return { kind: 'command', ...base, argv: one.command }
    return { kind: 'https', ...base, url: one.url, secret: one.secret, ca: one.ca }
  })
}
