import { testAttack } from './test-attack.ts'
import { virusScans } from './virus-scans.ts'

testAttack(virusScans)
