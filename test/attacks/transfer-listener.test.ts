import { testAttack } from './test-attack.ts'
import { transferListener } from './transfer-listener.ts'

testAttack(transferListener)
