const ADDRESS = /<?[^\s<>@]+@[^\s<>@]+>?/g

/** The text with `…` in place of each mail address: for outputs that show a reply of a remote host, and not whose mail it was about. */
export function withoutAddresses(text: string): string {
  return text.replace(ADDRESS, '…')
}
