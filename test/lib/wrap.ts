/** Prose for a page of docs: lines of at most 100 columns. */
export function wrap(text: string): string {
  return text.replaceAll(/(?=\S)(.{1,100})(?:\s+|$)/g, '$1\n').trimEnd()
}
