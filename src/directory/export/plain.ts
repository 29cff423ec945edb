// The plain values of an export.

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [key: string]: Plain }
