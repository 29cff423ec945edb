// What makes one hash cost more time than another: the scheme and its parameters.

import type { StoredPassword } from './stored-password.ts'

const shaParameters = /^\$[56]\$(?:rounds=\d+\$)?/

/** The same text for two stored passwords whose checks take the same time. */
export function costOf(stored: StoredPassword): string {
  switch (stored.kind) {
    case 'bcrypt':
      // `$2y$12$…`: the letter does not matter.
      return `bcrypt ${stored.hash.slice(4, 6)}`
    case 'sha-crypt':
      return shaParameters.exec(stored.hash)?.[0] ?? stored.kind
    case 'argon2': {
      const { algorithm, memory, passes, parallelism } = stored.value
      return [algorithm, memory, passes, parallelism].join(' ')
    }
    case 'pbkdf2':
      return `pbkdf2 ${stored.value.rounds}`
    case 'scram':
      return `scram ${stored.algorithm} ${stored.value.rounds}`
    case 'md5-crypt':
    case 'digest':
    case 'plain':
      return stored.scheme
  }
}
