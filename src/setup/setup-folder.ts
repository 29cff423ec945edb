// The folder that setup writes: the fleet file, what several nodes share, the private authority, and one folder for each node.

/** Paths below the folder. */
export const setupFiles = {
  fleet: 'fleet.yaml',
  checkList: 'CHECKLIST.md',
  zone: 'dns.zone',
  record: '.waypost-setup.json',
  authority: 'authority/ca.pem',
  authorityKey: 'authority/ca.key',
  shared: 'shared',
  dkim: 'shared/dkim',
} as const

/** How the nodes run on their hosts. */
export const runners = ['systemd', 'docker', 'podman'] as const
export type Runner = (typeof runners)[number]

/** The first person: the user who logs in, and the mailbox elsewhere. */
export interface Person {
  /** Local part of the address, and user name. */
  readonly name: string
  readonly forward: string
}

/** A node of the answers. */
export interface NewNode {
  readonly name: string
  readonly role: string
  readonly addresses: readonly string[]
}
