import { testAttack } from './test-attack.ts'
import { verificationAttack } from './verification.ts'

testAttack(verificationAttack)
