// The part of `waypost explain --message` about the rules of large providers, for mail of our users and machines that leaves for the
// internet.

import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import { lazyAuthenticator } from '../../filter/lazy-authenticator.ts'
import { commandClock, systemClock } from '../../lib/clock.ts'
import type { Content } from '../../message/content.ts'
import { readFields } from '../../message/header.ts'
import { longestLine } from '../../message/longest-line.ts'
import { authorDomain, lintMessage, type RuleFinding } from '../../message/sender-rules.ts'
import type { NodeData } from '../../node/load-data.ts'
import { isAuthenticated, type Origin } from '../../smtp/origin.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'
import { lintHost } from './sender-host.ts'

interface Sent {
  readonly config: Config
  readonly data: Pick<NodeData, 'signer'>
  readonly origin: Origin
  readonly from: string | null
  readonly content: Content
}

/** Null for mail that is not from a client of ours: what others send is judged by the checks. */
export async function explainSenderRules({ config, data, origin, from, content }: Sent, now: number) {
  if (!isAuthenticated(origin) && origin.kind !== 'local') return null
  const fields = readFields(content.header)
  const addsMissing = config.role.headers.add_missing
  const ofMessage = lintMessage({ fields, longestLine: await longestLine(content), addsMissing, now })
  const fromDomain = authorDomain(fields)
  if (fromDomain === null || config.role.internet === 'never') return ofMessage
  const resolver = await openResolver(resolverSettings(config), {
    clock: systemClock,
    budgets: createBudgets(systemClock),
  })
  const lint = {
    hostname: config.hostname,
    sender: from,
    fromDomain,
    content,
    now,
  }
  const ports = { resolver, authenticator: lazyAuthenticator(resolver), signer: data.signer, clock: commandClock }
  const ofHost: readonly RuleFinding[] = await lintHost(lint, ports)
  return [...ofMessage, ...ofHost]
}
