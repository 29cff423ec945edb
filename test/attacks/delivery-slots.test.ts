import { deliverySlots } from './delivery-slots.ts'
import { testAttack } from './test-attack.ts'

testAttack(deliverySlots)
