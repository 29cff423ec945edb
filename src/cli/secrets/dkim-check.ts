// waypost dkim check and rotate: compares the keys with the DNS, and moves them to their next stage.

import { keyRecord } from '../../dkim/key-record.ts'
import { saveStage } from '../../dkim/key-store.ts'
import { checkRecord, planRotation } from '../../dkim/rotation.ts'
import { FAILED, type Io, OK, USAGE } from '../io.ts'
import { describeKey, type DkimOptions, keysAndResolver, print } from './dkim-keys.ts'

/** Compares the records with the DNS. Exit code 1 if the record of an active key is not published. */
export async function dkimCheck(options: DkimOptions & { readonly dns?: string }, io: Io): Promise<number> {
  const found = await keysAndResolver(options, io)
  if (found === null) return USAGE
  const { keys, resolver } = found
  const checked = await Promise.all(keys.map(async (key) => ({ key, record: await checkRecord(key, resolver) })))
  print(options, io, {
    data: checked.map(({ key, record }) => ({ ...describeKey(key), dns: record })),
    lines: checked.map(({ key, record }) => `${keyRecord(key).name}\t${key.stage}\t${record}`),
  })
  return checked.some(({ key, record }) => key.stage === 'active' && record !== 'published') ? FAILED : OK
}

/** Moves each key to its next stage if the DNS allows it. Running nodes use the change after a reload. */
export async function dkimRotate(
  options: DkimOptions & {
    readonly dns?: string
    readonly now: number
    /** Time that a new record must be published before its key signs; the default lets negative caches expire. */
    readonly waitMs?: number
  },
  io: Io,
): Promise<number> {
  const found = await keysAndResolver(options, io)
  if (found === null) return USAGE
  const { keys, resolver } = found
  const steps = await planRotation(keys, { ...options, resolver })
  for (const { key, to } of steps) if (to !== key.stage) await saveStage(key, to, options.now)
  return print(options, io, {
    data: steps.map(({ key, to, reason }) => ({ ...describeKey(key), stage: to, from: key.stage, reason })),
    lines: steps.map(({ key, to, reason }) => {
      const move = to === key.stage ? key.stage : `${key.stage} -> ${to}`
      return `${key.domain}\t${key.selector}\t${move}\t${reason}`
    }),
  })
}
