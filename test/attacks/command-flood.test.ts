import { commandFlood } from './command-flood.ts'
import { testAttack } from './test-attack.ts'

testAttack(commandFlood)
