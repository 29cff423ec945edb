// The snapshots of one source on disk: the last ten versions, the node's state, an operator's orders. Files are replaced atomically and,
// because they hold password hashes, readable by the owner only. One node writes; commands write only the orders.

import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { makeDirectory } from '../../lib/make-directory.ts'
import { readRegularFile } from '../../lib/read-regular-file.ts'
import { replaceFile } from '../../lib/replace-file.ts'
import { parseSnapshot, printSnapshot } from './snapshot-file.ts'
import type { ReadSnapshot, StoredSnapshot } from './snapshot-file.ts'

/** The state of a mirror, for commands and for the next start. */
export interface MirrorState {
  /** The version in use, or null. */
  readonly version: number | null
  /** When the source last confirmed the version in use, unix milliseconds; null if never. */
  readonly confirmedAt: number | null
  /** Why the last reading failed; null if it succeeded. */
  readonly failure: { readonly kind: 'refused' | 'unavailable'; readonly cause: string } | null
  /** Failed readings in a row. */
  readonly failures: number
  /** Unix milliseconds of the first of them; null after a success. */
  readonly failingSince: number | null
  /** The last `accept` order that was executed. */
  readonly acceptedOrder: number
}

/** The state before the first reading. */
export const NO_STATE: MirrorState = {
  version: null,
  confirmedAt: null,
  failure: null,
  failures: 0,
  failingSince: null,
  acceptedOrder: 0,
}

/** Orders of an operator to the node. Numbers are the times of the orders in unix milliseconds; 0 for never. */
export interface Orders {
  /** Answer from this version only; null to follow the source. */
  readonly pinned: number | null
  /** Accept the source's next whole answer even if it shrank. */
  readonly accept: number
  /** Read the source now. */
  readonly refresh: number
}

export interface SnapshotStore {
  /** Version numbers, newest first. */
  versions(): Promise<readonly number[]>
  read(version: number): Promise<ReadSnapshot>
  /** The last refused answer, for `diff`; null if an answer was accepted since. */
  readRefused(): Promise<StoredSnapshot | null>
  /** Writes a version and deletes all but the last ten and `keep`. */
  write(snapshot: StoredSnapshot, keep: number | null): Promise<void>
  writeRefused(snapshot: StoredSnapshot | null): Promise<void>
  readState(): Promise<MirrorState | null>
  writeState(state: MirrorState): Promise<void>
  readOrders(): Promise<Orders>
  writeOrders(orders: Orders): Promise<void>
}

/** With a change every few minutes, an operator still has an hour to notice a mistake. */
export const KEPT_VERSIONS = 10

const NO_ORDERS: Orders = { pinned: null, accept: 0, refresh: 0 }
const REFUSED = 'refused.snapshot'
const STATE = 'state.json'
const ORDERS = 'orders.json'

/** The directory is created by the first write. */
export function openSnapshotStore(directory: string): SnapshotStore {
  const read = (name: string) => readSnapshot(join(directory, name))
  const put = async (name: string, text: string) => {
    makeDirectory(directory)
    await replaceFile(join(directory, name), text)
  }
  const versions = () => listVersions(directory)
  return {
    versions,
    read: (version) => read(fileName(version)),
    readRefused: async () => {
      const found = await read(REFUSED)
      return found.kind === 'read' ? found.snapshot : null
    },
    write: async (snapshot, keep) => {
      await put(fileName(snapshot.header.version), printSnapshot(snapshot))
      const old = (await versions()).slice(KEPT_VERSIONS).filter((version) => version !== keep)
      await Promise.all(old.map((version) => rm(join(directory, fileName(version)), { force: true })))
    },
    writeRefused: (snapshot) =>
      snapshot ? put(REFUSED, printSnapshot(snapshot)) : rm(join(directory, REFUSED), { force: true }),
    readState: () => readJson<MirrorState>(join(directory, STATE)),
    writeState: (state) => put(STATE, `${JSON.stringify(state)}\n`),
    readOrders: async () => ({ ...NO_ORDERS, ...(await readJson<Partial<Orders>>(join(directory, ORDERS))) }),
    writeOrders: (orders) => put(ORDERS, `${JSON.stringify(orders)}\n`),
  }
}

function fileName(version: number): string {
  return `${String(version).padStart(10, '0')}.snapshot`
}

async function listVersions(directory: string): Promise<readonly number[]> {
  const names = await readdir(directory).catch((): string[] => [])
  return names
    .flatMap((name) => /^(\d{10,})\.snapshot$/.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => b - a)
}

async function readSnapshot(file: string): Promise<ReadSnapshot> {
  try {
    return parseSnapshot(await readRegularFile(file))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return { kind: 'bad', cause: code === 'ENOENT' ? 'no such version' : message }
  }
}

/** Null for a file that is absent or damaged; state and orders can be lost. */
async function readJson<T>(file: string): Promise<T | null> {
  try {
    return JSON.parse(await readRegularFile(file)) as T
  } catch {
    return null
  }
}
