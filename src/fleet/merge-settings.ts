// Parts of a node.yaml put together. Maps are merged key by key; any other value replaces the earlier one.

import type { Settings } from './fleet-model.ts'

/** The later part wins. A null stays, so that it can remove a key of a part that comes before all of them. */
export function mergeSettings(...parts: readonly Settings[]): Settings {
  return parts.reduce<Settings>((earlier, later) => mergeTwo(earlier, later), {})
}

function mergeTwo(earlier: Settings, later: Settings): Settings {
  const merged: Record<string, unknown> = { ...earlier }
  for (const [key, value] of Object.entries(later)) {
    const former = merged[key]
    merged[key] = isMap(value) ? mergeTwo(isMap(former) ? former : {}, value) : value
  }
  return merged
}

/** Without the keys whose value is null. */
export function withoutNulls(settings: Settings): Settings {
  const kept = Object.entries(settings).filter(([, value]) => value !== null)
  return Object.fromEntries(kept.map(([key, value]) => [key, isMap(value) ? withoutNulls(value) : value]))
}

export function isMap(value: unknown): value is Settings {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
}
