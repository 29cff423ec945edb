import { silentLists } from './silent-lists.ts'
import { testAttack } from './test-attack.ts'

testAttack(silentLists)
