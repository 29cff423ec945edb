import { droppedMessages } from './dropped-messages.ts'
import { testAttack } from './test-attack.ts'

testAttack(droppedMessages)
