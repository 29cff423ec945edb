// Config → the virus scanner of a node.

import type { Config } from '../config/config.ts'
import type { ClamdSettings } from '../filter/clamd.ts'

export interface VirusScannerSettings {
  readonly clamd: ClamdSettings
  readonly whenDown: 'accept' | 'defer'
}

/** Null where the role has no `virus` check or the configuration no clamav. */
export function virusScannerSettings({ clamav, role }: Config): VirusScannerSettings | null {
  if (!clamav || !role.checks.includes('virus')) return null
  const { servers, timeout: timeoutMs, max_size: maxSize, when_down: whenDown } = clamav
  return { clamd: { servers, timeoutMs, maxSize }, whenDown }
}
