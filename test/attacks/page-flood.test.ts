import { pageFlood } from './page-flood.ts'
import { testAttack } from './test-attack.ts'

testAttack(pageFlood)
