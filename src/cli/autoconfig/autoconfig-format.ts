// The formats of `waypost autoconfig print`.

export const formats = ['records', 'thunderbird', 'outlook', 'apple', 'page'] as const
export type AutoconfigFormat = (typeof formats)[number]
