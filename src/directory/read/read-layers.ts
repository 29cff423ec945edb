// Reads layers of mail data (a hierarchy's answer, or one file) into the snapshot builder, section by section.

import type { Located } from '../located.ts'
import { describeLocated } from '../located.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'
import { readingOrder } from './mail-keys.ts'
import type { Section } from './mail-keys.ts'
import {
  readAliasRecords,
  readCatchAll,
  readDomainAliases,
  readGenericDomains,
  readHostAliases,
  readTargetMap,
} from './read-aliases.ts'
import { readAliasDomains, readDomains } from './read-domains.ts'
import { readCertificates, readSendAs, readTexts, readTransports, readUsers } from './read-entries.ts'
import { readForwardPolicies } from './read-forward-policies.ts'
import { readOwnList } from './read-own-lists.ts'
import { readRewrites } from './read-rewrites.ts'
import { readTransportTables } from './read-tables.ts'
import { readVerifiable } from './read-verifiable.ts'

/** The data of one source, by section. */
export interface MailLayer {
  readonly values: readonly { readonly section: Section; readonly value: Located }[]
  /** True for a hierarchy: an entry of a lower level is hidden, not a duplicate. */
  readonly overriding: boolean
}

type Reader = (builder: SnapshotBuilder, value: Located) => void

const readers: Readonly<Record<Section, Reader>> = {
  domains: readDomains,
  generic_domains: readGenericDomains,
  alias_domains: readAliasDomains,
  users: readUsers,
  aliases: (builder, value) => readTargetMap(builder, 'alias', value),
  alias_records: readAliasRecords,
  domain_aliases: readDomainAliases,
  forwards: (builder, value) => readTargetMap(builder, 'forward', value),
  host_aliases: readHostAliases,
  transports: readTransports,
  transport_tables: readTransportTables,
  catch_all: readCatchAll,
  rewrites: readRewrites,
  send_as: readSendAs,
  discards: (builder, value) => readTexts(builder, 'discard', value),
  refusals: (builder, value) => readTexts(builder, 'refusal', value),
  recipient_bcc: (builder, value) => readTargetMap(builder, 'copies', value),
  forward_policies: readForwardPolicies,
  allow: (builder, value) => readOwnList(builder, 'allow', value),
  block: (builder, value) => readOwnList(builder, 'block', value),
  certificates: readCertificates,
  assertions: readAssertions,
  verify_domains: (builder, value) => readVerifiable(builder, true, value),
  unverifiable_domains: (builder, value) => readVerifiable(builder, false, value),
}

/** Assertions of all files are concatenated; route/assertions/ reads them. */
function readAssertions(builder: SnapshotBuilder, value: Located): void {
  const known = builder.assertions
  if (known?.kind !== 'list') builder.assertions = value
  else if (value.kind === 'list') builder.assertions = { ...known, items: [...known.items, ...value.items] }
  else builder.problems.error(value.place, `expected a list of assertions, found ${describeLocated(value)}`)
}

function isNothing(value: Located): boolean {
  return value.kind === 'scalar' && value.value === null
}

/** Sections that add domains: read from all layers first, so that the order of files does not matter. */
const domainSections: readonly Section[] = [
  'domains',
  'generic_domains',
  'alias_domains',
  'domain_aliases',
  'transports',
  'transport_tables',
  'host_aliases',
]

/** Reads all layers. */
export function readLayers(builder: SnapshotBuilder, layers: readonly MailLayer[]): void {
  const first = readingOrder.filter((section) => domainSections.includes(section))
  const rest = readingOrder.filter((section) => !domainSections.includes(section))
  for (const section of [...first, ...rest]) {
    for (const layer of layers) {
      builder.overriding = layer.overriding
      // A section without entries is a key with the value null.
      const said = layer.values.filter((each) => each.section === section && !isNothing(each.value))
      for (const each of said) readers[section](builder, each.value)
    }
  }
}
