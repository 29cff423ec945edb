// Config → the checks of a node, in their order.

import type { Budgets } from '../budget/budgets.ts'
import type { Config } from '../config/config.ts'
import type { Resolver } from '../dns/resolver.ts'
import type { Authenticator } from '../filter/authentication.ts'
import type { DnsLists } from '../filter/dns-lists.ts'
import type { SpamScanner } from '../filter/spam-scan.ts'
import type { VirusScanner } from '../filter/virus-scan.ts'
import type { Clock } from '../lib/clock.ts'
import { fixedChecks } from '../policy/check-table.ts'
import type { FixedCheck, RoleCheckName } from '../policy/check-table.ts'
import type { Check } from '../policy/check.ts'
import { admissionCheck } from '../policy/checks/admission.ts'
import type { AdmissionSettings } from '../policy/checks/admission.ts'
import { authenticationResultsCheck, type NoteResult } from '../policy/checks/authentication-results.ts'
import { accountBrakeCheck, type BrakeSettings } from '../policy/checks/account-brake.ts'
import { accountLimitsCheck, type AccountLimitSettings } from '../policy/checks/account-limits.ts'
import { bansCheck, type BanCheckParts } from '../policy/checks/bans.ts'
import { bulkCheck } from '../policy/checks/bulk.ts'
import { authorCheck } from '../policy/checks/author.ts'
import { clientNameCheck } from '../policy/checks/client-name.ts'
import { dnsblCheck } from '../policy/checks/dnsbl.ts'
import { clientLimitsCheck } from '../policy/checks/client-limits.ts'
import { harvestThrottle } from '../policy/checks/harvest-throttle.ts'
import { greylistCheck } from '../policy/checks/greylist.ts'
import type { GreylistParts } from '../policy/checks/greylist.ts'
import { hopCountCheck } from '../policy/checks/hop-count.ts'
import { localNamesCheck } from '../policy/checks/local-names.ts'
import { ownListProof, ownListsCheck } from '../policy/checks/own-lists.ts'
import { outgoingSpamCheck } from '../policy/checks/outgoing-spam.ts'
import { peerResultsCheck } from '../policy/checks/peer-results.ts'
import { probeCheck } from '../policy/checks/probe.ts'
import { recipientCheck } from '../policy/checks/recipient.ts'
import { senderCheck } from '../policy/checks/sender.ts'
import { spamCheck } from '../policy/checks/spam.ts'
import { srsBounces } from '../policy/checks/srs-bounces.ts'
import { createBounceHosts, srsHashThrottle } from '../policy/checks/srs-hash-throttle.ts'
import { storageCheck } from '../policy/checks/storage.ts'
import { virusCheck } from '../policy/checks/virus.ts'
import { createDestinationBudget } from '../policy/destination-budget.ts'
import type { Queue } from '../queue/contract/queue.ts'
import type { OwnLists } from '../route/operator-lists.ts'
import { localNames } from './local-names-settings.ts'
import { verifiedWay } from './verified-way.ts'
import type { Router } from '../route/resolution.ts'
import type { Brake } from '../state/brake-contract.ts'
import type { Usage } from '../state/usage-contract.ts'

export interface RoleCheckParts {
  readonly router: Router
  /** Called only if the role checks authentication. */
  readonly authenticator: () => Authenticator
  /** Gathers what was verified, for DMARC reports; absent if none are sent. */
  readonly noteResult?: NoteResult | undefined
  /** Null where nothing judges mail; then the `spam` check does not run. */
  readonly spam: SpamScanner | null
  /** rspamd, for mail of users and machines; null if it is not asked about it. */
  readonly outgoingSpam: SpamScanner | null
  /** Null where no virus scanner is configured; then the `virus` check does not run. */
  readonly virus: VirusScanner | null
  /** Null where no lists are configured; then the `dnsbl` check does not run. */
  readonly lists: DnsLists | null
  /** The own lists of the current routing data. */
  readonly ownLists: () => OwnLists
  /** Null where the role has no `greylist` check. */
  readonly greylist: GreylistParts | null
  /** Whether a check is in test mode on a listener now. */
  readonly isTested: (check: string, listener: string) => boolean
}

