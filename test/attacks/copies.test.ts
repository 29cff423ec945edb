import { copies } from './copies.ts'
import { testAttack } from './test-attack.ts'

testAttack(copies)
