// One file of state in a running node: its operations, typed, and whether it can be used.

import type { SetAside, StateChannel, StateKind, StateSpec, StateTables } from './state-messages.ts'

export interface StateFile<Table> {
  /** Each runs when the ones before it are done. Null if the file cannot be used; what is answered is committed. */
  readonly ask: Asked<Table>
  /** Why the file cannot be used; null while it can, and before it is needed. */
  readonly problem: string | null
  /** Closes it after the operations that run. */
  close(): Promise<void>
}

/** The operations of a table, which runs in another thread. */
type Asked<Table> = {
  readonly [Name in keyof Table]: Table[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Result | null>
    : never
}

export interface StateFilePorts {
  readonly channel: StateChannel
  /** Called when the file cannot be used, and with null when it can be used again. */
  readonly changed: (problem: string | null) => void
  readonly setAside: (file: SetAside) => void
}

export function openStateClient<Kind extends StateKind>(
  spec: StateSpec & { readonly kind: Kind },
  { channel, changed, setAside }: StateFilePorts,
): StateFile<StateTables[Kind]> {
  const file = channel.add(spec, setAside)
  let problem: string | null = null
  let isClosed = false
  const report = (found: string | null) => {
    const isChange = (found === null) !== (problem === null)
    problem = found
    if (isChange) changed(found)
  }
  const run = async (operation: string, args: readonly unknown[]): Promise<unknown> => {
    if (isClosed) return null
    const outcome = await channel.ask(file, operation, args)
    report(outcome.kind === 'done' ? null : outcome.cause)
    return outcome.kind === 'done' ? outcome.value : null
  }
  return {
    get problem() {
      return problem
    },
    // The channel carries what the table of this kind has answered.
    ask: operationsOf(run) as Asked<StateTables[Kind]>,
    close: async () => {
      isClosed = true
      await channel.remove(file)
    },
  }
}

type Operations = Record<string, (...args: readonly unknown[]) => Promise<unknown>>

/** An object that has an operation of any name. */
function operationsOf(run: (operation: string, args: readonly unknown[]) => Promise<unknown>): Operations {
  return new Proxy<Operations>(
    {},
    { get: (made, name: string) => (made[name] ??= (...args: readonly unknown[]) => run(name, args)) },
  )
}
