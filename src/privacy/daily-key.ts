// The key of the hashes that replace personal data. It changes at midnight UTC, and the file that keeps it over restarts is overwritten in
// place: hashes of one day can be compared, those of different days cannot, and no guess can be tested after the day (RFC 2104).

import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Clock, Timer } from '../lib/clock.ts'
import { errorText, type Log } from '../lib/log.ts'
import type { Random } from '../lib/random.ts'

export interface DailyKey {
  /** The key of this moment. */
  current(): Buffer
  /** Continues with the key of the file if it is of today; writes the file else. Never rejects: without a file, hashes change with a restart. */
  keepIn(path: string): Promise<void>
  /** Stops the change at midnight; resolves when the file is written. */
  close(): Promise<void>
}

export interface DailyKeyPorts {
  readonly clock: Pick<Clock, 'now' | 'every'>
  readonly random: Random
  readonly log: Pick<Log, 'warn'>
}

const DAY_MS = 86_400_000
/** As long as the output of SHA-256, the least that RFC 2104 section 3 advises. */
const KEY_BYTES = 32
/** The old key is destroyed so soon after midnight also if nothing is hashed. */
const LOOK_MS = 60_000

export function createDailyKey({ clock, random, log }: DailyKeyPorts): DailyKey {
  let day = dayOf(clock.now())
  let key = random(KEY_BYTES)
  let path: string | null = null
  let writing: Promise<void> = Promise.resolve()
  const write = (to: string) => {
    const text = textOf(day, key)
    writing = writing
      .then(() => overwrite(to, text))
      .catch((error: unknown) => log.warn({ file: to, cause: errorText(error) }, 'the key of hashes cannot be stored'))
  }
  const current = () => {
    const today = dayOf(clock.now())
    if (today !== day) {
      key.fill(0)
      key = random(KEY_BYTES)
      day = today
      if (path !== null) write(path)
    }
    return key
  }
  let timer: Timer | null = clock.every(LOOK_MS, () => void current())
  return {
    current,
    keepIn: async (file) => {
      const found = await readDailyKey(file, clock.now()).catch(() => null)
      path = file
      if (found !== null && dayOf(clock.now()) === day) key = found
      else write(file)
      await writing
    },
    close: async () => {
      timer?.cancel()
      timer = null
      await writing
    },
  }
}

/** The key of the file at `now`, unix milliseconds; null without one of that day. Rejects with the error of the file system. */
export async function readDailyKey(path: string, now: number): Promise<Buffer | null> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch(absentIsNull)
  if (handle === null) return null
  try {
    const [, day, key] = /^(\d{1,9}) +([0-9a-f]{64})\n/.exec(await handle.readFile('latin1')) ?? []
    return day === undefined || key === undefined || Number(day) !== dayOf(now) ? null : Buffer.from(key, 'hex')
  } finally {
    await handle.close()
  }
}

/** Destroys what a file holds; nothing without a file. Rejects with the error of the file system. */
export async function destroyDailyKey(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(absentIsNull)
  if (handle !== null) await fill(handle, textOf(0, Buffer.alloc(KEY_BYTES)))
}

/** Writes over the old octets, which a new file would leave on the disk. Half a write is no key, and the next start makes a new one. */
async function overwrite(path: string, text: string): Promise<void> {
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW
  await fill(await open(path, flags, 0o600), text)
}

async function fill(handle: FileHandle, text: string): Promise<void> {
  try {
    await handle.chmod(0o600)
    await handle.write(text, 0)
    await handle.truncate(text.length)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** Of one length for all days, so that a new text covers the old one. */
function textOf(day: number, key: Buffer): string {
  return `${String(day).padEnd(9)} ${key.toString('hex')}\n`
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS)
}

function absentIsNull(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null
  throw error
}
