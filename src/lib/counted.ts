/** `1 message`, `2 messages`. @param noun an English one whose plural ends in s */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
