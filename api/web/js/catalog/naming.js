// From what files and people call a product to its id and name.

/** An id as the catalog wants it: letters, digits, dots, dashes and underscores. */
export function productIdOf(text) {
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').replaceAll('ß', 'ss')
  return plain.trim().toLowerCase().replace(/[^a-z0-9._-]+/g, '-').replace(/^[^a-z0-9]+|-+$/g, '').slice(0, 128)
}

/** A name from a file's: `oat_milk-2.jpg` is Oat milk. */
export function nameOf(fileName) {
  const stem = fileName.replace(/\.[^.]+$/, '').replace(/[-_ .]*\(?\d{1,3}\)?$/, '').replace(/[-_.]+/g, ' ').trim()
  return stem ? stem.charAt(0).toUpperCase() + stem.slice(1) : ''
}

/** An attribute as it is written: a number, several values parted by semicolons, or a text. */
export function valueOf(text) {
  const value = text.trim()
  if (value.includes(';')) return value.split(';').map(one => one.trim()).filter(Boolean)
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(value) ? Number(value) : value
}

/** The same value for a person to edit. */
export const writtenOf = value => (Array.isArray(value) ? value.join('; ') + (value.length < 2 ? ';' : '') : String(value))
