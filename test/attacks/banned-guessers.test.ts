import { bannedGuessers } from './banned-guessers.ts'
import { testAttack } from './test-attack.ts'

testAttack(bannedGuessers)
