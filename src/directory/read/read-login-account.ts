// Refuses `loginAccount` beside the targets of a list unless it stores nothing: Waypost has no mailboxes, and routing data no passwords.
// The value is never printed.

import { describeLocated } from '../located.ts'
import type { LocatedEntry } from '../located.ts'
import type { SnapshotBuilder } from './snapshot-builder.ts'

const passwordAdvice = 'routing data hold no passwords: add the login to the passwd-file of "users:" (waypost passwd)'

/** Accepts an account without mailbox and password. */
export function readLoginAccount(builder: SnapshotBuilder, account: LocatedEntry): void {
  const { value } = account
  if (value.kind !== 'map') {
    if (value.kind === 'list' || value.value !== null)
      builder.problems.error(value.place, `"loginAccount": expected a record, found ${kindOf(account)}`)
    return
  }
  for (const { key, place, value: field } of value.entries) {
    if (/password/i.test(key)) builder.problems.error(place, `"loginAccount.${key}": ${passwordAdvice}`)
    else if (key !== 'storeEmail') {
      builder.problems.error(place, `unknown key "loginAccount.${key}": expected storeEmail: false`)
    } else if (field.kind !== 'scalar' || field.value !== false) {
      builder.problems.error(
        field.place,
        `"loginAccount.${key}": expected false, because Waypost has no mailboxes; use a transport`,
      )
    }
  }
}

/** The type of a value; never the value, which may be a password. */
function kindOf({ value }: LocatedEntry): string {
  return value.kind === 'scalar' ? 'a text' : describeLocated(value)
}
