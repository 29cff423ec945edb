import { harvesting } from './harvesting.ts'
import { testAttack } from './test-attack.ts'

testAttack(harvesting)
