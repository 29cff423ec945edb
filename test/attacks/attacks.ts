// All attacks, in the order of the table.

import type { Attack } from './attack.ts'
import { commandFlood } from './command-flood.ts'
import { copies } from './copies.ts'
import { passwordGuesses } from './password-guesses.ts'
import { unfinishedBodies } from './unfinished-bodies.ts'

export const attacks: readonly Attack[] = [commandFlood, unfinishedBodies, copies, passwordGuesses]
