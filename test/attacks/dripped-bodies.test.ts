import { drippedBodies } from './dripped-bodies.ts'
import { testAttack } from './test-attack.ts'

testAttack(drippedBodies)
