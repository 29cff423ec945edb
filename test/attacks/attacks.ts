// All attacks, in the order of the table.

import type { Attack } from './attack.ts'
import { bannedGuessers } from './banned-guessers.ts'
import { chunks } from './chunks.ts'
import { commandFlood } from './command-flood.ts'
import { copies } from './copies.ts'
import { deliverySlots } from './delivery-slots.ts'
import { dnsPlaces } from './dns-places.ts'
import { drippedBodies } from './dripped-bodies.ts'
import { droppedMessages } from './dropped-messages.ts'
import { greylistEntries } from './greylist-entries.ts'
import { harvesting } from './harvesting.ts'
import { listenerPlaces } from './listener-places.ts'
import { pageFlood } from './page-flood.ts'
import { passwordGuesses } from './password-guesses.ts'
import { policyServers } from './policy-servers.ts'
import { proxyHeaders } from './proxy-headers.ts'
import { reportBombs } from './report-bombs.ts'
import { silentLists } from './silent-lists.ts'
import { srsPlaces } from './srs-places.ts'
import { srsRelay } from './srs-relay.ts'
import { srsTokens } from './srs-tokens.ts'
import { stateBacklog } from './state-backlog.ts'
import { transferListener } from './transfer-listener.ts'
import { unfinishedBodies } from './unfinished-bodies.ts'
import { unfinishedHeaders } from './unfinished-headers.ts'
import { verificationAttack } from './verification.ts'
import { virusScans } from './virus-scans.ts'

export const attacks: readonly Attack[] = [
  commandFlood,
  unfinishedBodies,
  unfinishedHeaders,
  copies,
  passwordGuesses,
  bannedGuessers,
  verificationAttack,
  drippedBodies,
  deliverySlots,
  srsRelay,
  dnsPlaces,
  transferListener,
  srsTokens,
  listenerPlaces,
  srsPlaces,
  virusScans,
  silentLists,
  harvesting,
  chunks,
  proxyHeaders,
  greylistEntries,
  droppedMessages,
  policyServers,
  reportBombs,
  pageFlood,
  stateBacklog,
]
