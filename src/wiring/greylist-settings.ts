// Config → the rules of the greylist.

import type { Config } from '../config/config.ts'
import type { GreylistConfig } from '../config/sections/greylist-section.ts'
import type { GreylistSettings } from '../policy/checks/greylist.ts'

/** Null where the role has no `greylist` check or the configuration no greylist. */
export function greylistSettings({
  greylist,
  role,
  privacy,
}: Pick<Config, 'greylist' | 'role' | 'privacy'>): GreylistSettings | null {
  if (!greylist || !role.checks.includes('greylist')) return null
  const { when, points, before_data: beforeData } = greylist
  return { rules: rulesOf(greylist, Math.min(privacy.forget.addresses, privacy.forget.ips)), when, points, beforeData }
}

/** @param keepMs an entry has an address and a network, and is forgotten after the shorter of both times */
function rulesOf({ delay, window, allow_for: allowFor }: GreylistConfig, keepMs: number): GreylistSettings['rules'] {
  return { delay, window: Math.min(window, keepMs), allowFor: Math.min(allowFor, keepMs) }
}
