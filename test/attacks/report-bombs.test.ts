import { reportBombs } from './report-bombs.ts'
import { testAttack } from './test-attack.ts'

testAttack(reportBombs)