export interface CheckParts extends RoleCheckParts {
  readonly resolver: Resolver
  readonly budgets: Budgets
  readonly queue: Pick<Queue, 'health'>
  readonly clock: Clock
  readonly bans: Pick<BanCheckParts, 'bans' | 'isKnown'>
  readonly usage: Usage
  readonly brake: Brake
  readonly brakeSettings: () => BrakeSettings
  readonly accountHeld: () => void
  /** Null without limits; a reload replaces them. */
  readonly accountLimits: () => AccountLimitSettings | null
}

/**
 * Builds the checks of a node once. The result adds the `admission` check of a listener; its listeners share all others.
 *
 * The order of checks is the same at every stage: `first`, then the checks of the role file in its order, then `last`. A role file cannot
 * remove these: without `admission` and `recipient` a node would be an open relay. `recipient` is last because its look-ups cost most and
 * because a client that another check refuses learns nothing about our addresses. `greylist` of the role file comes after it: an unknown
 * recipient needs no entry, and a message waits only if no other check refuses it.
 *
 * | place | check | stages |
 * |---|---|---|
 * | first | admission | connect, secured, mail |
 * | first | bans | connect |
 * | first | client-name | connect, secured |
 * | first | storage | mail |
 * | first | client-limits | connect, mail, rcpt |
 * | first | srs-bounces | message |
 * | role file | own-lists | rcpt, message |
 * | role file | own-lists (proof, behind authentication-results) | message |
 * | role file | spam (of users and machines) | message |
 * | role file | sender | mail, rcpt |
 * | role file | dnsbl | connect, secured, helo, mail, rcpt, message |
 * | role file | authentication-results | rcpt, message |
 * | role file | hop-count, local-names, peer-results, author, bulk, virus, spam | message |
 * | last | srs-hash-throttle | rcpt |
 * | last | harvest-throttle | rcpt, message |
 * | last | account-limits | mail, rcpt, message |
 * | last | recipient | rcpt |
 * | last | probe | message |
 * | last | account-brake | mail, message |
 * | last | greylist | rcpt, message |
 */
export function buildChecks(config: Config, parts: CheckParts): (admission: AdmissionSettings) => readonly Check[] {
  const hosts = createBounceHosts(parts.clock)
  const shared: Record<Exclude<FixedCheck, 'admission'>, Check> = {
    bans: bansCheck({ ...parts.bans, atConnect: config.bans.at_connect, clock: parts.clock }),
    'client-name': clientNameCheck(parts),
    storage: storageCheck(parts.queue),
    'client-limits': clientLimitsCheck(config.limits, parts.budgets),
    'harvest-throttle': harvestThrottle({
      unknown: parts.budgets.rate('unknownRecipients', { capacity: config.limits.unknown_recipients_per_ip }),
      known: parts.budgets.rate('knownRecipients'),
    }),
    'srs-bounces': srsBounces({
      addresses: parts.budgets.rate('srsBounces'),
      targets: parts.budgets.rate('srsTargets'),
      hosts,
    }),
    'srs-hash-throttle': srsHashThrottle({
      wrong: parts.budgets.rate('srsGuesses'),
      all: parts.budgets.rate('allSrsGuesses'),
      hosts,
    }),
    'account-limits': accountLimitsCheck(parts.accountLimits, parts),
    'account-brake': accountBrakeCheck(parts.brakeSettings, {
      brake: parts.brake,
      clock: parts.clock,
      held: parts.accountHeld,
      isTested: (listener) => parts.isTested('account-brake', listener),
    }),
    probe: probeCheck(config.probe?.secrets ?? null),
    recipient: recipientCheck({
      router: parts.router,
      internet: config.role.internet,
      keepsTls: verifiedWay(config),
      destinations: createDestinationBudget(parts.budgets),
    }),
  }
  const ofRole = roleChecks(config, parts)
  return (admission) => {
    const fixed: Record<FixedCheck, Check> = { ...shared, admission: admissionCheck(admission) }
    const last = [...fixedChecks.last.map((name) => fixed[name]), ...greylistOf(config, parts)]
    return [...fixedChecks.first.map((name) => fixed[name]), ...ofRole, ...last]
  }
}

