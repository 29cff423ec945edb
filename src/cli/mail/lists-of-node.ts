// The DNS lists of a configuration for a command: the test points are checked once, before the first question, as a node does at its start.

import { createBudgets } from '../../budget/budgets.ts'
import type { Config } from '../../config/config.ts'
import { openResolver } from '../../dns/open-resolver.ts'
import { createDnsLists, type AskedLists } from '../../filter/ask-lists.ts'
import type { DnsLists } from '../../filter/dns-lists.ts'
import { commandClock as clock } from '../../lib/clock.ts'
import { dnsListSettings } from '../../wiring/dns-list-settings.ts'
import { resolverSettings } from '../../wiring/node-settings.ts'

/** Null without lists. Nothing is asked before the first question. */
export function listsOfNode(config: Config): DnsLists | null {
  const settings = dnsListSettings(config)
  if (settings === null) return null
  const open = async (): Promise<AskedLists> => {
    const resolver = await openResolver(resolverSettings(config), { clock, budgets: createBudgets(clock) })
    const lists = createDnsLists(settings.lists, settings.timeoutMs, { resolver, clock })
    await lists.test()
    // No daily test keeps the command running.
    lists.close()
    return lists
  }
  let opened: Promise<AskedLists> | null = null
  return { ask: async (subject, client) => (await (opened ??= open())).ask(subject, client) }
}
