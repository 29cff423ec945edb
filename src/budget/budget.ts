// What a budget is: a capacity, shares, and a temporary answer. The table of all budgets is budget-table.ts.

/**
 * For whom or what a unit is taken, most important first. A ceiling keeps part of a pool free for what comes before. `known`: another party
 * that was seen to work lately, such as a destination that accepted mail.
 */
export const purposes = ['delivery', 'fleet', 'known', 'people', 'internet', 'optional'] as const
export type Purpose = (typeof purposes)[number]

interface Described {
  /** One sentence for the page: what one unit is. */
  readonly holds: string
  /** What is answered, or happens, at the limit. Never a permanent refusal. */
  readonly answer: string
  /** Why the numbers are these. */
  readonly reason: string
}

/** Units that are held for a time, such as sessions. */
export interface PoolBudget extends Described {
  readonly kind: 'pool'
  /** What a unit is, if not one holder's place. */
  readonly unit?: 'octets'
  /** Units that all holders together can have. */
  readonly capacity: number
  /** The YAML key that changes the capacity. */
  readonly key?: string
  /** Units that one IPv4 address or IPv6 /64 can have. */
  readonly client?: number
  /** The YAML key that changes the share of a client. */
  readonly clientKey?: string
  /** Units that one IPv4 /24 or IPv6 /48 can have. */
  readonly network?: number
  /** Units that one account can have. */
  readonly account?: number
  /** Units that one lease can have, such as that of a mail transaction. */
  readonly transaction?: number
  /** Units that one DNS zone can have. */
  readonly zone?: number
  /** Part of the capacity, 0 to 1, above which a purpose gets no more units; 1 if absent. */
  readonly ceilings?: Partial<Readonly<Record<Purpose, number>>>
  /** Part of the capacity, 0 to 1, that all holders of a purpose together can have; 1 if absent. */
  readonly portions?: Partial<Readonly<Record<Purpose, number>>>
  /** What finds no place waits in a queue of its kind, so that a full pool is no matter of health. */
  readonly waits?: true
}

/** Units that are used up and come back with time, such as wrong guesses: the count of each key halves in `halfLifeMs`. */
export interface RateBudget extends Described {
  readonly kind: 'rate'
  /** What is counted separately, such as "a client network". */
  readonly per: string
  /** Units that one key can have. */
  readonly capacity: number
  /** What a unit is, if not one event. */
  readonly unit?: 'octets'
  /** The YAML key that changes the capacity. */
  readonly key?: string
  readonly halfLifeMs: number
  /** Keys that are remembered. Beyond it, those with the lowest counts are forgotten. */
  readonly keys: number
}

export type Budget = PoolBudget | RateBudget

export type Budgeted = Readonly<Record<string, Budget>>
