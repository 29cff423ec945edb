import { passwordGuesses } from './password-guesses.ts'
import { testAttack } from './test-attack.ts'

testAttack(passwordGuesses)
