// The actions of the status page and their names.

export const actions = [
  'hold',
  'release',
  'retry',
  'bounce',
  'suspend',
  'resume',
  'account-hold',
  'account-release',
  'ban',
  'unban',
] as const
export type Action = (typeof actions)[number]

export const actionWords: Readonly<Record<Action, string>> = {
  hold: 'Hold',
  release: 'Release',
  retry: 'Retry now',
  bounce: 'Bounce',
  suspend: 'Suspend',
  resume: 'Resume',
  'account-hold': 'Put on hold',
  'account-release': 'Release',
  ban: 'Ban',
  unban: 'End the ban',
}
