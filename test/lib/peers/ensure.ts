// Decides whether a test may use a peer. Elsewhere than on our own machines a missing peer skips tests, aloud; with CI=true it fails them.

import { spawnSync } from 'node:child_process'
import { type Peer, type PeerName, peers } from './catalogue.ts'

export interface PeerSurroundings {
  readonly isRoot: boolean
  readonly isCi: boolean
  /** Runs a probe; true if it succeeded. */
  readonly succeeds: (command: readonly [string, ...string[]]) => boolean
}

export const thisMachine: PeerSurroundings = {
  isRoot: process.getuid?.() === 0,
  isCi: process.env['CI'] === 'true',
  succeeds: ([file, ...args]) => spawnSync(file, args, { stdio: 'ignore' }).status === 0,
}

/** Why each of these peers cannot be used, as sentences; empty if all can. */
export function missingPeers(names: readonly PeerName[], on: PeerSurroundings = thisMachine): string[] {
  return names.flatMap((name) => {
    const peer: Peer = peers[name]
    if (!on.succeeds(peer.probe)) return [`${name} is not installed (Debian package ${peer.debian})`]
    return peer.needsRoot === true && !on.isRoot ? [`${name} runs only as root`] : []
  })
}

/**
 * For `describe.runIf(ensurePeers(['postfix']))`: true if all can be used. Otherwise says what is skipped, or throws where CI=true,
 * because there a skip would pass for a success.
 */
export function ensurePeers(names: readonly PeerName[], on: PeerSurroundings = thisMachine): boolean {
  const missing = missingPeers(names, on)
  if (missing.length === 0) return true
  if (on.isCi) throw new Error(`with CI=true no peer test may be skipped: ${missing.join('; ')}`)
  process.stderr.write(`skipped: ${missing.join('; ')}\n`)
  return false
}
