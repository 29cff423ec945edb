// Config → the spam filter of a node, the controller that learns, and the scanner that its check asks: rspamd, the node's own score, or the
// one in place of the other.

import type { Config } from '../config/config.ts'
import type { RspamdSettings } from '../filter/rspamd.ts'
import type { ControllerSettings } from '../filter/rspamd-learn.ts'
import type { SpamScanner } from '../filter/spam-scan.ts'
import { withFallback } from '../policy/score/fallback-score.ts'
import { createOwnScore } from '../policy/score/own-score.ts'
import type { Router } from '../route/resolution.ts'

export interface SpamFilterSettings {
  readonly rspamd: RspamdSettings
  readonly whenDown: 'accept' | 'defer'
}

/** Null where the role has no `spam` check or the configuration no rspamd. */
export function spamFilterSettings({ rspamd, role, hostname }: Config): SpamFilterSettings | null {
  if (!rspamd || !role.checks.includes('spam')) return null
  const { urls, password, timeout: timeoutMs, own_results: ownResults, when_down: whenDown } = rspamd
  return { rspamd: { urls, password, timeoutMs, hostname, ownResults }, whenDown }
}

/** Null if the configuration names no controller. */
export function controllerSettings({ rspamd }: Config): ControllerSettings | null {
  return rspamd?.controller ? { ...rspamd.controller, timeoutMs: rspamd.timeout } : null
}

/**
 * Null where nothing judges mail.
 * @param filter asks rspamd; null without it
 */
export function spamScanner(
  { score, hostname, rspamd, role }: Config,
  filter: SpamScanner | null,
  router: Pick<Router, 'isOurs'>,
): SpamScanner | null {
  if (!score || !role.checks.includes('spam')) return filter
  const own = createOwnScore(score, { hostname, isOurs: (domain) => router.isOurs(domain) })
  if (!filter) return own
  // `defer` asks the client to wait for rspamd.
  return rspamd?.when_down === 'accept' ? withFallback(filter, own) : filter
}
