// Whom failed logins concerned, as evidence for a ban: the accounts that a client tried, and the clients that tried an account.

export interface FailedLogin {
  readonly address: string
  readonly network: string
  readonly account: string
}

export interface FailureNotes {
  add(login: FailedLogin): void
  /** The accounts of an address or network, or the addresses of an account; the first ones, and how many others there were. */
  of(subject: { readonly kind: keyof FailedLogin; readonly value: string }): {
    readonly named: readonly string[]
    readonly others: number
  }
}

/** Names in one line of the log. */
const MOST_NAMED = 5
/** Beyond it others are not distinguished, so that a guesser of names does not fill the memory. */
const MOST_OTHERS = 50
/** Clients, sites and accounts; those noted longest ago are dropped. Some ten megabytes. */
const MOST_SUBJECTS = 5000

export function createFailureNotes(): FailureNotes {
  const notes = new Map<string, Set<string>>()
  const note = (kind: keyof FailedLogin, value: string, other: string) => {
    const key = `${kind} ${value}`
    const others = notes.get(key) ?? new Set()
    notes.delete(key)
    notes.set(key, others)
    if (others.size < MOST_NAMED + MOST_OTHERS) others.add(other)
    const [oldest] = notes.keys()
    if (notes.size > MOST_SUBJECTS && oldest !== undefined) notes.delete(oldest)
  }
  return {
    add: ({ address, network, account }) => {
      note('address', address, account)
      note('network', network, account)
      note('account', account, address)
    },
    of: ({ kind, value }) => {
      const all = [...(notes.get(`${kind} ${value}`) ?? [])]
      return { named: all.slice(0, MOST_NAMED), others: Math.max(0, all.length - MOST_NAMED) }
    },
  }
}
