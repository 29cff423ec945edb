import { greylistEntries } from './greylist-entries.ts'
import { testAttack } from './test-attack.ts'

testAttack(greylistEntries)
