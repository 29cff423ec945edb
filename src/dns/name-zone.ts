// The zone to which a name counts. Only its name servers know where a zone ends; this is an estimate that keeps the names of one owner
// together and different owners apart.

/** Labels of the reverse names of an IPv4 /24 and of an IPv6 /48, the usual sizes of delegations (RFC 6177). */
const REVERSE_IPV4_LABELS = 5
const REVERSE_IPV6_LABELS = 14
/** Second-level names below a country's domain under which others register: co, com, org, ac, gov. Names of owners are seldom as short. */
const MAX_REGISTRY_LABEL = 3
const COUNTRY_LABEL = 2

/** @param name canonical (name.ts) */
export function zoneOf(name: string): string {
  const labels = name.split('.')
  const [top = '', second = ''] = labels.toReversed()
  if (top === 'arpa') return labels.slice(second === 'ip6' ? -REVERSE_IPV6_LABELS : -REVERSE_IPV4_LABELS).join('.')
  const isRegistry = top.length === COUNTRY_LABEL && second.length <= MAX_REGISTRY_LABEL
  return labels.slice(isRegistry ? -3 : -2).join('.')
}
