// Config → the rules of the greylist.

import type { Config } from '../config/config.ts'
import type { GreylistConfig } from '../config/sections/greylist-section.ts'
import type { GreylistSettings } from '../policy/checks/greylist.ts'

/** Null where the role has no `greylist` check or the configuration no greylist. */
export function greylistSettings({ greylist, role }: Pick<Config, 'greylist' | 'role'>): GreylistSettings | null {
  if (!greylist || !role.checks.includes('greylist')) return null
  const { when, points, before_data: beforeData } = greylist
  return { rules: rulesOf(greylist), when, points, beforeData }
}

function rulesOf({ delay, window, allow_for: allowFor }: GreylistConfig): GreylistSettings['rules'] {
  return { delay, window, allowFor }
}