/** The checks that need no running node: `waypost explain` runs these with the given origin. */
export function explainChecks(config: Config, parts: RoleCheckParts): readonly Check[] {
  const { router } = parts
  const recipient = recipientCheck({ router, internet: config.role.internet, destinations: null })
  return [srsBounces(null), ...roleChecks(config, parts), recipient, ...greylistOf(config, parts)]
}

function greylistOf({ role }: Config, { greylist }: RoleCheckParts): readonly Check[] {
  return greylist && role.checks.includes('greylist') ? [greylistCheck(greylist)] : []
}

/** The checks of the role file, in its order; `greylist` is not among them. A new check gets its line here. */
function roleChecks(config: Config, parts: RoleCheckParts): readonly Check[] {
  const { router, authenticator, noteResult, virus, lists, ownLists } = parts
  const { authserv_id: authservId, role, dmarc } = config
  const maySendAs: Router['maySendAs'] = (who, address) => router.maySendAs(who, address)
  const makers: Record<RoleCheckName, () => Check | null> = {
    'hop-count': () => hopCountCheck(role.max_hops),
    'authentication-results': () =>
      authenticationResultsCheck({
        authenticator: authenticator(),
        authservId,
        policy: {
          rejectByPolicy: dmarc.reject,
          ownDomains: {
            names: () => router.ownNames(),
            refuse: dmarc.own_domains === 'refuse',
            services: dmarc.outside_services,
          },
          refuseUnclear: dmarc.unclear_author === 'refuse',
        },
        ...(noteResult && { noted: noteResult }),
      }),
    'local-names': () => localNamesCheck(localNames(config)),
    'peer-results': () => peerResultsCheck(authservId),
    sender: () => senderCheck(maySendAs, (who, address) => router.recipientLimit(who, address)),
    author: () =>
      authorCheck({
        maySendAs,
        senderFields: config.identity.sender_fields,
        displayNames: config.identity.display_names,
      }),
    bulk: () => bulkCheck(),
    virus: () =>
      virus && config.clamav ? virusCheck({ scanner: virus, authservId, whenDown: config.clamav.when_down }) : null,
    'own-lists': () => ownListsCheck(ownLists),
    dnsbl: () => (lists ? dnsblCheck({ lists, refuseAt: config.dnsbl?.refuse_at ?? null }) : null),
    spam: () => buildSpamCheck(config, parts),
    greylist: () => null,
  }
  // The own lists come early, because they cost little; what proves a sender comes late.
  const proving = role.checks.includes('own-lists')
    ? Math.max(role.checks.indexOf('own-lists'), role.checks.indexOf('authentication-results'))
    : null
  return role.checks
    .flatMap((name, index) => [
      makers[name](),
      index === proving ? ownListProof(ownLists) : null,
      name === 'spam' ? buildOutgoingSpam(config, parts) : null,
    ])
    .filter((check) => check !== null)
}

function buildOutgoingSpam({ outgoing_spam: wanted, rspamd }: Config, { outgoingSpam: scanner }: RoleCheckParts) {
  return wanted && scanner ? outgoingSpamCheck({ scanner, ...wanted, whenDown: rspamd?.when_down ?? 'accept' }) : null
}

function buildSpamCheck(
  { authserv_id: authservId, rspamd }: Config,
  { spam: scanner, greylist, isTested }: RoleCheckParts,
): Check | null {
  if (!scanner) return null
  // A greylist in test mode defers nothing, so that of rspamd still does.
  const greylists = (listener: string) => (greylist?.settings() ?? null) !== null && !isTested('greylist', listener)
  return spamCheck({ scanner, authservId, whenDown: rspamd?.when_down ?? 'accept', greylists, origins: ['internet'] })
}
