// The receiving domains of test/peers/fleet-transport.test.ts: what each promises, and how it is attacked.

export const promises = ['dane', 'sts', 'both', 'mandatory', 'secure', 'keep', 'none'] as const
/** `keep`: DANE, and the messages have REQUIRETLS. `mandatory`, `secure`: the operator's. */
export type PromiseOfDomain = (typeof promises)[number]
export const signed: ReadonlySet<PromiseOfDomain> = new Set(['dane', 'both', 'keep'])
export const withPolicy: ReadonlySet<PromiseOfDomain> = new Set(['sts', 'both'])

/** Attacks in front of the mail host. */
export const interceptions = [
  'strip',
  'refuse',
  'deny',
  'no-ehlo',
  'self-signed',
  'other-ca',
  'expired',
  'other-name',
  'other-key',
  'inject',
  'cut',
] as const
/** Attacks between unbound and nsd. */
type Forged =
  | 'forged-mx'
  | 'denied-mx'
  | 'forged-a'
  | 'forged-tlsa'
  | 'altered-tlsa'
  | 'denied-tlsa'
  | 'denied-policy'
  | 'forged-policy'
export type Intercepted = (typeof interceptions)[number]
export type AttackName = Intercepted | Forged

/** A certificate of the right name by the right authority is beyond what MTA-STS and `secure` can distinguish from the host's own. */
const intercepted: readonly (readonly [PromiseOfDomain, AttackName])[] = promises.flatMap((promise) =>
  interceptions
    .filter((attack) => attack !== 'other-key' || signed.has(promise))
    .map((attack) => [promise, attack] as const),
)
const forged: readonly (readonly [PromiseOfDomain, AttackName])[] = [
  ...(['forged-mx', 'denied-mx', 'forged-a', 'forged-tlsa', 'altered-tlsa', 'denied-tlsa'] as const).map(
    (attack) => ['dane', attack] as const,
  ),
  ['both', 'forged-mx'],
  ['both', 'denied-tlsa'],
  ['keep', 'forged-a'],
  ['keep', 'denied-tlsa'],
  ...(['forged-mx', 'forged-a', 'denied-policy', 'forged-policy'] as const).map((attack) => ['sts', attack] as const),
]

export interface Cell {
  readonly promise: PromiseOfDomain
  readonly attack: AttackName
  /** `attack.promise`. */
  readonly label: string
  readonly domain: string
}

/** How a message comes to the node that sends it to the internet. */
export const kinds = ['user', 'machine', 'forward', 'dsn', 'bounce'] as const
export type Kind = (typeof kinds)[number]

export const cells: readonly Cell[] = [...intercepted, ...forged].map(([promise, attack]) => {
  const label = `${attack}.${promise}`
  return { promise, attack, label, domain: `${label}.${signed.has(promise) ? 'signed' : 'plain'}.test` }
})

export const isIntercepted = (attack: AttackName): attack is Intercepted =>
  (interceptions as readonly string[]).includes(attack)

export const hostOf = ({ domain }: Cell) => `mx.${domain}`
