// How often each person has changed the password at this node. A source that checks passwords itself does not show that one has changed, so
// sessions that such a check opened are ended by this count.

export interface PasswordChanges {
  /** Changes since the start of the node. */
  count(identity: string): number
  /** The password of the person is another one from now on. */
  changed(identity: string): void
}

/** It grows by one small entry for each person who changes the password, so by the people of the organisation at most. */
export function createPasswordChanges(): PasswordChanges {
  const counts = new Map<string, number>()
  const count = (identity: string) => counts.get(identity) ?? 0
  return { count, changed: (identity) => void counts.set(identity, count(identity) + 1) }
}
